"""What a model says about picture files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import DataError, Problem, StriateError
from striate.images import Preprocessing
from striate.images.reading import read_prepared
from striate.tasks.answers import Case
from striate.tasks.trained import Trained, load_trained

AT_ONCE = 256
"""Pictures that are in memory together."""


@dataclass(frozen=True)
class Prediction:
    """What the model says about a picture.

    Args:
        image: the file. case: the answer in words and values; None when the picture cannot be read.
        output: (units,) the numbers of the model. problems: why it cannot be read.
    """

    image: str
    case: Case | None
    output: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def top(self) -> list[tuple[str, float]]:
        """For one of several classes: names and probabilities, the likeliest first."""
        if self.case is None:
            return []
        return [(each["class"], each["probability"]) for each in self.case.values.get("top", [])]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: the image, and its answer or what is wrong with it."""
        if self.case is None:
            return {"image": self.image, "problem": "; ".join(each.happened for each in self.problems)}
        return {"image": self.image, **self.case.values}


def predict(
    model: str | Path | Trained,
    images: Iterable[str | Path | bytes],
    top: int = 3,
    invert: bool = False,
    skip_broken: bool = False,
) -> list[Prediction]:
    """Ask a model about picture files.

    Args:
        model: a run's folder, a model file, or a trained model.
        images: picture files of any size, or their bytes; each is brought to the size and colour of the
            model.
        top: how many classes to name.
        invert: turn dark into light first, for a model of white digits and a picture of black ink.
        skip_broken: answer for the others when pictures cannot be read; else all of these are raised.

    Raises:
        StriateError: the model cannot be had, or pictures cannot be read; all of these at once.
    """
    found = list(predictions(model, images, top, invert))
    problems = [problem for each in found for problem in each.problems]
    if problems and not skip_broken:
        raise DataError(problems)
    return found


def predictions(
    model: str | Path | Trained, images: Iterable[str | Path | bytes], top: int = 3, invert: bool = False
) -> Iterator[Prediction]:
    """The same one after the other, a few hundred at a time; a broken picture comes with its problems."""
    trained = model if isinstance(model, Trained) else load_trained(model)
    recipe, rest = trained.preprocessing(), iter(images)
    while chunk := list(islice(rest, AT_ONCE)):
        yield from _answered(trained, recipe, chunk, top, invert)


def _answered(
    trained: Trained, recipe: Preprocessing, images: Sequence[str | Path | bytes], top: int, invert: bool
) -> Iterator[Prediction]:
    """The answers for a chunk, in its order."""
    read = [_read(image, recipe, invert) for image in images]
    good = [pixels for pixels in read if isinstance(pixels, np.ndarray)]
    outputs = iter(trained.outputs(np.stack(good))) if good else iter(())
    for image, pixels in zip(images, read, strict=True):
        name = "-" if isinstance(image, bytes) else str(image)
        if isinstance(pixels, np.ndarray):
            output = next(outputs)
            yield Prediction(name, trained.answer.say(output, top), output)
        else:
            yield Prediction(name, None, problems=pixels)


def _read(image: str | Path | bytes, recipe: Preprocessing, invert: bool) -> np.ndarray | tuple[Problem, ...]:
    """Its pixels, or why there are none."""
    try:
        pixels = read_prepared(image, recipe)
    except StriateError as error:
        return error.problems
    return 255 - pixels if invert else pixels
