"""OpenVINO on its CPU plug-in: the latency hint, one stream over all threads, float32 or bfloat16.

    python openvino_peer.py resnet50-infer --setting bf16

Where a processor has bfloat16, OpenVINO computes in it unless told otherwise: the precision is always told.
"""

from __future__ import annotations

import argparse
from functools import partial

import common
import numpy as np
import openvino
from onnx_models import MODELS

SETTINGS = ("float32", "bf16")
WORKS = ("mnist-infer", "resnet50-infer")
PACKAGES = ("openvino", "onnx", "numpy")


def request(given: argparse.Namespace, batch: int) -> openvino.InferRequest:
    """The network with a fixed batch, compiled."""
    core = openvino.Core()
    model = core.read_model(MODELS[given.name](batch).SerializeToString())
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": given.threads,
        "NUM_STREAMS": "1",
        "INFERENCE_PRECISION_HINT": "bf16" if given.setting == "bf16" else "f32",
    }
    return core.compile_model(model, "CPU", options).create_infer_request()


def main() -> None:
    """Measure answers."""
    given = common.arguments("openvino", SETTINGS, WORKS)
    for size in common.batches(given):
        x, _ = common.examples(given, size)
        runner = request(given, size)
        runner.set_input_tensor(openvino.Tensor(np.ascontiguousarray(x.transpose(0, 3, 1, 2))))
        call = partial(runner.infer, share_outputs=True)
        times = common.time_calls(call, common.samples(given, 7), common.seconds(given, 0.5))
        precision = "bfloat16" if given.setting == "bf16" else "float32"
        common.tell(given, times, (size, *x.shape[1:]), precision, PACKAGES, batch=size)


if __name__ == "__main__":
    main()
