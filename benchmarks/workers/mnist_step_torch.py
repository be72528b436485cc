"""Answers anything with the time of one of torch's steps of mnist-convnet; arguments: channels_last bf16."""

import json
import os
import sys
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))
from _clock import measure

torch.set_num_threads(int(os.environ.get("STRIATE_THREADS", 0)) or len(os.sched_getaffinity(0)))
FORMAT = torch.channels_last if "channels_last" in sys.argv else torch.contiguous_format
body = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)]
model = nn.Sequential(*body, nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10)).to(memory_format=FORMAT)
x, y = torch.randn(256, 1, 28, 28).to(memory_format=FORMAT), torch.randint(0, 10, (256,))
rule, loss = torch.optim.RMSprop(model.parameters(), 1e-3, alpha=0.9), nn.CrossEntropyLoss()


def once() -> None:
    rule.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in sys.argv):
        error = loss(model(x), y)
    error.backward()
    rule.step()


for _ in sys.stdin:
    print(json.dumps(measure(once, 1.0)), flush=True)
