"""What a network and its losses want of the data, and the host checks that say all at once what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from striate.errors import DataError, Problem
from striate.training._batches import Batch, gather
from striate.training._input_checks import finite_problem, input_problems, with_rank
from striate.training._loss import TargetKind
from striate.training._target_checks import target_problems, with_target_form

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Wanted:
    """The promise that data must keep before anything is compiled.

    Args:
        inputs: name -> shape of one example, for each input of the network.
        outputs: name -> shape of one example, for each output.
        kinds: what the loss of each output wants; empty when nothing but predictions is asked for.
        scaled: whether raw uint8 pictures are scaled by the model's preprocessing or a first layer.
        class_weight: class number -> weight, or None.
    """

    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    kinds: tuple[TargetKind, ...] = ()
    scaled: bool = False
    class_weight: Mapping[int, float] | None = None

    def prepare(self, x: Any, y: Any = None, sample_weight: Any = None, where: str = "") -> Batch:
        """Bring data to their one form: float32 or uint8 inputs, int32 or float32 targets, float32 weights.

        Args:
            x: an array for each input. y: an array for each output. sample_weight: (N,), or one for each
                output.
            where: put before the argument's name in messages, such as "batch 3: ".

        Raises:
            DataError: all that is wrong with shapes, numbers, labels and lengths.
        """
        inputs = gather(x, tuple(self.inputs), where + "x")
        inputs = tuple(with_rank(a, shape) for a, shape in zip(inputs, self.inputs.values(), strict=True))
        targets = self._targets(y, where)
        weights = self._weights(sample_weight, targets, where)
        problems = input_problems(
            self._named(where + "x", self.inputs), inputs, self.inputs.values(), self.scaled
        )
        if self.kinds:
            names = self._named(where + "y", self.outputs)
            problems += target_problems(names, targets, self.outputs.values(), self.kinds)
        problems += _length_problems(where, inputs, targets, weights)
        if problems:
            raise DataError(problems)
        return Batch(
            tuple(_number_type(array) for array in inputs),
            tuple(
                with_target_form(t, s, k)
                for t, s, k in zip(targets, self.outputs.values(), self.kinds, strict=True)
            )
            if self.kinds
            else (),
            self._with_class_weights(targets, weights),
        )

    def weigh(self, batch: Batch) -> Batch:
        """A prepared batch with the class weights multiplied in."""
        return batch._replace(weights=self._with_class_weights(batch.targets, batch.weights))

    def without_class_weights(self) -> Wanted:
        """The same for data that are only measured."""
        return replace(self, class_weight=None)

    def _targets(self, y: Any, where: str) -> tuple[np.ndarray, ...]:
        if not self.kinds:
            return ()
        if y is None:
            raise DataError(
                Problem(where + "y", "nothing was given", "the targets of the examples", "Give y beside x.")
            )
        return gather(y, tuple(self.outputs), where + "y")

    def _weights(self, given: Any, targets: tuple[np.ndarray, ...], where: str) -> tuple[np.ndarray, ...]:
        if given is None or not targets:
            return ()
        if len(self.outputs) > 1 and not isinstance(given, list | tuple | Mapping):
            given = (given,) * len(self.outputs)
        arrays = gather(given, tuple(self.outputs), where + "sample_weight")
        return tuple(with_rank(np.asarray(array, np.float32), ()) for array in arrays)

    def _with_class_weights(
        self, targets: tuple[np.ndarray, ...], weights: tuple[np.ndarray, ...]
    ) -> tuple[np.ndarray, ...]:
        if self.class_weight is None or not targets:
            return weights
        classes = [class_numbers(t, kind) for t, kind in zip(targets, self.kinds, strict=True)]
        factors = [lookup(self.class_weight, numbers) for numbers in classes]
        if not weights:
            return tuple(factors)
        return tuple(weight * factor for weight, factor in zip(weights, factors, strict=True))

    @staticmethod
    def _named(argument: str, names: Mapping[str, Shape]) -> tuple[str, ...]:
        """How messages call each array: "x" when there is one, "x['left']" when there are several."""
        return (argument,) if len(names) == 1 else tuple(f"{argument}[{name!r}]" for name in names)


def class_numbers(targets: np.ndarray, kind: TargetKind) -> np.ndarray:
    """The class of each example, (N,), from class numbers, rows of probabilities or yes/no numbers."""
    if kind == "one_hot":
        return targets.argmax(axis=-1)
    return targets.reshape(len(targets)).round().astype(np.int64)


def lookup(table: Mapping[int, float], classes: np.ndarray) -> np.ndarray:
    """The weight of each example, 1 for a class that the table does not name, as Keras does."""
    factors = np.ones(len(classes), np.float32)
    for number, weight in table.items():
        factors[classes == int(number)] = weight
    return factors


def _number_type(array: np.ndarray) -> np.ndarray:
    """uint8 stays (a quarter of the memory); every other kind of number becomes float32."""
    return array if array.dtype == np.uint8 else np.asarray(array, np.float32)


def _length_problems(
    where: str,
    inputs: tuple[np.ndarray, ...],
    targets: tuple[np.ndarray, ...],
    weights: tuple[np.ndarray, ...],
) -> list[Problem]:
    """A problem for each of y and sample_weight that is not as long as x, and for no examples at all."""
    lengths = {len(array) for array in inputs if array.ndim}
    if lengths == {0}:
        return [
            Problem(
                where + "x", "there are no examples", "at least one example", "Check how the data are read."
            )
        ]
    if len(lengths) != 1:
        shown = ", ".join(map(str, sorted(lengths)))
        return [Problem(where + "x", f"the inputs have {shown} examples", "the same number", "Pair them up.")]
    (length,) = lengths
    problems = []
    for name, arrays in (("y", targets), ("sample_weight", weights)):
        wrong = sorted({len(array) if array.ndim else 0 for array in arrays} - {length})
        if wrong:
            happened = f"it has {wrong[0]} examples and x has {length}"
            problems.append(
                Problem(where + name, happened, "one for each example of x", "Pair them up again.")
            )
    return problems or _weight_problems(where + "sample_weight", weights)


def _weight_problems(name: str, weights: tuple[np.ndarray, ...]) -> list[Problem]:
    """A problem for each array of weights that does not hold one finite number for each example."""
    problems = []
    for array in weights:
        if array.ndim != 1:
            happened, expected = f"got an array of shape {array.shape}", "one number for each example, (N,)"
            problems.append(Problem(name, happened, expected, "Give a weight for each example."))
        elif (problem := finite_problem(name, array)) is not None:
            problems.append(problem)
    return problems
