"""What the layers answer to pictures, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.explain.seeing import FeatureMaps, feature_maps
from striate.models import Model
from striate.pages import Note, Part, Shown

MOST = 8
"""So many pictures are drawn; the maps of all are there."""


@dataclass(frozen=True, eq=False)
class Seen(Shown):
    """The feature maps of some pictures.

    Args:
        title: a heading. each: the maps of each picture.
    """

    title: str
    each: tuple[FeatureMaps, ...]

    def __getitem__(self, index: int) -> FeatureMaps:
        """The maps of one picture."""
        return self.each[index]

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.each)

    def parts(self) -> Sequence[Part]:
        """The sheets of one picture after those of another."""
        parts: list[Part] = []
        for maps in self.each[:MOST]:
            parts += [*maps.parts(), Note("")]
        if len(self.each) > MOST:
            parts.append(Note(f"The first {MOST} of {len(self.each)} pictures."))
        return parts


def see(model: Model, images: Any, layers: str | Iterable[str] | None = None, *, most: int = 16) -> Seen:
    """What the layers of a model answer to pictures: every channel as a map.

    Args:
        model: the model. images: (N, H, W, C) or one (H, W, C), raw or scaled as for `predict`.
        layers: paths, or "path/preactivation"; unless given, for each size of map the last layer that has it.
        most: how many channels of a layer are drawn.

    Returns:
        Seen; `seen[0].maps["conv1"]` are numbers, (H, W, C).

    Raises:
        ArgumentError: there is no such layer, or it has no maps. ShapeError, DataError: the pictures do not
            fit the model.

    >>> import numpy as np, striate as st
    >>> model = st.Sequential([st.Input((6, 6, 1)), st.layers.Conv2D(4, 3)], seed=1)
    >>> seen = st.see(model, np.zeros((2, 6, 6, 1), np.float32))
    >>> len(seen), seen[0].maps["conv1"].shape
    (2, (4, 4, 4))
    """
    pictures = np.asarray(images)
    rows = pictures if _several(pictures, model.network.inputs[0].shape or ()) else pictures[None]
    chosen = layers if layers is None or isinstance(layers, str) else tuple(layers)
    each = tuple(feature_maps(model, row, chosen, most=most) for row in rows)
    return Seen(f"What {model.name} sees", each)


def _several(pictures: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether there is a batch axis; grey pictures may lack the axis of their channel."""
    flat = shape[-1:] == (1,) and pictures.shape[1:] == shape[:-1]
    return pictures.ndim > len(shape) or (pictures.ndim == len(shape) and pictures.shape != shape and flat)
