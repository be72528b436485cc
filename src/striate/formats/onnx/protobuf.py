"""From nodes and constants to the message that ONNX files hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from striate.errors import Problem, StriateError
from striate.formats.onnx.building import Builder, NodeText
from striate.layers._base import Shape
from striate.network import Network

IR_VERSION = 8
"""The version of the file format that belongs to operators of the years of opset 18."""

_BATCH = "N"


def as_model(
    onnx: Any,
    build: Builder,
    network: Network,
    outputs: Sequence[str],
    metadata: Mapping[str, str],
    opset: int,
    pixels: bool,
) -> Any:
    """The whole model.

    Args:
        onnx: the package. build: what was collected. network: for names and shapes.
        outputs: names of what the graph gives back. metadata: texts to keep. opset: of the operators.
        pixels: whether the inputs are uint8.
    """
    helper, kinds = onnx.helper, onnx.TensorProto
    shapes = network.program.shapes
    kind = kinds.UINT8 if pixels else kinds.FLOAT
    begins = [_open(helper, spec.name, kind, shapes[spec.name] or ()) for spec in network.inputs]
    ends = [
        _open(helper, name, kinds.FLOAT, shape)
        for name, shape in zip(outputs, network.output_shapes, strict=True)
    ]
    nodes = [_node(helper, node) for node in build.nodes]
    constants = [onnx.numpy_helper.from_array(array, name) for name, array in build.constants.items()]
    graph = helper.make_graph(nodes, network.name or "network", begins, ends, constants)
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(
        graph, opset_imports=opsets, producer_name="striate", producer_version=version("striate")
    )
    model.ir_version = IR_VERSION
    helper.set_model_props(model, dict(metadata))
    return model


def check(onnx: Any, model: Any, where: str) -> None:
    """Let ONNX' own checker look at a model, shapes and types included.

    Raises:
        StriateError: it is not content.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        said = " ".join(str(error).split())[:300]
        cure = "This is a fault of Striate: report the network that you exported."
        raise StriateError(Problem(where, f"onnx.checker says: {said}", "a valid model", cure)) from error


def _open(helper: Any, name: str, kind: int, shape: Shape) -> Any:
    """An input or output whose batch axis is open."""
    return helper.make_tensor_value_info(name, kind, [_BATCH, *shape])


def _node(helper: Any, node: NodeText) -> Any:
    """A node; its name is that of its output, so that errors of a runtime name a layer."""
    attributes = {name: _plain(value) for name, value in node.attributes.items()}
    return helper.make_node(node.kind, list(node.inputs), [node.output], name=node.output, **attributes)


def _plain(value: Any) -> Any:
    """Tuples as lists, NumPy's numbers as Python's."""
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    return value.item() if isinstance(value, np.generic) else value
