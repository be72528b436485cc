"""ONNX Runtime on its CPU provider: all graph optimizations, spinning threads, arrays bound once.

python onnxruntime_peer.py resnet50-infer
"""

from __future__ import annotations

import argparse

import common
import numpy as np
import onnxruntime
from onnx_models import MODELS

SETTINGS = ("float32",)
WORKS = ("mnist-infer", "resnet50-infer")
PACKAGES = ("onnxruntime", "onnx", "numpy")


def session(given: argparse.Namespace, batch: int) -> onnxruntime.InferenceSession:
    """The network with a fixed batch, optimized."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads, options.inter_op_num_threads = given.threads, 1
    model = MODELS[given.name](batch).SerializeToString()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def main() -> None:
    """Measure answers."""
    given = common.arguments("onnxruntime", SETTINGS, WORKS)
    for size in common.batches(given):
        x, _ = common.examples(given, size)
        runner = session(given, size)
        binding = runner.io_binding()
        binding.bind_cpu_input("x", np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
        binding.bind_output(runner.get_outputs()[0].name)
        span = common.seconds(given, 0.5)
        call = lambda runner=runner, binding=binding: runner.run_with_iobinding(binding)  # noqa: E731
        times = common.time_calls(call, common.samples(given, 7), span)
        common.tell(given, times, (size, *x.shape[1:]), "float32", PACKAGES, batch=size)


if __name__ == "__main__":
    main()
