"""Explanations of what a trained model does with a picture file."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Subject:
    """A model, and a picture as it takes it.

    Args:
        model: the model. x: (1, H, W, C), raw or scaled.
        notes: which step the model is of, and what was done to the picture to make it fit; as sentences.
    """

    model: Model
    x: np.ndarray
    notes: tuple[str, ...]


def subject(
    run: str | Path,
    image: str | Path,
    invert: bool = False,
    address: str | None = None,
    recording: str | Path | None = None,
) -> Subject:
    """Load a model and read a picture.

    Args:
        run: a run's folder or a model file. image: a picture file of any size.
        invert: turn dark into light first, for a model of white digits and a picture of black ink.
        address: of a number that is asked for; with "@step=120" behind it the model is the one of that step.
        recording: the folder of the recording that the step is of; that of the run unless given.

    Raises:
        StriateError: the model cannot be had or takes no pictures, or the picture cannot be read.
    """
    step = _step(address)
    model, notes = load(model_file(run)), []
    if step is not None:
        from striate.explain import open_recording

        log = open_recording(Path(run) / RECORDING if recording is None else recording)
        model = log.model(step)
        notes.append(f"The model is the one after step {step} of its training.")
    recipe = _recipe(model)
    pixels = read_image(image)
    prepared = recipe.prepare(pixels)
    prepared = 255 - prepared if invert else prepared
    shape = model.network.inputs[0].shape or ()
    x = np.asarray(prepared).reshape(1, *shape)
    if model.preprocessing is None and not has_scaling_layer(model.network):
        x = np.asarray(recipe.scale_pixels(x))
    return Subject(model, x, (*notes, *_changes(pixels, recipe)))


def explain(
    found: Subject,
    *,
    method: str | None = None,
    layer: str | None = None,
    target: str | None = None,
    address: str | None = None,
    view: str | None = None,
    **focus: Any,
) -> Shown:
    """Why a model answers as it does, how one of its numbers was made, or what a convolution is.

    Args:
        found: the model and the picture.
        method: of attribution; several that suit the network unless given. layer: where they look, or
            which convolution is viewed (the first unless given). target: the class, by name or number.
        address: of numbers to take apart, such as "conv2/output[0,5,3,7]"; its step is the model's.
        view: filter, equation, network, matrix, cost, or all.
        focus: filter, channel and position of a view.

    Raises:
        StriateError: a question that does not fit the model; see `why`, `attribute`, `at` and `views`.
    """
    if address is not None:
        return _address(found, address, target)
    if view is not None:
        return _view(found, view, layer, focus)
    from striate.explain import attribute, why

    aim = _class(found.model, target)
    if method is None:
        return why(found.model, found.x, aim, layer=layer)
    options = {} if layer is None else {"layer": layer}
    return attribute(found.model, found.x, method, aim, **options)


def _address(found: Subject, address: str, target: str | None) -> Shown:
    """A number and how it was made."""
    from striate.explain import Address, at

    now = replace(Address.parse(address), step=None)
    return at(found.model, now, found.x, target=_class(found.model, target))


def _step(address: str | None) -> int | None:
    """The step that an address speaks of."""
    if address is None or "@" not in address:
        return None
    from striate.explain import Address

    return Address.parse(address).step


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


def _changes(pixels: np.ndarray, recipe: Preprocessing) -> list[str]:
    """What was done to a picture, as a sentence, if anything was."""
    height, width = pixels.shape[:2]
    changes = []
    if recipe.size is not None and (height, width) != recipe.size:
        changes.append(f"from {width}x{height} to {recipe.size[1]}x{recipe.size[0]} pixels ({recipe.fit})")
    if pixels.shape[2] != recipe.channels:
        changes.append("to grey" if recipe.channels == 1 else "to colour")
    return [f"The picture was brought {' and '.join(changes)}, as the model takes it."] if changes else []
