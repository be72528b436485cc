"""Which layer of one network stands where another's does, and what is different about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from striate.layers import Layer
from striate.network import Network
from striate.network.shapes import Step

Change = Literal["same", "renamed", "changed", "removed", "added"]
_NAMES = ("name", "input_shape", "trainable")


@dataclass(frozen=True)
class Pair:
    """A layer of both networks, or of one of them.

    Args:
        a, b: their paths; None where there is no counterpart. kind: the class.
        change: what became of it. fields: {field: (in a, in b)} of what differs.
    """

    a: str | None
    b: str | None
    kind: str
    change: Change
    fields: Mapping[str, tuple[Any, Any]]


def pair_layers(a: Network, b: Network) -> tuple[Pair, ...]:
    """Align two networks, nested ones unrolled, in the order in which they run.

    Equal layers are matched first, in order. What lies between two matches is paired by name and class, then
    by class alone; the rest was removed or added.
    """
    first, second = list(a.program.steps.values()), list(b.program.steps.values())
    keys = [[_key(step.layer) for step in steps] for steps in (first, second)]
    pairs: list[Pair] = []
    for _, i, j, k, m in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if keys[0][i:j] == keys[1][k:m]:
            pairs += [_pair(left, right) for left, right in zip(first[i:j], second[k:m], strict=True)]
        else:
            pairs += _between(first[i:j], second[k:m])
    return tuple(_with_links(pairs, a, b))


def _between(first: Sequence[Step], second: Sequence[Step]) -> Iterator[Pair]:
    """Pairs among layers of which no two are equal."""
    free = list(second)
    partners: dict[str, Step] = {}
    for by_name in (True, False):
        for step in first:
            if step.path in partners:
                continue
            found = next((s for s in free if _fits(step, s, by_name)), None)
            if found is not None:
                partners[step.path] = found
                free.remove(found)
    for step in first:
        partner = partners.get(step.path)
        yield _alone(step, "removed") if partner is None else _pair(step, partner)
    for step in free:
        yield _alone(step, "added")


def _fits(a: Step, b: Step, by_name: bool) -> bool:
    return type(a.layer) is type(b.layer) and (not by_name or a.path == b.path)


def _pair(a: Step, b: Step) -> Pair:
    differing = _differing(a.layer, b.layer)
    if a.shape != b.shape:
        differing["output shape"] = (a.shape, b.shape)
    renamed: Change = "renamed" if a.path != b.path else "same"
    return Pair(a.path, b.path, type(a.layer).__name__, "changed" if differing else renamed, differing)


def _alone(step: Step, change: Change) -> Pair:
    a, b = (step.path, None) if change == "removed" else (None, step.path)
    return Pair(a, b, type(step.layer).__name__, change, {})


def _differing(a: Layer, b: Layer) -> dict[str, tuple[Any, Any]]:
    """Fields that differ, names aside."""
    return {
        field.name: (getattr(a, field.name), getattr(b, field.name))
        for field in fields(a)
        if field.name not in ("name", "input_shape") and getattr(a, field.name) != getattr(b, field.name)
    }


def _key(layer: Layer) -> str:
    """Equal for equal layers, whatever they are called."""
    known = (f"{f.name}={getattr(layer, f.name)!r}" for f in fields(layer) if f.name not in _NAMES)
    return f"{type(layer).__name__}({', '.join(known)})"


def _with_links(pairs: Sequence[Pair], a: Network, b: Network) -> Iterator[Pair]:
    """Pairs whose layers read other layers than each other's counterparts are changed too."""
    counterpart = {pair.a: pair.b for pair in pairs if pair.a is not None}
    counterpart |= {left.name: right.name for left, right in zip(a.inputs, b.inputs, strict=False)}
    for pair in pairs:
        if pair.a is None or pair.b is None:
            yield pair
            continue
        left, right = a.program.steps[pair.a].inputs, b.program.steps[pair.b].inputs
        if tuple(counterpart.get(name) for name in left) == right:
            yield pair
            continue
        reads = {"reads": (" and ".join(left), " and ".join(right))}
        yield Pair(pair.a, pair.b, pair.kind, "changed", {**pair.fields, **reads})
