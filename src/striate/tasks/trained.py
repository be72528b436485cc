"""A trained model as a person means it: from a file or a run, and what its outputs stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.applications import pretrained
from striate.datasets.folders.batches import Batches
from striate.errors import DataError, Problem
from striate.images import Preprocessing
from striate.layers import Average
from striate.models import Model, load
from striate.network import Network
from striate.tasks.answers import Answer, Binary, Multinomial, from_json
from striate.tasks.run_folder import model_file
from striate.training._scaling import has_scaling_layer

BATCH = 500


@dataclass(frozen=True)
class Trained:
    """A model and the kind of answer that it gives.

    Args:
        model: the model. answer: what its outputs stand for. path: the file it came from, or None.
    """

    model: Model
    answer: Answer
    path: Path | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input."""
        return tuple(self.model.network.inputs[0].shape or ())

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return self.model.name if self.path is None else str(self.path)

    def outputs(self, x: Any) -> np.ndarray:
        """(N, units) float64 in the form that the answer reads; logits go through its activation.

        Args:
            x: (N, H, W, C) uint8 pictures, or `Batches` of them.
        """
        given = self._once(x)
        return (given + self._once(x, mirrored=True)) / 2 if self.looks_twice else given

    @property
    def looks_twice(self) -> bool:
        """Whether the answer is the mean of those for a picture and for its mirror image."""
        return self.model.about.get("mirrored") is True

    def _once(self, x: Any, mirrored: bool = False) -> np.ndarray:
        """One pass through the network."""
        fed = (
            self.as_input(_mirror(x) if mirrored else x)
            if isinstance(x, np.ndarray)
            else Fed(x, self, mirrored)
        )
        raw = np.asarray(self.model.predict(fed, batch_size=BATCH, verbose=0), np.float64)
        return self.answer.from_raw(raw) if gives_logits(self.model.network, self.answer) else raw

    def as_input(self, x: np.ndarray) -> np.ndarray:
        """Pictures in the shape that the model takes; a model without scaling gets numbers from 0 to 1.

        What is not uint8 is taken to be scaled already.
        """
        pictures = x.reshape(len(x), *self.shape)
        scaled = (
            x.dtype != np.uint8
            or self.model.preprocessing is not None
            or has_scaling_layer(self.model.network)
        )
        return pictures if scaled else pictures.astype(np.float32) / np.float32(255)

    def preprocessing(self) -> Preprocessing:
        """How pictures become the input: as the model says, or by the shape of its input.

        Raises:
            DataError: the input is no picture.
        """
        found, shape = self.model.preprocessing, self.shape
        if found is not None and found.size is not None:
            return found
        if len(shape) != 3 or shape[2] not in (1, 3):
            cure = "Use it from Python instead: st.load(path).predict(x)."
            happened = f"its input has the shape {shape}"
            raise DataError(Problem(self.model.name, happened, "(H, W, 1) or (H, W, 3)", cure))
        if found is not None:
            return Preprocessing(shape[:2], shape[2], found.scale, found.mean, found.std, found.fit)
        return Preprocessing(shape[:2], shape[2], 1.0 if has_scaling_layer(self.model.network) else 1 / 255)


@dataclass(frozen=True)
class Fed:
    """Batches as the model takes them; asked for by number, they come in the order of their epoch.

    Args:
        batches: of pictures and targets. trained: the model. mirrored: left for right.
    """

    batches: Batches
    trained: Trained
    mirrored: bool = False

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The first epoch."""
        return self.at(0)

    def at(self, epoch: int, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of one epoch, from the batch `start` on."""
        batches = self.batches.at(epoch, start)
        return ((self.trained.as_input(_mirror(x) if self.mirrored else x), y) for x, y in batches)


def _mirror(x: np.ndarray) -> np.ndarray:
    """Left for right."""
    return np.ascontiguousarray(x[:, :, ::-1])


def load_trained(path: str | Path, class_names: Sequence[str] | None = None) -> Trained:
    """The model of a run's folder or of a file.

    Args:
        path: the folder or the file, or the name of trained weights. class_names: names to use when the file
            holds none.

    Raises:
        StriateError: there is no such model, the file is refused, or its outputs are no answer.
    """
    if pretrained.is_name(str(path)):
        return make_trained(pretrained.load(str(path)), class_names)
    file = model_file(path)
    return make_trained(load(file), class_names, file)


def make_trained(model: Model, class_names: Sequence[str] | None = None, path: Path | None = None) -> Trained:
    """A model with its answer: the one it says, else classes.

    Raises:
        DataError: it has several inputs or outputs, or an output that is not one number for each class.
        FormatError: what it says about its answer does not fit it.
    """
    network, shapes = model.network, model.network.output_shapes
    where = str(path) if path is not None else model.name
    if len(network.inputs) != 1 or len(shapes) != 1 or len(shapes[0]) != 1:
        sizes = ", ".join(map(str, shapes))
        happened = f"it has {len(network.inputs)} inputs and outputs of the shapes {sizes}"
        cure = "Use it from Python instead: st.load(path).predict(x)."
        raise DataError(Problem(where, happened, "one input and one number for each class", cure))
    units = shapes[0][0]
    if "answer" in model.about:
        answer = from_json(model.about["answer"], f"{where}, answer")
        if answer.units != units:
            happened = f"the model gives {units} numbers and its answer wants {answer.units}"
            raise DataError(Problem(where, happened, "as many of both", "Train the model again."))
        return Trained(model, answer, path)
    classes = max(2, units)
    names = model.class_names or tuple(class_names or ())
    said = names if len(names) == classes else tuple(map(str, range(classes)))
    return Trained(model, Binary(said) if units == 1 else Multinomial(said), path)


def gives_logits(network: Network, answer: Answer) -> bool:
    """Whether the network ends before the activation that its answer needs, as classes allow it."""
    return answer.ACTIVATION in ("softmax", "sigmoid") and not ends_in_chances(network)


def ends_in_chances(network: Network) -> bool:
    """Whether the only output ends in a softmax or a sigmoid."""
    return _are_chances(network, network.program.outputs[0])


def _are_chances(network: Network, path: str) -> bool:
    """Whether a step gives probabilities; the mean of probabilities is one."""
    step: Any = network.program.steps.get(path)
    if step is None:
        return False
    if isinstance(step.layer, Average):
        return all(_are_chances(network, each) for each in step.inputs)
    name = getattr(step.layer, "activation", None)
    return name in ("softmax", "sigmoid") or type(step.layer).__name__ == "Softmax"
