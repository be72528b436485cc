"""Everything that is wrong or unwise about a network, at once."""

from __future__ import annotations

from collections.abc import Iterator

from striate.errors import Problem
from striate.network._border_warnings import border_warnings
from striate.network._structure import Structure
from striate.network._warnings import wiring_warnings
from striate.network.costs import known_rows
from striate.network.shapes import Program, known_part


def errors(network: Structure, program: Program) -> list[Problem]:
    """What keeps a network from running or part of it from learning: open inputs, shapes, loose ends."""
    return [*_open_inputs(network), *program.problems, *_loose_ends(network, "", set())]


def warnings(network: Structure, program: Program) -> list[Problem]:
    """What is unwise about a network, in the order of its layers; those behind a mistake are left out."""
    known = known_part(program)
    found = wiring_warnings(
        network, known, known_rows(network, program), len(known.steps) == len(program.steps)
    )
    found += [problem for step in known.steps.values() for problem in border_warnings(step)]
    order = {path: place for place, path in enumerate(known.steps)}
    return sorted(found, key=lambda problem: order.get(problem.where, -1))


def _open_inputs(network: Structure) -> Iterator[Problem]:
    cure = "Say input_shape=(height, width, channels) or begin with Input(shape=...)."
    for spec in network.inputs:
        if spec.shape is None:
            yield Problem(spec.name, "the input has no shape", "the shape of one example", cure)


def _loose_ends(network: Structure, prefix: str, looked_at: set[int]) -> Iterator[Problem]:
    """Inputs and nodes that lead to no output, in nested networks too."""
    if id(network) in looked_at:
        return
    looked_at.add(id(network))
    used = _used(network)
    for spec in network.inputs:
        if spec.name not in used:
            cure = "Leave this input out, or connect it."
            yield Problem(
                prefix + spec.name, "no output depends on this input", "an input that is used", cure
            )
    for node in network.nodes:
        if node.name not in used:
            cure = "Connect its branch to an output, or leave it out."
            yield Problem(
                prefix + node.name, "no output depends on it", "a layer that leads to an output", cure
            )
        if isinstance(node.layer, Structure):
            yield from _loose_ends(node.layer, f"{prefix}{node.name}/", looked_at)


def _used(network: Structure) -> set[str]:
    """Names of the inputs and nodes that an output depends on."""
    reads = {node.name: [name.partition("/")[0] for name in node.inputs] for node in network.nodes}
    used: set[str] = set()
    waiting = [name.partition("/")[0] for name in network.outputs]
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting += reads.get(name, [])
    return used
