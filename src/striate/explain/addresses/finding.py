"""From what a person typed to the numbers it means: paths, parts of layers, and the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from striate.errors import ArgumentError, Problem
from striate.explain.addresses.address import Address, cuts, shown
from striate.explain.addresses.sites import LOSS, SCORE, TARGET, named
from striate.network import Network
from striate.network.shapes import Step

MAIN = "weights"
"""The part that means a layer's main weight, whatever it is called."""


@dataclass(frozen=True)
class Finder:
    """What can be asked of a network.

    Args:
        network: the network. paths: of all its numbers, weights and targets included.
        train: whether the numbers are those of training.
    """

    network: Network
    paths: frozenset[str]
    train: bool = False

    def find(self, text: str | Address) -> Address:
        """The address with the one path that its numbers have.

        Raises:
            ArgumentError: the text is no address, or nothing has this path; the nearest name is suggested.
        """
        if isinstance(text, str) and text:
            for cut in cuts(text):
                if (path := self._path(text[:cut])) is not None:
                    return replace(Address.ending_at(text, cut), path=path)
        address = Address.parse(text)
        if (path := self._path(address.path)) is None:
            raise ArgumentError(self._unknown(address))
        return replace(address, path=path)

    def _path(self, path: str) -> str | None:
        """The path of the numbers that a path means, or None."""
        program = self.network.program
        if path in (LOSS, SCORE, TARGET) and path in self.paths:
            return path
        if path in program.names:
            return named(program, program.names[path])
        if path == "input":
            return named(program, self.network.inputs[0].name)
        if path in self.paths:
            return path
        name, _, part = path.rpartition("/")
        if part == "output" and name in program.names:
            return named(program, program.names[name])
        if part == "output" and name == "input":
            return named(program, self.network.inputs[0].name)
        step = program.steps.get(program.names.get(name, ""))
        return None if step is None else self._part(step, part)

    def _part(self, step: Step, part: str) -> str | None:
        """A part of a layer: a stage inside it, or a weight under the path of its owner."""
        weights = list(step.layer.weights(*(step.input_shapes or ())))
        if part == MAIN and weights:
            return f"{step.owner}/{weights[0]}"
        if part in weights:
            return f"{step.owner}/{part}"
        path = f"{step.path}/{part}"
        return path if path in self.paths else None

    def parts(self, step: Step) -> list[str]:
        """What a layer has: its output, stages inside it, weights."""
        prefix = f"{step.path}/"
        inside = sorted(path.removeprefix(prefix) for path in self.paths if path.startswith(prefix))
        weights = list(step.layer.weights(*(step.input_shapes or ())))
        return list(dict.fromkeys(["output", *inside, *weights, *([MAIN] if weights else [])]))

    def _unknown(self, address: Address) -> Problem:
        """What to say of a path that nothing has."""
        program, (name, _, part) = self.network.program, address.path.rpartition("/")
        where = shown(str(address))
        if (word := address.path) in (LOSS, TARGET):
            cure = "Give them as y: at(model, address, x, y)."
            return Problem(where, f"there is no {word} without targets", "targets", cure)
        if word == SCORE:
            cure = "Leave y out for gradients of the winning score."
            return Problem(where, "with targets gradients are of the loss", "'loss', or no targets", cure)
        if "[" in part and "]" not in part:
            cure = "Write for instance [0,5,3,7]."
            return Problem(where, "its index is not closed", "a ] at its end", cure)
        if name in program.names:
            step = program.steps.get(name)
            inside = [n.removeprefix(f"{name}/") for n in program.names if n.startswith(f"{name}/")]
            known = list(dict.fromkeys(["output", *inside])) if step is None else self.parts(step)
            cure = self._batch_cure(part) or _meant(part, known)
            return Problem(where, f"{shown(name)} has no {shown(part)!r}", _some(known), cure)
        names = [*program.names, "input", *(w for w in (LOSS, SCORE, TARGET) if w in self.paths)]
        wanted = name if name and nearest(name, names) else address.path
        happened, known = f"there is no layer {shown(wanted)!r}", list(program.names)
        return Problem(where, happened, f"one of {_some(known)}", _meant(wanted, names))

    def _batch_cure(self, part: str) -> str | None:
        """Where the statistics of a batch norm are at inference, and dropout's mask."""
        if self.train:
            return None
        if part in ("mean", "variance"):
            return f"At inference 'moving_{part}' is used; give train=True for that of the batch."
        return "It is there only in training: give train=True." if part in ("mask", "noise") else None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like another, if one is at all.

    >>> nearest("covn1", ["conv1", "dense1"])
    'conv1'
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def _meant(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"Did you mean {near!r}?" if near else "model.summary() shows the layers."


def _some(names: list[str]) -> str:
    """Names in a row, the first ones only of many."""
    listed = ", ".join(map(shown, names[:12]))
    return listed if len(names) <= 12 else f"{listed} and {len(names) - 12} more"
