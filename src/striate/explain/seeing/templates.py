"""Templates: dense weights that look straight at pixels, drawn as the pictures they are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.seeing._drawing import sheet_of, signed
from striate.explain.seeing._places import check_channels, find_place
from striate.layers import Dense, Dropout, Flatten, GaussianNoise, Identity, Normalization, Rescaling, Reshape
from striate.models import Model
from striate.network import Network
from striate.pages import Note, Panel, Part, Shown

HARMLESS = (Flatten, Reshape, Rescaling, Normalization, Dropout, GaussianNoise, Identity)
"""Layers between pixels and weights that keep the order of the numbers."""
MOST = 64


@dataclass(frozen=True, eq=False)
class Templates(Shown):
    """The weights of dense units as pictures.

    Args:
        title: of which layer. weights: (H, W, C, units). bias: (units,), zeros when the layer has none.
        units: their numbers in the layer. names: of the units.
    """

    title: str
    weights: np.ndarray
    bias: np.ndarray
    units: tuple[int, ...]
    names: tuple[str, ...]

    def parts(self) -> Sequence[Part]:
        """A picture for each unit while there are few, else a sheet; each on its own scale."""
        pictures = [signed(self.weights[..., index]) for index in range(len(self.units))]
        words = "Red pixels speak for the unit, blue ones against it; white ones do not count."
        if self.weights.shape[2] == 3:
            words = "A picture with these colours speaks for the unit most; grey does not count."
        if len(pictures) > 16:
            return [Panel("units", sheet_of(pictures, 56)), Note(words)]
        panels = [
            Panel(name, picture, f"bias {bias:+.3g}")
            for name, picture, bias in zip(self.names, pictures, self.bias, strict=True)
        ]
        return [*panels, Note(words)]


def templates(model: Model, layer: str | None = None, units: int | Iterable[int] | None = None) -> Templates:
    """The weights of a dense layer on pixels: w . x + b is how much a picture x is like the template w.

    Args:
        model: a softmax regression, or any network that begins with a dense layer on its pixels.
        layer: the dense layer; the first on pixels unless given. units: which; the first 64 unless given.

    Raises:
        ArgumentError: no dense layer reads the pixels, or there is no such unit.
    """
    network = model.network
    source, path = _on_pixels(network, layer)
    place = find_place(network, path)
    chosen = check_channels(place, units, MOST)
    owner = network.program.steps[path].owner
    weights = {**model.variables["params"].get(owner, {}), **model.variables["state"].get(owner, {})}
    kernel = np.asarray(weights["kernel"]).reshape(*network.shapes[source], -1)[..., list(chosen)]
    bias = np.asarray(weights.get("bias", np.zeros(place.channels)))[list(chosen)]
    is_last = path in network.program.outputs and model.class_names is not None
    names = tuple(str(model.class_names[n]) if is_last and model.class_names else str(n) for n in chosen)
    return Templates(f"Templates of {path}", kernel, bias, chosen, names)


def _on_pixels(network: Network, layer: str | None) -> tuple[str, str]:
    """(input, dense layer) of the layer that was asked for, or of the first that reads pixels."""
    found = {
        path: source
        for path, step in network.program.steps.items()
        if isinstance(step.layer, Dense) and (source := _source(network, step.inputs[0])) is not None
    }
    if layer is None and found:
        path = next(iter(found))
        return found[path], path
    path = None if layer is None else find_place(network, layer).path
    if path in found:
        return found[path], path
    where = "network" if path is None else path
    happened = "no dense layer reads the pixels" if path is None else "it is no dense layer on pixels"
    cure = f"Choose {next(iter(found))!r}." if found else "See filters for convolutions."
    raise ArgumentError(
        Problem(where, happened, "a dense layer behind nothing but Flatten and scaling", cure)
    )


def _source(network: Network, name: str) -> str | None:
    """The picture whose numbers arrive here in their own order, or None."""
    steps = network.program.steps
    while name in steps:
        if not isinstance(steps[name].layer, HARMLESS):
            return None
        name = steps[name].inputs[0]
    shape = network.shapes[name]
    return name if len(shape) == 3 and shape[-1] in (1, 3) else None
