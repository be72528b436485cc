"""A network with its weights as an ONNX model: checked, with its preprocessing inside the graph."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.formats._header import raise_all
from striate.formats._places import shown
from striate.formats._promises import agreement_problems
from striate.formats.atomic import write_atomically
from striate.formats.onnx.arithmetic import scale_pixels
from striate.formats.onnx.building import Builder, Value
from striate.formats.onnx.protobuf import as_model, check
from striate.formats.onnx.table import EMITTERS
from striate.formats.safetensors_file import nonfinite_problems
from striate.images import Preprocessing
from striate.network import Network
from striate.network._feeding import check_variables
from striate.network.naming import repeated_name

OPSET = 18
"""The version of ONNX' operators that is written."""

MAX_BYTES = 2**31 - 1
"""More than this no ONNX file holds in one piece."""


def to_onnx(
    network: Network,
    variables: Mapping[str, Any],
    *,
    preprocessing: Preprocessing | None = None,
    class_names: Sequence[str] | None = None,
    where: str = "onnx",
) -> Any:
    """The network as an `onnx.ModelProto`, checked by `onnx.checker`.

    Inputs and outputs lie as here, (N, H, W, C), with an open batch axis; inside, channels come first.
    Layers do what they do after training: dropout and noise are left out.

    Args:
        network: the architecture. variables: its weights.
        preprocessing: makes the graph take uint8 pictures of the right size, and scale them itself.
        class_names: kept in the metadata as a JSON list, beside the preprocessing and the network's name.
        where: what an error calls the model.

    Raises:
        ArgumentError: layers that ONNX cannot say, all at once; preprocessing or class names that do not fit;
            the package `onnx` is not installed.
        ShapeError: the variables do not fit the network. FormatError: numbers that are not finite.

    >>> from striate.layers import Dense
    >>> from striate.network import sequential
    >>> network = sequential([Dense(2, activation="softmax")], input_shape=(3,))
    >>> [node.op_type for node in to_onnx(network, network.init(0)).graph.node]
    ['Gemm', 'Softmax']
    """
    onnx = _package(where)
    check_variables(network.declared, variables)
    problems = _unsayable(network, where) + agreement_problems(network, preprocessing, class_names, where)
    if problems:
        raise ArgumentError(problems)
    build = Builder(_by_path(variables))
    arrays = {f"{path}/{name}": a for path, weights in build.weights.items() for name, a in weights.items()}
    raise_all(nonfinite_problems(arrays, where))
    outputs = _emit(network, preprocessing, build)
    metadata = {"striate_network": network.name or "network", "striate_layout": "NHWC"}
    if class_names is not None:
        metadata["class_names"] = json.dumps(list(class_names), ensure_ascii=False)
    if preprocessing is not None:
        metadata["preprocessing"] = json.dumps(preprocessing.to_json())
    model = as_model(onnx, build, network, outputs, metadata, OPSET, preprocessing is not None)
    check(onnx, model, where)
    return model


def write_onnx(
    path: str | os.PathLike[str],
    network: Network,
    variables: Mapping[str, Any],
    *,
    preprocessing: Preprocessing | None = None,
    class_names: Sequence[str] | None = None,
) -> Any:
    """Write an ONNX file, atomically, and give its model; see `to_onnx`.

    Raises:
        StriateError: as for `to_onnx`, the file would be larger than 2 GiB, or it cannot be written.
    """
    where = shown(path)
    size = 4 * network.count_parameters()
    if size > MAX_BYTES:
        cure = "Write the weights as .safetensors."
        happened = f"its weights alone have {size:,} bytes"
        raise ArgumentError(Problem(where, happened, f"at most {MAX_BYTES:,} in an ONNX file", cure))
    options = {"preprocessing": preprocessing, "class_names": class_names, "where": where}
    model = to_onnx(network, variables, **options)
    write_atomically(path, model.SerializeToString(deterministic=True))
    return model


def _package(where: str) -> Any:
    """The package that knows ONNX' files."""
    if importlib.util.find_spec("onnx") is None:
        happened, cure = "the package onnx is not installed", "Install it: pip install 'striate[onnx]'."
        raise ArgumentError(Problem(where, happened, "onnx, which writes and checks such files", cure))
    return importlib.import_module("onnx")


def _unsayable(network: Network, where: str) -> list[Problem]:
    """A problem for each layer without nodes."""
    network.verify()
    return [
        Problem(
            f"{where}, layer {path}",
            f"ONNX has no words for {type(step.layer).__name__}",
            "a layer that is a sum of standard operators",
            "Replace it, or cut the network off before it.",
        )
        for path, step in network.program.steps.items()
        if type(step.layer) not in EMITTERS
    ]


def _emit(network: Network, preprocessing: Preprocessing | None, build: Builder) -> list[str]:
    """Add the nodes of every step; the names of the outputs, in our order of axes."""
    values: dict[str, Value] = {}
    for spec in network.inputs:
        value = Value(spec.name, network.program.shapes[spec.name] or ())
        build.reserve(spec.name)
        if preprocessing is not None:
            build.scope = "preprocessing"
            value = scale_pixels(build, preprocessing, value)
        values[spec.name] = value
    for step in network.program.steps.values():
        build.scope, before = step.path, len(build.nodes)
        made = EMITTERS[type(step.layer)](build, step, *(values[name] for name in step.inputs))
        values[step.path] = build.finish(made, before, step.path)
    ends = zip(network.program.outputs, _names(network), strict=True)
    return [build.give(values[path], name) for path, name in ends]


def _names(network: Network) -> list[str]:
    """A name of its own for each output: the layer's, with a number where it is taken already."""
    taken = {spec.name for spec in network.inputs}
    names: list[str] = []
    for name in network.outputs:
        names.append(repeated_name(name, taken) if name in taken else name)
        taken.add(names[-1])
    return names


def _by_path(variables: Mapping[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    """{path: {weight: array}}, trainable or not."""
    by_path: dict[str, dict[str, np.ndarray]] = {}
    for group in variables.values():
        for path, weights in group.items():
            arrays = {name: np.asarray(array, np.float32) for name, array in weights.items()}
            by_path.setdefault(path, {}).update(arrays)
    return by_path
