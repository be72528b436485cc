"""A comparison for a person: tables of layers and weights, a matrix of likeness, pictures that flipped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from striate.explain.comparing.answers import Answers, Flip, sign_test
from striate.explain.comparing.pairing import Pair
from striate.explain.views._grids import labelled
from striate.pages import Note, Panel, Part, Table, grey, heat

if TYPE_CHECKING:
    from striate.explain.comparing.comparison import Comparison

MOST_LAYERS, MOST_WEIGHTS, MOST_PICTURES, MOST_ROWS = 60, 60, 24, 12
WRITTEN = 14
"""Matrices with sides up to this get their numbers written into them."""


def shown_parts(found: Comparison) -> Sequence[Part]:
    """Everything that was compared, and notes on what was not."""
    parts: list[Part] = [Note(note) for note in found.notes]
    parts += _architecture(found)
    parts += _weights(found)
    parts += _activations(found)
    return [*parts, *_answers(found)]


def _architecture(found: Comparison) -> Iterator[Part]:
    if found.layers is None:
        return
    if not found.changed:
        yield Note(f"The architectures are equal: {len(found.layers)} layers.")
        return
    counts = {
        change: sum(pair.change == change for pair in found.layers)
        for change in ("same", "changed", "renamed", "removed", "added")
    }
    said = ", ".join(f"{count} {change}" for change, count in counts.items() if count)
    yield Note(f"Architecture, from {found.names[0]} to {found.names[1]}: {said}.")
    rows = [row for pair in found.changed[:MOST_LAYERS] for row in _layer_rows(pair)]
    yield Table([*found.names, "layer", "", "field", *found.names], rows)
    if len(found.changed) > MOST_LAYERS:
        yield Note(f"… and {len(found.changed) - MOST_LAYERS} more.")


def _layer_rows(pair: Pair) -> list[list[object]]:
    """A row for each field that differs; the layer is named in the first."""
    first = [pair.a or "–", pair.b or "–", pair.kind, pair.change]
    differing = [[name, left, right] for name, (left, right) in pair.fields.items()] or [["", "", ""]]
    return [[*(first if number == 0 else [""] * 4), *each] for number, each in enumerate(differing)]


def _weights(found: Comparison) -> Iterator[Part]:
    if not found.weights:
        return
    known = [each for each in found.weights if each.comparable]
    if known and all(each.relative == 0 for each in known):
        yield Note(f"All {len(known)} weight tensors of equal shape are equal, number by number.")
        if len(known) == len(found.weights):
            return
    yield Note("Weights: distance |b − a| / |a|, cosine of the angle between them, and the largest change.")
    rows = []
    for each in found.weights[:MOST_WEIGHTS]:
        name = each.a if each.a == each.b else f"{each.a} | {each.b}"
        if not each.comparable:
            rows.append([name, " | ".join(map(str, each.shapes)), "–", "–", "shapes differ"])
            continue
        change = f"{each.address}: {each.before:.4g} → {each.after:.4g}" if each.relative else "none"
        shape = " x ".join(map(str, each.shapes[0])) or "one number"
        rows.append([name, shape, _share(each.relative), _cosine(each.cosine), change])
    yield Table(["weights", "shape", "distance", "cosine", "largest change"], rows)
    if len(found.weights) > MOST_WEIGHTS:
        yield Note(f"… and {len(found.weights) - MOST_WEIGHTS} more.")


def _activations(found: Comparison) -> Iterator[Part]:
    if found.alignment is None:
        return
    small = max(found.alignment.shape) <= WRITTEN
    texts = [[_cosine(value, 2) for value in row] for row in found.alignment] if small else None
    colours = heat(np.clip(found.alignment, 0, 1), 0, 1)
    picture = labelled(colours, found.rows, found.columns, texts)
    kind = "debiased linear CKA" if found.debiased else "linear CKA"
    caption = f"rows: {found.names[0]}, columns: {found.names[1]}; dark 0, light 1; magenta: does not vary"
    yield Panel(f"likeness of activations, {kind}", picture, caption, smooth=True)


def _answers(found: Comparison) -> Iterator[Part]:
    answers = found.answers
    if answers is None:
        return
    count, flips = len(answers.chosen[0]), answers.flips
    words = (
        f"{len(flips):,} of {count:,} answers differ; no output differs by more than {answers.largest:.3g}."
    )
    if answers.correct is not None:
        words += _judged(found, answers, count)
    yield Note(words)
    if flips:
        head = ["example", found.names[0], found.names[1], "is", "sure", "sure"]
        yield Table(head, [_row(found, flip) for flip in flips[:MOST_ROWS]])
    if found.x is None or not _are_pictures(found.x):
        return
    yield from (_picture(found, flip) for flip in flips[:MOST_PICTURES])
    if len(flips) > MOST_PICTURES:
        yield Note(f"{len(flips) - MOST_PICTURES:,} more pictures flipped; `.answers.flips` lists them all.")


def _judged(found: Comparison, answers: Answers, count: int) -> str:
    """Who is right how often, and whether chance explains it."""
    assert answers.correct is not None
    right = [
        f"{name} gets {number:,} right" for name, number in zip(found.names, answers.correct, strict=True)
    ]
    if not answers.mended + answers.broken:
        return f" Of {count:,}, {right[0]} and {right[1]}."
    chance = sign_test(answers.mended, answers.broken)
    return (
        f" Of {count:,}, {right[0]} and {right[1]}: {answers.mended} flips mend an answer, {answers.broken} "
        f"break one (chance alone splits them so unevenly with probability {chance:.2g})."
    )


def _row(found: Comparison, flip: Flip) -> list[str]:
    """A flip in words."""
    truth = "–" if flip.truth is None else _name(found, flip.truth)
    return [
        f"#{flip.index}",
        _name(found, flip.a),
        _name(found, flip.b),
        truth,
        *(f"{s:.3f}" for s in flip.sure),
    ]


def _picture(found: Comparison, flip: Flip) -> Panel:
    """A picture that flipped, from what to what."""
    assert found.x is not None
    pixels = found.x[flip.index]
    shown = grey(pixels, 0, 255) if pixels.dtype == np.uint8 else grey(pixels)
    truth = "" if flip.truth is None else f", is {_name(found, flip.truth)}"
    caption = f"#{flip.index}{truth}; {flip.sure[0]:.2f} → {flip.sure[1]:.2f}"
    return Panel(f"{_name(found, flip.a)} → {_name(found, flip.b)}", shown, caption)


def _name(found: Comparison, number: int) -> str:
    names = found.class_names
    return names[number] if names is not None and number < len(names) else str(number)


def _are_pictures(x: np.ndarray) -> bool:
    return x.ndim == 4 and x.shape[-1] in (1, 3)


def _share(value: float) -> str:
    return "∞" if math.isinf(value) else f"{100 * value:.3g} %"


def _cosine(value: float, digits: int = 6) -> str:
    """A number up to 1; what is not 1 never reads as 1."""
    if math.isnan(value):
        return "–"
    text = f"{value:.{digits}f}"
    if digits > 2 and value < 1 and float(text) == 1:
        return f"over {1 - 10**-digits:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits > 2 and value != 1 else text
