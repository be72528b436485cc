"""Warnings about what layers make of each other: too heavy, too narrow, too linear, squashed twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from striate.errors import Problem
from striate.layers import (
    ELU,
    Activation,
    BatchNormalization,
    Dropout,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Layer,
    LeakyReLU,
    PReLU,
    ReLU,
    Softmax,
)
from striate.network._structure import InputSpec, Structure
from striate.network.costs import Row
from striate.network.shapes import Program, Step
from striate.ops.geometry import by

HEAVY_SHARE, HEAVY_WEIGHTS = 0.9, 10_000
MIN_SIDE = 8
"""A picture with fewer rows or columns is not taken for one with its channels first."""
_GLOBAL = (GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalMaxPooling1D, GlobalMaxPooling2D)
_BENDING = (Activation, ELU, LeakyReLU, PReLU, ReLU, Softmax)
_LINEAR_KINDS = frozenset({"conv", "dense", "deconv", "local", "separable"})


@dataclass(frozen=True)
class Facts:
    """What the warnings look at.

    Args:
        inputs: of the network.
        program: its steps.
        rows: their costs.
        readers: for each path the steps that read it.
        complete: no step is missing for a mistake in it or before it.
    """

    inputs: tuple[InputSpec, ...]
    program: Program
    rows: dict[str, Row]
    readers: dict[str, list[Step]]
    complete: bool


def wiring_warnings(
    network: Structure, program: Program, rows: Sequence[Row], complete: bool
) -> list[Problem]:
    """Every warning of this kind."""
    readers: dict[str, list[Step]] = {}
    for step in program.steps.values():
        for name in dict.fromkeys(step.inputs):
            readers.setdefault(name, []).append(step)
    known = Facts(network.inputs, program, {row.name: row for row in rows}, readers, complete)
    return [problem for warning in _WARNINGS for problem in warning(known)]


def channels_first(known: Facts) -> Iterator[Problem]:
    """A picture whose first axis is as short as channels are, while its last one is not."""
    for spec in known.inputs:
        if spec.shape is None or len(spec.shape) != 3:
            continue
        channels, *sides = spec.shape
        slides = any(step.layer.SEES == "window" for step in known.readers.get(spec.name, []))
        if slides and channels in (1, 3, 4) and min(sides) >= MIN_SIDE:
            cure = f"Write shape {(*sides, channels)}, and transpose the pictures likewise."
            happened = f"shape {spec.shape} looks like channels, height, width"
            yield _warning(spec.name, happened, "height, width, channels", cure)


def heavy_dense(known: Facts) -> Iterator[Problem]:
    """A dense layer on a picture that holds nearly all weights."""
    total = sum(row.params for row in known.rows.values())
    owners = sum(row.params > 0 for row in known.rows.values())
    pictures = any(len(spec.shape or ()) > 1 for spec in known.inputs)
    for row in known.rows.values() if known.complete else ():
        if (
            row.kind == "dense"
            and row.params >= max(HEAVY_SHARE * total, HEAVY_WEIGHTS)
            and owners > 1
            and pictures
        ):
            happened = f"it holds {row.params / total:.1%} of the {total:,} weights"
            cure = "Shrink the map before Flatten with pooling or strides, or use GlobalAveragePooling2D."
            yield _warning(row.name, happened, f"less than {HEAVY_SHARE:.0%} in one dense layer", cure)


def narrow_view(known: Facts) -> Iterator[Problem]:
    """Global pooling over positions that see only part of the picture: nobody ever sees it whole."""
    for step in known.program.steps.values():
        row = known.rows.get(step.inputs[0])
        if not isinstance(step.layer, _GLOBAL) or row is None or row.receptive is None:
            continue
        image = next(
            (spec.shape or () for spec in known.inputs if len(spec.shape or ()) == len(row.output_shape)), ()
        )
        size = row.receptive.size
        if row.receptive.everything or len(size) != len(image) - 1:
            continue
        if any(seen < length for seen, length in zip(size, image, strict=False)):
            happened = f"each position it pools sees {by(size)} of the {by(image[:-1])} image"
            cure = "Add layers, strides, dilation or larger kernels before it."
            yield _warning(step.path, happened, "a receptive field as large as the image", cure)


def squashed_twice(known: Facts) -> Iterator[Problem]:
    """A softmax whose probabilities go through another activation or into another layer."""
    for step in known.program.steps.values():
        if activation_of(step.layer) != "softmax":
            continue
        for reader in known.readers.get(step.path, []):
            second = activation_of(reader.layer)
            if isinstance(reader.layer, _BENDING) and second is not None:
                happened = f"it applies {second} to the probabilities that {step.path!r} made with softmax"
                yield _warning(reader.path, happened, "one activation", "Leave one of the two out.")
            elif reader.layer.KIND in _LINEAR_KINDS:
                happened = f"its softmax feeds {reader.path!r}"
                cure = "Use relu between layers; softmax makes units share 1 and starves their gradients."
                yield _warning(step.path, happened, "softmax at the end only", cure)


def odd_endings(known: Facts) -> Iterator[Problem]:
    """A softmax over a single unit is always 1; a relu at the end has no gradient where it is 0."""
    for step in known.program.steps.values():
        if (
            activation_of(step.layer) == "softmax"
            and getattr(step.layer, "axis", -1) == -1
            and (step.shape or ())[-1:] == (1,)
        ):
            cure = "Use activation='sigmoid' for one unit, or one unit for each class."
            yield _warning(step.path, "softmax over a single unit is always 1", "at least 2 units", cure)
        if (
            step.path in known.program.outputs
            and step.layer.KIND == "dense"
            and activation_of(step.layer) == "relu"
        ):
            cure = "Leave the activation out, or use softmax, sigmoid or softplus."
            happened = "the network ends in relu, which stops learning wherever it gives 0"
            yield _warning(step.path, happened, "an ending whose gradient does not vanish", cure)


def nothing_between(known: Facts) -> Iterator[Problem]:
    """Two linear layers with no activation between them do no more than one, unless a bottleneck is meant."""
    for step in known.program.steps.values():
        if step.layer.KIND not in _LINEAR_KINDS or activation_of(step.layer) is not None:
            continue
        for reader in _after(step, known):
            if reader.layer.KIND in _LINEAR_KINDS and not _narrows(step, reader):
                happened = f"no activation lies between it and {reader.path!r}"
                cure = "Give it activation='relu', or leave one of the two out."
                yield _warning(step.path, happened, "something nonlinear between two linear layers", cure)


def _narrows(step: Step, reader: Step) -> bool:
    """Whether fewer channels lie between two layers than around them: one layer would want more weights.

    MobileNetV2's blocks are such bottlenecks, linear on purpose (Sandler et al., 2018).
    """
    shapes = ((step.input_shapes or ((),))[0], step.shape or (), reader.shape or ())
    before, between, behind = (shape[-1] if shape else 0 for shape in shapes)
    return between < min(before, behind)


def activation_of(layer: Layer) -> str | None:
    """The name of the activation a layer ends with, None for none."""
    name = getattr(layer, "activation", None)
    if isinstance(layer, _BENDING) and not isinstance(layer, Activation):
        name = layer.KIND
    return None if name == "linear" else name


def _after(step: Step, known: Facts) -> list[Step]:
    """The steps that read this one, looking through those that bend nothing."""
    found: list[Step] = []
    waiting = list(known.readers.get(step.path, []))
    while waiting:
        reader = waiting.pop(0)
        if isinstance(reader.layer, Flatten | Dropout | BatchNormalization):
            waiting += known.readers.get(reader.path, [])
        else:
            found.append(reader)
    return found


def _warning(where: str, happened: str, expected: str, cure: str) -> Problem:
    return Problem(where, happened, expected, cure, "warning")


_WARNINGS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (
    channels_first,
    heavy_dense,
    narrow_view,
    squashed_twice,
    odd_endings,
    nothing_between,
)
