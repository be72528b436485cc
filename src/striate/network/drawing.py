"""Graphs out of symbols: what lies between inputs and outputs, as nodes with names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.network._structure import InputSpec, Node, output_references
from striate.network.graph import Network
from striate.network.naming import choose_names, repeated_name
from striate.network.symbols import Call, Symbol


def graph(
    inputs: Symbol | Sequence[Symbol], outputs: Symbol | Sequence[Symbol], name: str | None = None
) -> Network:
    """The network between symbols.

    Args:
        inputs: what `Input` gave, one or several.
        outputs: what the last layers gave, one or several.
        name: the network's name; it begins the paths when the network is nested.

    Raises:
        ArgumentError: the symbols are not connected, or names are used twice; wrong shapes are told too.

    A layer that is called twice shares its weights. A layer that leads to no output is left out.

    >>> from striate.layers import Conv2D
    >>> from striate.network import Input
    >>> image = Input((8, 8, 1), name="image")
    >>> [node.name for node in graph(image, Conv2D(4, 3)(Conv2D(4, 3)(image))).nodes]
    ['conv1', 'conv2']
    """
    begins, ends = _symbols(inputs, "inputs"), _symbols(outputs, "outputs")
    calls, problems = _calls_between(begins, ends)
    wishes = [(begin.call.name, "input") for begin in begins]
    first = _first_calls(calls)
    wishes += [(call.layer.name, call.layer.KIND) for call in first.values() if call.layer is not None]
    chosen, more = choose_names(wishes)
    specs = tuple(InputSpec(n, begin.shape) for n, begin in zip(chosen, begins, strict=False))
    known = {(begin.call.serial, begin.output): spec.name for begin, spec in zip(begins, specs, strict=True)}
    if not problems:
        nodes = _nodes(calls, dict(zip(first, chosen[len(specs) :], strict=True)), known, set(chosen))
        ending = tuple(known[end.call.serial, end.output] for end in ends)
        network = Network(specs, nodes, ending, name=name)
        problems = [*more, *network.errors()] if more else []
        if not problems:
            return network
    raise ArgumentError(problems)


def _symbols(given: Any, what: str) -> tuple[Symbol, ...]:
    """A tuple of symbols from one, or from a sequence."""
    symbols = tuple(given) if isinstance(given, list | tuple) else (given,)
    if symbols and all(isinstance(symbol, Symbol) for symbol in symbols):
        return symbols
    cure = "Pass what Input(shape=...) and the layers called on it gave."
    shown = ", ".join(type(one).__name__ for one in symbols) or "nothing"
    raise ArgumentError(Problem(what, f"got {shown}", "a symbol or a list of symbols", cure))


def _calls_between(begins: Sequence[Symbol], ends: Sequence[Symbol]) -> tuple[list[Call], list[Problem]]:
    """The calls from the inputs to the outputs in the order they were made, and inputs that were left out."""
    stops = {(begin.call.serial, begin.output) for begin in begins}
    found: dict[int, Call] = {}
    left_out: dict[int, Call] = {}
    waiting = [end for end in ends if (end.call.serial, end.output) not in stops]
    while waiting:
        call = waiting.pop().call
        if call.layer is None:
            left_out[call.serial] = call
        elif call.serial not in found:
            found[call.serial] = call
            waiting += [read for read in call.reads if (read.call.serial, read.output) not in stops]
    cure = "Add it to inputs=, or leave out what depends on it."
    problems = [
        Problem(call.name or f"Input {call.shape}", "outputs depend on it", "it among the inputs", cure)
        for call in left_out.values()
    ]
    return [found[serial] for serial in sorted(found)], problems


def _first_calls(calls: Sequence[Call]) -> dict[int, Call]:
    """For each layer object the call that came first, by the identity of the layer."""
    first: dict[int, Call] = {}
    for call in calls:
        first.setdefault(id(call.layer), call)
    return first


def _nodes(
    calls: Sequence[Call], names: dict[int, str], known: dict[tuple[int, int], str], taken: set[str]
) -> tuple[Node, ...]:
    """A node for each call; a further call of the same layer uses the weights of the first."""
    nodes, seen = [], set()
    for call in calls:
        if call.layer is None:
            continue
        owner = names[id(call.layer)]
        name = repeated_name(owner, taken) if owner in seen else owner
        seen.add(owner)
        taken.add(name)
        reads = tuple(known[read.call.serial, read.output] for read in call.reads)
        nodes.append(Node(name, call.layer, reads, owner))
        for index, reference in enumerate(output_references(name, call.layer)):
            known[call.serial, index] = reference
    return tuple(nodes)
