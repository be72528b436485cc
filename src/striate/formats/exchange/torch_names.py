"""PyTorch's names and layouts, as torchvision and timm write them: "layer1.0.conv1.weight", filters first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from striate.formats.exchange import layouts
from striate.formats.exchange.layouts import Layout
from striate.formats.exchange.orders import feature_orders, picture_before
from striate.formats.exchange.slots import Convention, Slot, owners
from striate.layers import Dense
from striate.layers._base import Shape
from striate.network import Network
from striate.network.shapes import Step

ENDINGS: Mapping[str, str] = {
    "kernel": "weight",
    "gamma": "weight",
    "alpha": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "depthwise_kernel": "depthwise.weight",
    "pointwise_kernel": "pointwise.weight",
}
"""PyTorch's names of our weights; those that are not here are called the same."""

WEIGHT_ENDINGS = frozenset({"weight", "bias", "running_mean", "running_var", "num_batches_tracked"})
"""What the names of a PyTorch file end with."""

_COUNTER = "num_batches_tracked"


def _slots(network: Network, names: Iterable[str] = ()) -> tuple[Slot, ...]:
    """A slot for every weight."""
    orders = feature_orders(network.program)
    return tuple(
        Slot(step.path, weight, (_name(step, weight),), _layout(step, weight, promise.shape, orders), also)
        for step, weights in owners(network)
        for weight, promise in weights.items()
        for also in [_also(step, weight, promise.shape, network)]
    )


def _name(step: Step, weight: str) -> str:
    """The name in a state dict."""
    ending = ENDINGS.get(weight, weight)
    if step.layer.KIND == "separable" and weight == "bias":
        ending = "pointwise.bias"
    return f"{step.path.replace('/', '.')}.{ending}"


def _layout(step: Step, weight: str, shape: Shape, orders: Mapping[str, np.ndarray]) -> Layout:
    """How a weight lies there; kinds that PyTorch does not have keep our layout."""
    kind, before, after = step.layer.KIND, orders.get(step.inputs[0]), orders.get(step.path)
    if len(shape) == 1:
        return layouts.features(shape, after)
    if weight == "alpha" or kind == "bias":
        return layouts.channels_first(shape)
    if kind == "dense":
        return layouts.transposed(shape, (1, 0), (before, after))
    if kind == "rbf":
        return layouts.transposed(shape, (0, 1), (before, None))
    if weight == "depthwise_kernel" or (kind == "depthwise" and weight == "kernel"):
        return layouts.depthwise(shape)
    if weight == "pointwise_kernel" or (kind in ("conv", "deconv") and weight == "kernel"):
        return layouts.filters_first(shape)
    return layouts.same(shape)


def _also(step: Step, weight: str, shape: Shape, network: Network) -> tuple[Shape, ...]:
    """A dense layer may be a 1x1 convolution there, or one of the whole picture, and the other way round."""
    if weight != "kernel":
        return ()
    if isinstance(step.layer, Dense):
        picture = picture_before(step, network.program)
        whole = () if picture is None else ((shape[1], picture[-1], *picture[:-1]),)
        return ((shape[1], shape[0], 1, 1), (shape[1], shape[0], 1), *whole)
    if step.layer.KIND == "conv" and set(shape[:-2]) == {1}:
        return ((shape[-1], shape[-2]),)
    return ()


def _plain(name: str) -> str | None:
    """Counters of batches hold no weight."""
    return None if name.rpartition(".")[2] == _COUNTER else name


def _extras(network: Network) -> dict[str, np.ndarray]:
    """The counter that PyTorch expects beside each batch norm."""
    return {
        f"{step.path.replace('/', '.')}.{_COUNTER}": np.zeros((), np.int64)
        for step, weights in owners(network)
        if "moving_mean" in weights
    }


TORCH = Convention("torch", "PyTorch's names, channels first", _slots, _plain, _extras, ".")
