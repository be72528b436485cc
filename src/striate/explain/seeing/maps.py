"""Feature maps: what each channel of a layer answers to one picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.explain._reading import read
from striate.explain.seeing._drawing import map_sheet, picture_of
from striate.explain.seeing._places import find_maps, map_layers
from striate.explain.seeing._running import runner
from striate.models import Model
from striate.network import Network
from striate.pages import Panel, Part, Shown


@dataclass(frozen=True, eq=False)
class FeatureMaps(Shown):
    """The maps of some layers for one picture.

    Args:
        title: of what. picture: (H, W, 3) uint8. maps: {layer: (H, W, C)}, all channels.
        most: how many channels of each are drawn. strongest: whether those with the largest means are drawn.
    """

    title: str
    picture: np.ndarray
    maps: dict[str, np.ndarray]
    most: int
    strongest: bool

    def parts(self) -> Sequence[Part]:
        """The picture, then a sheet of channels for each layer, all channels of a layer on one scale."""
        panels = [Panel("the picture", self.picture, smooth=max(self.picture.shape) > 64)]
        return [*panels, *(self._sheet(name, maps) for name, maps in self.maps.items())]

    def channels_of(self, layer: str) -> list[int]:
        """The channels that are drawn, in their order."""
        maps = self.maps[layer]
        order = (
            np.argsort(-np.abs(maps).mean((0, 1)), kind="stable")
            if self.strongest
            else np.arange(maps.shape[-1])
        )
        return order[: self.most].tolist()

    def _sheet(self, name: str, maps: np.ndarray) -> Panel:
        height, width, channels = maps.shape
        drawn = self.channels_of(name)
        which = "strongest" if self.strongest else "first"
        words = f"{height} x {width}, " + (
            f"all {channels} channels"
            if len(drawn) == channels
            else f"the {which} {len(drawn)} of {channels} channels"
        )
        return Panel(name, map_sheet(maps[..., drawn]), f"{words}, up to {np.abs(maps).max():.3g}")


def feature_maps(
    model: Model,
    image: Any,
    layers: str | Iterable[str] | None = None,
    *,
    most: int = 16,
    strongest: bool = False,
) -> FeatureMaps:
    """What the layers answer to one picture.

    Args:
        model: the model. image: (H, W, C) or (1, H, W, C), raw or scaled as for `read`.
        layers: paths, or "path/preactivation"; unless given, for each size of map the last layer that has it.
        most: how many channels of a layer are drawn. strongest: draw those with the largest means.

    Raises:
        ArgumentError: there is no such layer, or it has no maps.
        ShapeError, DataError: the picture does not fit the model.
    """
    network = model.network
    wanted = [layers] if isinstance(layers, str) else list(_telling(network) if layers is None else layers)
    names = tuple(find_maps(network, layer, "layers").name for layer in wanted)
    reading = read(model, image)
    picture = picture_of(reading)
    values = runner(network, names)(reading.variables, reading.inputs)
    maps = {name: np.asarray(values[name][0]) for name in names}
    return FeatureMaps(f"Feature maps of {model.name}", picture, maps, most, strongest)


def _telling(network: Network) -> list[str]:
    """The last layer of each size of map, in the order they run."""
    last: dict[tuple[int, ...], str] = {}
    for path in map_layers(network):
        if network.program.steps[path].layer.RANDOM:
            continue
        size = network.shapes[path][:2]
        last.pop(size, None)
        last[size] = path
    return list(last.values())
