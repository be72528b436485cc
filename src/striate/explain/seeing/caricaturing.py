"""Caricatures: a picture made anew from what one layer keeps of it, and exaggerated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.explain.seeing._pixels import as_bytes, as_colours, fitted, pixels_of
from striate.explain.seeing.dreaming import usual_layer
from striate.explain.seeing.maximising import Maximised, maximise
from striate.explain.seeing.objectives import likeness
from striate.models import Model
from striate.pages import Note, Panel, Part, Shown, grey


@dataclass(frozen=True, eq=False)
class Caricature(Shown):
    """A picture, and what layers make of it.

    Args:
        title: of what. source: (H, W, C) colours from 0 to 1. made: {layer: what was made for it}.
    """

    title: str
    source: np.ndarray
    made: dict[str, Maximised]

    def parts(self) -> Sequence[Part]:
        """The picture beside its caricatures."""
        panels = [Panel("the picture", grey(as_bytes(self.source), 0, 255), smooth=True)]
        for layer, made in self.made.items():
            panels.append(Panel(layer, grey(as_bytes(made.pictures[0]), 0, 255), smooth=True))
        seconds = sum(made.seconds for made in self.made.values())
        return [*panels, Note(f"{sum(made.steps for made in self.made.values())} steps in {seconds:.1f} s.")]


def caricature(
    model: Model,
    image: Any,
    layers: str | Sequence[str] | None = None,
    *,
    power: float = 1.0,
    size: int | tuple[int, int] | None = None,
    **options: Any,
) -> Caricature:
    """Make a picture whose activation in a layer points the way a given picture's does, and further.

        maximise the mean of <a, b> max(0.1, cosine(a, b))^power over positions

    Here b is the activation of the given picture, moved as the made one is.

    Args:
        model: a model that reads one picture. image: (H, W, 1 or 3), uint8 or from 0 to 1.
        layers: one or several, a caricature for each; a layer about two thirds up unless given.
        power: of the cosine: 0 exaggerates most, larger ones stay closer. size: of the pictures.
        options: for `maximise`: steps, moves, rate, seed, start, ...

    Raises:
        ArgumentError: there is no such layer, or an option does not fit. DataError: the image is no picture.

    Olah, Mordvintsev and Schubert, Feature visualization, 2017; Cammarata and others, Thread: circuits, 2020.
    """
    pixels = pixels_of(model, options.get("span"))
    wanted = [layers] if isinstance(layers, str) else list(layers or [usual_layer(model.network)])
    made = {layer: maximise(model, likeness(layer, image, power), size=size, **options) for layer in wanted}
    shape = next(iter(made.values())).pictures.shape[1:3]
    source = fitted(as_colours(image, pixels.shape[-1]), (shape[0], shape[1]))
    return Caricature(f"Caricatures by {model.name}", source, made)
