"""What a classifier sees in picture files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import DataError, Problem, StriateError
from striate.images import Preprocessing, read_image
from striate.tasks.classifier import Classifier, load_classifier
from striate.training._scaling import has_scaling_layer


@dataclass(frozen=True)
class Guess:
    """A class and how likely it is."""

    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What the model says about a picture.

    Args:
        image: the file. guesses: the likeliest first.
    """

    image: str
    guesses: tuple[Guess, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        top = [{"class": guess.name, "probability": guess.probability} for guess in self.guesses]
        return {"image": self.image, "top": top}


def predict(
    model: str | Path | Classifier, images: Sequence[str | Path], top: int = 3, invert: bool = False
) -> list[Prediction]:
    """Classify picture files.

    Args:
        model: a run's folder, a model file, or a classifier.
        images: picture files of any size; each is brought to the size and colour of the model.
        top: how many classes to name.
        invert: turn dark into light first, for a model of white digits and a picture of black ink.

    Raises:
        StriateError: the model cannot be had, or pictures cannot be read; all of these at once.
    """
    classifier = model if isinstance(model, Classifier) else load_classifier(model)
    preprocessing = picture_recipe(classifier)
    pictures, problems = [], []
    for image in images:
        try:
            pixels = preprocessing.prepare(read_image(image))
            pictures.append(255 - pixels if invert else pixels)
        except StriateError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(problems)
    shape = classifier.model.network.inputs[0].shape or ()
    x = np.stack(pictures).reshape(len(pictures), *shape)
    if classifier.model.preprocessing is None:
        x = preprocessing.scale_pixels(x)
    answers = classifier.probabilities(np.asarray(x))
    return [
        Prediction(str(image), _likeliest(row, classifier.class_names, top))
        for image, row in zip(images, answers, strict=True)
    ]


def picture_recipe(classifier: Classifier) -> Preprocessing:
    """How pictures become the model's input: as the model says, or by the shape of its input.

    Raises:
        DataError: the input is no picture.
    """
    shape = tuple(classifier.model.network.inputs[0].shape or ())
    found = classifier.model.preprocessing
    if found is not None and found.size is not None:
        return found
    if len(shape) != 3 or shape[2] not in (1, 3):
        happened = f"its input has the shape {shape}"
        cure = "Use it from Python instead: st.load(path).predict(x)."
        raise DataError(Problem(classifier.model.name, happened, "(H, W, 1) or (H, W, 3)", cure))
    if found is not None:
        return Preprocessing(shape[:2], shape[2], found.scale, found.mean, found.std, found.fit)
    scale = 1.0 if has_scaling_layer(classifier.model.network) else 1 / 255
    return Preprocessing(shape[:2], shape[2], scale)


def _likeliest(row: np.ndarray, names: Sequence[str], top: int) -> tuple[Guess, ...]:
    """The likeliest classes; equally likely ones in label order."""
    order = np.argsort(-row, kind="stable")[:top]
    return tuple(Guess(names[int(i)], float(row[i])) for i in order)
