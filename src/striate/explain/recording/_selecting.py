"""From names of layers and words such as "weights" to the arrays that are recorded."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from striate.errors import ArgumentError, Problem
from striate.explain._tracing import trace
from striate.explain.recording._layout import Entry
from striate.layers._base import Shape
from striate.network import Network

WHAT = ("weights", "gradients", "activations")
ON = ("probe", "batch")
GRAD = ".grad"


@dataclass(frozen=True)
class Selection:
    """What is recorded of a network.

    Args:
        values: names of activations, as `trace` has them. weights: (group, path, name) of weights.
        what: some of WHAT. on: some of ON: what examples activations and gradients are of.
    """

    values: tuple[str, ...]
    weights: tuple[tuple[str, str, str], ...]
    what: frozenset[str]
    on: tuple[str, ...]

    @property
    def runs(self) -> bool:
        """Whether the network must be run."""
        return bool(self.what & {"activations", "gradients"})

    @property
    def trained(self) -> tuple[tuple[str, str], ...]:
        """(path, name) of the weights that have gradients."""
        return tuple((path, name) for group, path, name in self.weights if group == "params")

    def entries(
        self, network: Network, shapes: Mapping[str, Shape], examples: Mapping[str, int]
    ) -> tuple[Entry, ...]:
        """Every array of a step.

        Args:
            network: what is recorded. shapes: of activations, without the batch.
            examples: how many are kept, of the probe and of a batch.
        """
        found = []
        if "weights" in self.what:
            declared = network.declared
            found += [Entry(f"{p}/{n}", "", declared[p][n].shape) for _, p, n in self.weights]
        for on in self.on if self.runs else ():
            if "activations" in self.what:
                found += [Entry(name, on, (examples[on], *shapes[name])) for name in self.values]
            if "gradients" in self.what:
                found += [Entry(f"{p}/{n}{GRAD}", on, network.declared[p][n].shape) for p, n in self.trained]
            if {"activations", "gradients"} <= self.what:
                found += [Entry(name + GRAD, on, (examples[on], *shapes[name])) for name in self.values]
        return tuple(found)


def select(network: Network, layers: Any, what: Any, on: Any) -> Selection:
    """Resolve names against a network.

    Args:
        network: the network. layers: names of layers, of activations ("conv1/preactivation") or of weights
            ("conv1/kernel"); None for every layer that has weights. what: some of WHAT. on: some of ON.

    Raises:
        ArgumentError: all names that are not known.
    """
    wanted = check_words("what", what, WHAT)
    sources = check_words("on", on, ON)
    known = value_shapes(network)
    weights = weight_names(network)
    problems, values, chosen = [], [], []
    names = [path for path in network.declared if path in known] if layers is None else _listed(layers)
    for name in names:
        name = network.program.names.get(name, name)
        if name in weights:
            chosen.append(name)
        elif name in known:
            values.append(name)
            owner = network.program.steps[name].owner if name in network.program.steps else ""
            chosen += [weight for weight in weights if weight.rpartition("/")[0] == owner]
        else:
            problems.append(_unknown(name, [*known, *weights]))
    if problems:
        raise ArgumentError(problems)
    kept = tuple(weights[name] for name in dict.fromkeys(chosen))
    return Selection(tuple(dict.fromkeys(values)), kept, frozenset(wanted), tuple(sources))


def value_shapes(network: Network) -> dict[str, Shape]:
    """{name: shape of one example} of all that `trace` gives, without running anything."""
    inputs = {
        spec.name: jax.ShapeDtypeStruct((1, *network.shapes[spec.name]), "float32") for spec in network.inputs
    }
    variables = jax.eval_shape(network.init)
    values = jax.eval_shape(lambda v, x: trace(network.program, v, x).values, variables, inputs)
    return {name: tuple(value.shape[1:]) for name, value in values.items()}


def weight_names(network: Network) -> dict[str, tuple[str, str, str]]:
    """{"conv1/kernel": ("params", "conv1", "kernel")} of all weights."""
    return {
        f"{path}/{name}": ("params" if weight.trainable else "state", path, name)
        for path, weights in network.declared.items()
        for name, weight in weights.items()
    }


def check_words(argument: str, given: Any, known: Sequence[str]) -> list[str]:
    """One or some of a few words.

    Raises:
        ArgumentError: others, or none.
    """
    words = _listed(given)
    unknown = [repr(word) for word in words if word not in known]
    if words and not unknown:
        return list(dict.fromkeys(words))
    happened = f"got {', '.join(unknown) or 'nothing'}"
    cure = f"Write for instance {argument}=({known[0]!r},)."
    raise ArgumentError(Problem(f"Recorder.{argument}", happened, f"some of {', '.join(known)}", cure))


def _listed(given: Any) -> list[Any]:
    return [given] if isinstance(given, str) else list(given)


def _unknown(name: Any, known: list[str]) -> Problem:
    near = difflib.get_close_matches(str(name), known, 1)
    cure = f"Did you mean {near[0]!r}?" if near else "model.summary() shows the layers."
    expected = "a layer, one of its values, or a weight"
    return Problem("Recorder.layers", f"there is no {name!r}", expected, cure)
