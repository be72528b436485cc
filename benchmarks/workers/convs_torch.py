"""Answers [[n, h, ci, co, k, s], "fwd" | "dw" | "dx"] with how long torch's takes; argument: channels_last or not."""

import json
import os
import sys
from functools import cache
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from _clock import measure

FORMAT = torch.channels_last if "channels_last" in sys.argv else torch.contiguous_format
torch.set_num_threads(int(os.environ.get("STRIATE_THREADS", 0)) or len(os.sched_getaffinity(0)))


@cache
def calls(shape: tuple[int, ...]) -> dict[str, object]:
    n, h, ci, co, k, s = shape
    x = torch.randn(n, ci, h, h).to(memory_format=FORMAT)
    kernel, bias = torch.randn(co, ci, k, k).to(memory_format=FORMAT), torch.randn(co)
    dy = torch.randn_like(torch.nn.functional.conv2d(x, kernel, bias, s, k // 2))

    def backward(mask: list[bool]) -> object:
        numbers = [s, s], [k // 2, k // 2], [1, 1], False, [0, 0], 1
        return torch.ops.aten.convolution_backward(dy, x, kernel, [co], *numbers, mask)

    return {
        "fwd": lambda: torch.nn.functional.conv2d(x, kernel, bias, s, k // 2),
        "dw": lambda: backward([False, True, True]),
        "dx": lambda: backward([True, False, False]),
    }


with torch.no_grad():
    for line in sys.stdin:
        shape, work = json.loads(line)
        print(json.dumps(measure(calls(tuple(shape))[work])), flush=True)
