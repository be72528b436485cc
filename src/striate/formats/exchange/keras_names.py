"""Keras' names: "conv1/kernel", as TensorFlow.js and our own files write them, and what HDF5 does to them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from striate.formats.exchange import layouts
from striate.formats.exchange.layouts import Layout
from striate.formats.exchange.slots import Convention, Slot, owners
from striate.layers._base import Shape
from striate.network import Network
from striate.network.shapes import Step

WEIGHT_ENDINGS = frozenset(
    {"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "alpha"}
    | {"depthwise_kernel", "pointwise_kernel"}
)
"""What the names of a Keras file end with."""

_OLD = re.compile(r"(?:.*_)?(W|b|gamma|beta|running_mean|running_std)(?:_\d+)?")
_OLD_NAMES = {"W": "kernel", "b": "bias", "running_mean": "moving_mean", "running_std": "moving_variance"}
_NO_WEIGHTS = re.compile(r"(^|/)(optimizer|optimizer_weights|metrics|seed_generator)(_\d+)?(/|$)")


def keras_slots(network: Network, names: Iterable[str] = ()) -> tuple[Slot, ...]:
    """A slot for every weight, called path/weight."""
    return tuple(
        Slot(step.path, weight, _names(step, weight), _layout(step, weight, promise.shape))
        for step, weights in owners(network)
        for weight, promise in weights.items()
    )


def _own_slots(network: Network, names: Iterable[str] = ()) -> tuple[Slot, ...]:
    """The same with our own layout throughout."""
    return tuple(
        Slot(step.path, weight, (f"{step.path}/{weight}",), layouts.same(promise.shape))
        for step, weights in owners(network)
        for weight, promise in weights.items()
    )


def _names(step: Step, weight: str) -> tuple[str, ...]:
    """Keras 2 calls the kernel of a depthwise convolution "depthwise_kernel"."""
    name = f"{step.path}/{weight}"
    second = step.layer.KIND == "depthwise" and weight == "kernel"
    return (name, f"{step.path}/depthwise_kernel") if second else (name,)


def _layout(step: Step, weight: str, shape: Shape) -> Layout:
    """Ours, but for locally connected kernels, whose places Keras 2 counts along one axis."""
    if step.layer.KIND == "local" and weight == "kernel" and len(shape) == 4:
        return layouts.reshaped(shape, (shape[0] * shape[1], *shape[2:]))
    return layouts.same(shape)


def keras_plain(name: str) -> str | None:
    """The name without what HDF5 files and old versions put around it; None for an optimizer's memory.

    >>> keras_plain("model_weights/conv1/conv1/kernel:0"), keras_plain("conv1/model/conv1/kernel:0")
    ('conv1/kernel', 'conv1/kernel')
    >>> keras_plain("block1_conv1/block1_conv1_W_1:0"), keras_plain("optimizer_weights/adam/iteration")
    ('block1_conv1/kernel', None)
    """
    if _NO_WEIGHTS.search(name):
        return None
    name = re.sub(r":\d+$", "", name).removeprefix("model_weights/").removeprefix("top_level_model_weights/")
    *path, weight = name.split("/")
    if path and weight not in WEIGHT_ENDINGS and (old := _OLD.fullmatch(weight)):
        weight = _OLD_NAMES.get(old[1], old[1])
    return "/".join([*_without_repeats(path), weight])


def _without_repeats(path: list[str]) -> list[str]:
    """HDF5 groups repeat names: conv1/conv1, conv1/model/conv1, conv1/conv1_1, block/block/conv1."""
    if len(path) < 2:
        return path
    if re.fullmatch(re.escape(path[0]) + r"(_\d+)?", path[-1]):
        return path[:1]
    return path[1:] if path[0] == path[1] else path


def _own_plain(name: str) -> str | None:
    """Model files put params/ or state/ in front."""
    return re.sub(r"^(params|state)/", "", name)


KERAS = Convention("keras", "Keras' names", keras_slots, keras_plain)
STRIATE = Convention("striate", "path/weight, channels last", _own_slots, _own_plain)
