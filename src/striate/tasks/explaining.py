"""Explanations of what a trained model does with a picture file."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import ArgumentError, DataError, Problem
from striate.images import Preprocessing, read_image
from striate.models import Model, load
from striate.pages import Shown
from striate.tasks.run_folder import model_file
from striate.training._scaling import has_scaling_layer

RECORDING = "recording"
"""The folder of a run in which its recording is looked for."""

USUAL = "grad-cam"
"""The method that is used unless one is named."""


@dataclass(frozen=True)
class Subject:
    """A model, and a picture as it takes it.

    Args:
        model: the model. x: (1, H, W, C), raw or scaled. run: where the model came from.
        note: what was done to the picture to make it fit; empty when nothing was.
    """

    model: Model
    x: np.ndarray
    run: Path
    note: str


def subject(run: str | Path, image: str | Path, invert: bool = False) -> Subject:
    """Load a model and read a picture.

    Args:
        run: a run's folder or a model file. image: a picture file of any size.
        invert: turn dark into light first, for a model of white digits and a picture of black ink.

    Raises:
        StriateError: the model cannot be had or takes no pictures, or the picture cannot be read.
    """
    model = load(model_file(run))
    recipe = _recipe(model)
    pixels = read_image(image)
    prepared = recipe.prepare(pixels)
    prepared = 255 - prepared if invert else prepared
    shape = model.network.inputs[0].shape or ()
    x = np.asarray(prepared).reshape(1, *shape)
    if model.preprocessing is None and not has_scaling_layer(model.network):
        x = np.asarray(recipe.scale_pixels(x))
    return Subject(model, x, Path(run), _changes(pixels, recipe))


def explain(
    found: Subject,
    *,
    method: str | None = None,
    layer: str | None = None,
    target: str | None = None,
    address: str | None = None,
    view: str | None = None,
    recording: str | None = None,
    **focus: Any,
) -> Shown:
    """Why a model answers as it does, how one of its numbers was made, or what a convolution is.

    Args:
        found: the model and the picture.
        method: of attribution; USUAL unless given. layer: where the method looks, or which
            convolution is viewed (the first unless given). target: the class, by name or number.
        address: of numbers to take apart, such as "conv2/output[0,5,3,7]".
        view: filter, equation, network, matrix, cost, or all.
        recording: a recording's folder, for addresses with "@step=…"; that of the run unless given.
        focus: filter, channel and position of a view.

    Raises:
        StriateError: a question that does not fit the model; see `explain.attribute`, `at` and `views`.
    """
    if address is not None:
        return _address(found, address, target, recording)
    if view is not None:
        return _view(found, view, layer, focus)
    from striate.explain.attribution import attribute

    options = {} if layer is None else {"layer": layer}
    return attribute(found.model, found.x, method or USUAL, _class(found.model, target), **options)


def _address(found: Subject, address: str, target: str | None, recording: str | None) -> Shown:
    """A number and how it was made."""
    from striate.explain import at, open_recording

    log = None
    if "@step" in address:
        log = open_recording(found.run / RECORDING if recording is None else recording)
    return at(found.model, address, found.x, target=_class(found.model, target), recording=log)


def _view(found: Subject, view: str, layer: str | None, focus: dict[str, Any]) -> Shown:
    """One view of a convolution, or all of them."""
    from striate.explain.views import VIEWS, views
    from striate.explain.views._sources import KINDS

    if view not in (*VIEWS, "all"):
        near = difflib.get_close_matches(view, VIEWS, 1)
        cure = f"Did you mean {near[0]}?" if near else "Choose one of them."
        raise ArgumentError(Problem("--view", f"got {view!r}", f"{', '.join(VIEWS)} or all", cure))
    steps = found.model.network.program.steps.values()
    first = next((step.path for step in steps if step.layer.KIND in KINDS), None)
    if layer is None and first is None:
        cure = "Views are for networks with convolutions."
        raise ArgumentError(Problem("--view", "the network has no convolution", "at least one", cure))
    seen = views(found.model, layer or first or "", found.x, **focus)
    return seen if view == "all" else getattr(seen, view)


def _class(model: Model, target: str | None) -> int | str | None:
    """A class by name, or by number where no class is called so."""
    if target is None or target in (model.class_names or ()):
        return target
    return int(target) if target.removeprefix("-").isdecimal() else target


def _recipe(model: Model) -> Preprocessing:
    """How pictures become the model's input: as the model says, or by the shape of its input."""
    shape, found = tuple(model.network.inputs[0].shape or ()), model.preprocessing
    if found is not None and found.size is not None:
        return found
    if len(model.network.inputs) > 1 or len(shape) != 3 or shape[2] not in (1, 3):
        count = len(model.network.inputs)
        happened = f"its input has the shape {shape}" if count == 1 else f"it has {count} inputs"
        cure = "Use it from Python instead: st.explain.at(st.load(path), address, x)."
        raise DataError(Problem(model.name, happened, "a picture, (H, W, 1) or (H, W, 3)", cure))
    if found is not None:
        return Preprocessing(shape[:2], shape[2], found.scale, found.mean, found.std, found.fit)
    return Preprocessing(shape[:2], shape[2], 1.0 if has_scaling_layer(model.network) else 1 / 255)


def _changes(pixels: np.ndarray, recipe: Preprocessing) -> str:
    """What was done to a picture, as a sentence."""
    height, width = pixels.shape[:2]
    changes = []
    if recipe.size is not None and (height, width) != recipe.size:
        changes.append(f"from {width}x{height} to {recipe.size[1]}x{recipe.size[0]} pixels ({recipe.fit})")
    if pixels.shape[2] != recipe.channels:
        changes.append("to grey" if recipe.channels == 1 else "to colour")
    return f"The picture was brought {' and '.join(changes)}, as the model takes it." if changes else ""
