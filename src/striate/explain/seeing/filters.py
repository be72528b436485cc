"""Filters as pictures: in colour where they look at colours, channel by channel behind that, or as pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._tracing import trace
from striate.explain.seeing._drawing import cut, sheet_of, signed
from striate.explain.seeing._places import Place, check_channels, find_maps
from striate.explain.seeing._running import partial
from striate.layers import (
    ELU,
    AveragePooling2D,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv2D,
    Identity,
    Layer,
    LeakyReLU,
    LocalResponseNormalization,
    MaxPooling2D,
    PReLU,
    ReLU,
    SeparableConv2D,
    Softmax,
)
from striate.models import Model
from striate.network import Network, pixels_seen
from striate.network.shapes import Program
from striate.pages import Note, Panel, Part, Shown

FILTERED = (Conv2D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose)
BENT = (ReLU, LeakyReLU, PReLU, ELU, Softmax, LocalResponseNormalization)
MOST = 64
MOST_SLICES = 16


@dataclass(frozen=True, eq=False)
class Filters(Shown):
    """The filters of a layer.

    Args:
        title: which. kernel: (kh, kw, C, F) their numbers, one filter for each of `channels`.
        channels: their numbers in the layer. in_pixels: whether they stand for pixels of the picture.
    """

    title: str
    kernel: np.ndarray
    channels: tuple[int, ...]
    in_pixels: bool

    def parts(self) -> Sequence[Part]:
        """A sheet of filters; behind the first layer a row of slices for each."""
        largest = float(np.abs(self.kernel).max(initial=0))
        filters = np.moveaxis(self.kernel, -1, 0)
        if self.kernel.shape[2] in (1, 3) or self.in_pixels:
            sheet = sheet_of([signed(one) for one in filters], 48)
            words = "each on its own scale, zero in the middle"
            return [Panel(self._which(), sheet, words), Note(f"The largest number is {largest:.4g}.")]
        shown = min(self.kernel.shape[2], MOST_SLICES)
        slices = [signed(one[..., channel], largest) for one in filters for channel in range(shown)]
        words = f"a row for each filter, its slices for the first {shown} of {self.kernel.shape[2]} channels"
        return [
            Panel(self._which(), sheet_of(slices, 28, shown), words),
            Note(f"Red is {largest:.4g}, blue minus that."),
        ]

    def _which(self) -> str:
        first, last = self.channels[0], self.channels[-1]
        run = last - first + 1 == len(self.channels)
        return (
            f"filters {first} to {last}"
            if run and last > first
            else f"filters {', '.join(map(str, self.channels))}"
        )


def filters(
    model: Model,
    layer: str | None = None,
    channels: int | Iterable[int] | None = None,
    by: Literal["weights", "pixels"] = "weights",
) -> Filters:
    """The filters of a convolution as pictures.

    Args:
        model: the model. layer: a convolution's path, the first one unless given.
        channels: which filters; the first 64 unless given.
        by: "weights" for the kernel's own numbers; "pixels" for what a filter would weigh pixels with if only
            linear steps lay between: if activations passed on what they get, and maxima were means.

    Raises:
        ArgumentError: the layer has no filters, or there is no such channel.

    Filters as combinations of the filters before them: Erhan, Bengio, Courville and Vincent, Visualizing
    higher-layer features of a deep network, 2009.
    """
    place = _filtered_place(model.network, layer)
    chosen = check_channels(place, channels, MOST)
    if by not in ("weights", "pixels"):
        cure = "Write by='pixels' to see through the layers before."
        raise ArgumentError(Problem("by", f"got {by!r}", "'weights' or 'pixels'", cure))
    if by == "pixels":
        title = f"Filters of {place.path}, in pixels"
        return Filters(title, _in_pixels(model, place, chosen), chosen, True)
    step = model.network.program.steps[place.path]
    variables = model.variables
    weights = {**variables["params"].get(step.owner, {}), **variables["state"].get(step.owner, {})}
    kernel = _kernel(step.layer, {name: np.asarray(array) for name, array in weights.items()})
    return Filters(f"Filters of {place.path}", kernel[..., list(chosen)], chosen, False)


def _filtered_place(network: Network, layer: str | None) -> Place:
    """The layer whose filters are wanted."""
    steps = network.program.steps
    known = [path for path, step in steps.items() if isinstance(step.layer, FILTERED)]
    if layer is None and known:
        return find_maps(network, known[0])
    place = find_maps(network, layer) if layer is not None else None
    if place is not None and place.path in known:
        return place
    happened = "the network has no two-dimensional convolution" if place is None else "it has no filters"
    cure = f"Choose one such as {known[0]!r}." if known else "See templates for networks of dense layers."
    where = "layer" if place is None else place.name
    raise ArgumentError(Problem(where, happened, "a two-dimensional convolution", cure))


def _kernel(layer: Layer, weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """(kh, kw, C, F) the kernel, whatever order the layer keeps it in."""
    if isinstance(layer, SeparableConv2D):
        depthwise, pointwise = weights["depthwise_kernel"], weights["pointwise_kernel"]
        *_, channels, multiplier = depthwise.shape
        return np.einsum("hwcm,cmf->hwcf", depthwise, pointwise.reshape(channels, multiplier, -1))
    kernel = weights["kernel"]
    if isinstance(layer, DepthwiseConv2D):
        return kernel.reshape(*kernel.shape[:2], 1, -1)
    return kernel.swapaxes(2, 3) if isinstance(layer, Conv2DTranspose) else kernel


def _in_pixels(model: Model, place: Place, chosen: tuple[int, ...]) -> np.ndarray:
    """(h, w, C, F) the slope of the middle unit of each filter in the network without its kinks."""
    network = model.network
    program = _straightened(partial(network.program, [place.path]))
    spec = network.inputs[0]
    zeros = {one.name: jnp.zeros((len(chosen), *network.shapes[one.name])) for one in network.inputs}
    row, column = place.centre

    def middle(inputs: dict[str, jax.Array], variables: Any) -> jax.Array:
        values = trace(program, variables, inputs, activate=lambda _, z: z).values
        maps = values[place.path][:, row, column]
        return maps[jnp.arange(len(chosen)), jnp.asarray(chosen)].sum()

    slopes = np.asarray(jax.jit(jax.grad(middle))(zeros, model.variables)[spec.name])
    box: Any = pixels_seen(network, place.path, place.centre)[spec.name]
    return np.stack([cut(one, box) for one in slopes], -1)


def _straightened(program: Program) -> Program:
    """The program with nothing in place of kinks and means in place of maxima; activations stay."""
    steps = {path: replace(step, layer=_straight(step.layer)) for path, step in program.steps.items()}
    return replace(program, steps=steps)


def _straight(layer: Layer) -> Layer:
    if isinstance(layer, BENT):
        return Identity()
    if isinstance(layer, MaxPooling2D):
        return AveragePooling2D(layer.pool_size, layer.strides, layer.padding, edges=layer.edges)
    return layer
