"""Two models, two steps, two precisions, two runtimes: what is different, and what difference it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.comparing.answers import Answers, compare_answers
from striate.explain.comparing.pairing import Pair, pair_layers
from striate.explain.comparing.showing import shown_parts
from striate.explain.comparing.sides import OUTPUT, Side, side_of
from striate.explain.comparing.similarity import alignments, gram
from striate.explain.comparing.weights import WeightDifference, compare_weights
from striate.explain.recording.reading import RecordedStep
from striate.pages import Part, Shown

LEAST_EXAMPLES = 4
"""The debiased alignment needs so many."""

MOST_BYTES = 2**31
"""Activations of one side that are held at once, at most."""


@dataclass(frozen=True, eq=False)
class Comparison(Shown):
    """What differs between two sides, a and b.

    Args:
        title: a heading. names: of the sides.
        layers: what became of each layer; None where a side has no architecture.
        weights: the difference of each tensor that both have.
        rows, columns: the names of the layers of a and b whose activations were compared.
        alignment: (rows, columns) linear CKA, or None. debiased: which estimate it is.
        answers: classes that changed, or None. class_names: of the answers, or None.
        x: the examples, or None. notes: what could not be compared, and why.
    """

    title: str
    names: tuple[str, str]
    layers: tuple[Pair, ...] | None
    weights: tuple[WeightDifference, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    alignment: np.ndarray | None
    debiased: bool
    answers: Answers | None
    class_names: tuple[str, ...] | None
    x: np.ndarray | None
    notes: tuple[str, ...]

    @property
    def changed(self) -> tuple[Pair, ...]:
        """The layers that were added, removed, renamed or changed."""
        return tuple(pair for pair in self.layers or () if pair.change != "same")

    def parts(self) -> Sequence[Part]:
        """Architecture, weights, activations and answers, one after the other."""
        return shown_parts(self)


def compare(
    a: Any,
    b: Any,
    x: Any = None,
    y: Any = None,
    *,
    layers: Any = None,
    debiased: bool = True,
    names: tuple[str, str] | None = None,
) -> Comparison:
    """Compare two models, two steps of a training, two precisions, or a model with another runtime.

    Args:
        a, b: each a model; a recorded step (`recording.at(120)`); "bfloat16" or "float16" beside a model, for
            that model with its weights and its arithmetic in that precision; a function of x, such as
            `lambda x: session.run(None, {"input": x})`, whose answer is an array, a list whose first is the
            output, or a dict of arrays by layer; or such arrays themselves.
        x: examples, raw or scaled as the models take them, and as they are for functions; of two recorded
            steps the probe unless given. y: the right classes, to tell better from worse.
        layers: names of layers whose activations are compared; those with a kernel and the output unless
            given.
        debiased: which estimate of linear CKA is shown; see `alignment`. names: what to call a and b.

    Returns:
        Comparison.

    Raises:
        ArgumentError: a side that cannot be compared, layers that no side has, too many activations to hold.
        DataError, ShapeError: x or y does not fit.

    >>> import numpy as np, striate as st
    >>> model = st.Sequential([st.Input((4,)), st.layers.Dense(2, activation="softmax")], seed=1)
    >>> found = compare(model, "bfloat16", np.eye(4, dtype=np.float32))
    >>> found.changed, found.weights[0].relative < 0.01, found.answers.largest < 0.02
    ((), True, True)
    """
    sides = side_of(a, b, "a"), side_of(b, a, "b")
    names = _told_apart(sides[0].name, sides[1].name) if names is None else names
    x = _probe(a, b) if x is None else x
    notes: list[str] = []
    pairs = _pairs(*sides, notes)
    weights = compare_weights(sides[0].weights, sides[1].weights, pairs)
    rows, columns, alignment = (), (), None
    answers = None
    if x is None:
        notes.append("No examples were given, so neither activations nor answers are compared.")
    else:
        first, second = _values(sides[0], x, layers), _values(sides[1], x, layers)
        rows, columns, alignment = _aligned(*sides, first, second, layers, debiased, notes)
        answers = _answers(*sides, first, second, y, notes)
    model = sides[0].model or sides[1].model
    class_names = None if model is None else model.class_names
    shown = None if x is None or isinstance(x, dict | list | tuple) else np.asarray(x)
    title = f"{names[0]} and {names[1]}"
    return Comparison(
        title, names, pairs, weights, rows, columns, alignment, debiased, answers, class_names, shown,
        tuple(notes),
    )  # fmt: skip


def _told_apart(a: str, b: str) -> tuple[str, str]:
    """Names that are different."""
    return (f"{a} (a)", f"{b} (b)") if a == b else (a, b)


def _probe(a: Any, b: Any) -> Any:
    """The examples of a recording, where both sides are steps of it."""
    if isinstance(a, RecordedStep) and isinstance(b, RecordedStep) and a.values() and b.values():
        inputs = list(a.recording.probe[0].values())
        return inputs[0] if len(inputs) == 1 else tuple(inputs)
    return None


def _pairs(a: Side, b: Side, notes: list[str]) -> tuple[Pair, ...] | None:
    if a.network is None or b.network is None:
        which = " and ".join(side.name for side in (a, b) if side.network is None)
        notes.append(f"Architectures are not compared: {which} has none.")
        return None
    return pair_layers(a.network, b.network)


def _values(side: Side, x: Any, layers: Any) -> dict[str, np.ndarray]:
    """The activations that are compared, and the output."""
    names = list(dict.fromkeys([*_chosen(side, layers), side.output]))
    if side.network is not None:
        shapes = side.network.shapes
        count = len(next(iter(x.values())) if isinstance(x, dict) else x[0] if isinstance(x, tuple) else x)
        size = 4 * count * sum(int(np.prod(shapes[name])) for name in names if name in shapes)
        if size > MOST_BYTES:
            happened = (
                f"the activations of {len(names)} layers for {count:,} examples take {size / 2**30:.1f} GiB"
            )
            cure = "Give fewer examples, or name fewer layers with layers=."
            raise ArgumentError(Problem("compare", happened, f"at most {MOST_BYTES // 2**30} GiB", cure))
    return {} if side.run is None else dict(side.run(x, names))


def _chosen(side: Side, layers: Any) -> list[str]:
    """Names of layers: those that were asked for, or those with a kernel."""
    if layers is not None:
        return [layers] if isinstance(layers, str) else list(layers)
    if side.network is None:
        return []
    kernels = [path for path, weights in side.network.declared.items() if any("kernel" in w for w in weights)]
    return [path for path in kernels if path in side.network.program.steps]


def _aligned(
    a: Side,
    b: Side,
    first: dict[str, np.ndarray],
    second: dict[str, np.ndarray],
    layers: Any,
    debiased: bool,
    notes: list[str],
) -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray | None]:
    """The matrix of alignments and the names at its sides."""
    if layers is not None:
        missing = [name for name in _chosen(a, layers) if name not in first and name not in second]
        if missing:
            known = sorted({*first, *second} - {OUTPUT}) + _chosen(a, None)
            cure = "model.summary() shows the layers."
            expected = f"some of {', '.join(dict.fromkeys(known[:12]))}"
            happened = f"neither side has {', '.join(map(repr, missing))}"
            raise ArgumentError(Problem("layers", happened, expected, cure))
    sizes = {len(array) for array in (*first.values(), *second.values())}
    if len(sizes) > 1:
        notes.append("Activations are not compared: the sides looked at different numbers of examples.")
    elif not first or not second:
        notes.append("Activations are not compared: one side has none.")
    elif debiased and min(sizes) < LEAST_EXAMPLES:
        notes.append(f"Activations are not compared: the debiased alignment needs {LEAST_EXAMPLES} examples.")
    else:
        grams = [[gram(array) for array in values.values()] for values in (first, second)]
        return tuple(first), tuple(second), alignments(grams[0], grams[1], debiased)
    return (), (), None


def _answers(
    a: Side, b: Side, first: dict[str, np.ndarray], second: dict[str, np.ndarray], y: Any, notes: list[str]
) -> Answers | None:
    """What the sides answer."""
    outputs = _output(a, b, first), _output(b, a, second)
    if outputs[0] is None or outputs[1] is None:
        notes.append("Answers are not compared: one side gives none.")
        return None
    found = compare_answers(outputs[0], outputs[1], y)
    if found is None:
        notes.append("Answers are not compared: the outputs are no numbers for classes.")
    return found


def _output(side: Side, other: Side, values: dict[str, np.ndarray]) -> np.ndarray | None:
    """A side's output; a dict of arrays may call it as the other side's network does."""
    for name in (side.output, other.output):
        if name in values:
            return values[name]
    return None
