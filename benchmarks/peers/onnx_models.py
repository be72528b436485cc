"""The networks of the benchmark as ONNX graphs with random weights, NCHW as the format has it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Nodes and weights, one behind the other.

    Args:
        image: (C, H, W) of an example. batch: how many of them.
    """

    def __init__(self, image: tuple[int, int, int], batch: int) -> None:
        self.shape, self.channels = (batch, *image), image[0]
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.rng = np.random.default_rng(0)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node; its output's name."""
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, array: Any) -> str:
        """A constant; its name."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def drawn(self, *shape: int) -> str:
        """A kernel (F, ...) by He's rule."""
        return self.weight(self.rng.normal(0, math.sqrt(2 / math.prod(shape[1:])), shape))

    def conv(
        self,
        x: str,
        channels: int,
        filters: int,
        size: int,
        strides: int = 1,
        pad: int = 0,
        bias: bool = True,
    ) -> str:
        """A convolution."""
        weights = [self.drawn(filters, channels, size, size)] + [self.weight(np.zeros(filters))] * bias
        return self.add("Conv", x, *weights, kernel_shape=[size] * 2, strides=[strides] * 2, pads=[pad] * 4)

    def normed(self, x: str, channels: int, filters: int, size: int, strides: int = 1) -> str:
        """A convolution and its batch norm."""
        x = self.conv(x, channels, filters, size, strides, size // 2, bias=False)
        (gamma, variance), (beta, mean) = (
            self.rng.uniform(0.5, 1.5, (2, filters)),
            self.rng.normal(0, 0.1, (2, filters)),
        )
        weights = map(self.weight, (gamma, beta, mean, variance))
        return self.add("BatchNormalization", x, *weights, epsilon=1e-5)

    def dense(self, x: str, inputs: int, units: int) -> str:
        """A dense layer."""
        return self.add("Gemm", x, self.drawn(units, inputs), self.weight(np.zeros(units)), transB=1)

    def model(self, output: str, classes: int) -> onnx.ModelProto:
        """The whole graph, checked."""
        kind = TensorProto.FLOAT
        begin = helper.make_tensor_value_info("x", kind, self.shape)
        end = helper.make_tensor_value_info(output, kind, (self.shape[0], classes))
        graph = helper.make_graph(self.nodes, "network", [begin], [end], self.weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(made)
        return made


def mnist(batch: int) -> onnx.ModelProto:
    """32-pool-64-pool-64, dense 64, dense 10: 93,322 weights."""
    graph = Graph((1, 28, 28), batch)
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    x = graph.add("MaxPool", graph.add("Relu", graph.conv("x", 1, 32, 3)), **pool)
    x = graph.add("MaxPool", graph.add("Relu", graph.conv(x, 32, 64, 3)), **pool)
    x = graph.add("Flatten", graph.add("Relu", graph.conv(x, 64, 64, 3)))
    x = graph.add("Relu", graph.dense(x, 576, 64))
    return graph.model(graph.add("Softmax", graph.dense(x, 64, 10)), 10)


def resnet50(batch: int) -> onnx.ModelProto:
    """ResNet-50 of version 1.5: 25,557,032 trainable weights; batch norms are left for the engine to fold."""
    graph, channels = Graph((3, 224, 224), batch), 64
    x = graph.add("Relu", graph.normed("x", 3, 64, 7, 2))
    x = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for index in range(blocks):
            filters, strides = 64 << stage, 2 if stage > 0 and index == 0 else 1
            y = graph.add("Relu", graph.normed(x, channels, filters, 1))
            y = graph.add("Relu", graph.normed(y, filters, filters, 3, strides))
            y = graph.normed(y, filters, 4 * filters, 1)
            x = graph.normed(x, channels, 4 * filters, 1, strides) if index == 0 else x
            x, channels = graph.add("Relu", graph.add("Add", x, y)), 4 * filters
    x = graph.add("Flatten", graph.add("GlobalAveragePool", x))
    return graph.model(graph.add("Softmax", graph.dense(x, 2048, 1000)), 1000)


MODELS = {"mnist": mnist, "resnet50": resnet50}
