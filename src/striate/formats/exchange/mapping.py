"""Tensors of another framework's file as the variables of a network, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, FormatError, Problem
from striate.formats.exchange._finding import Found, find_names
from striate.formats.exchange._numbers import as_float32, number_problems
from striate.formats.exchange.matching import Pairing, pair_by_name, pair_by_order, pairing_problems
from striate.formats.exchange.recognising import get_convention
from striate.formats.exchange.slots import Slot, refuse_equal_names
from striate.network import Network
from striate.network._feeding import check_variables
from striate.network.run import draw_weights
from striate.network.shapes import Program


@dataclass(frozen=True)
class Mapped:
    """Variables from a file, and how they were found.

    Args:
        variables: {"params": {path: {weight: array}}, "state": {...}}.
        convention: the name of the convention that the file follows.
        names: {path/weight: name of the tensor in the file}.
        fresh: paths of layers that were left at their own start.
        ignored: names of tensors that were not used.
        notes: what was recognised or decided, in sentences.
    """

    variables: dict[str, Any]
    convention: str
    names: Mapping[str, str]
    fresh: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def map_tensors(
    network: Network,
    tensors: Any,
    convention: str | None = None,
    *,
    by: Literal["name", "order"] = "name",
    skip_head: bool = False,
    ignore: Sequence[str] = (),
    where: str = "weights",
    seed: int = 0,
) -> Mapped:
    """Find every weight of a network among the tensors of a file.

    Args:
        network: the architecture.
        tensors: what `read_tensors` gave, or {name: array}.
        convention: "torch", "keras", "keras3" or "striate"; recognised from the names when left out.
        by: "order" matches the first tensor with the first weight and so on, where names differ; shapes,
            roles and layers must agree then, or nothing is taken.
        skip_head: leave the layers that make the outputs at their own start, for other classes.
        ignore: patterns such as "fc.*" of names that are not wanted.
        where: what an error calls the tensors.
        seed: draws the start of what is skipped.

    Raises:
        FormatError: everything missing, extra or mis-shaped at once, or the tensors whose numbers are not
            finite. ArgumentError: no such convention.

    >>> from striate.layers import Dense
    >>> from striate.network import sequential
    >>> network = sequential([Dense(2, name="fc")], input_shape=(3,))
    >>> weights = {"module.fc.weight": np.ones((2, 3)), "module.fc.bias": np.zeros(2)}
    >>> mapped = map_tensors(network, weights)
    >>> mapped.convention, mapped.variables["params"]["fc"]["kernel"].shape
    ('torch', (3, 2))
    """
    found = find_names(network, tensors, convention, ignore, where, by)
    head = head_paths(network.program)
    slots = [slot for slot in found.slots if not (skip_head and slot.path in head)]
    left_out = {name for slot in found.slots if slot not in slots for name in slot.names}
    names = {plain: name for plain, name in found.names.items() if plain not in left_out}
    pairing = _paired(found, slots, names, by, where)
    if problems := pairing_problems(pairing, found.tensors, head, where):
        raise FormatError(problems)
    used = {slot.own: name for slot, name in pairing.pairs}
    if problems := number_problems({name: found.tensors[name] for name in used.values()}, where):
        raise FormatError(problems)
    fresh = tuple(dict.fromkeys(slot.path for slot in found.slots if slot not in slots))
    variables = _variables(network, pairing, found.tensors, fresh, seed)
    ignored = tuple(name for name in found.tensors if name not in set(used.values()))
    notes = (*found.notes, *([f"left at their own start: {', '.join(fresh)}"] if fresh else []))
    return Mapped(variables, found.convention.name, used, fresh, ignored, notes)


def into_variables(
    network: Network, tensors: Any, convention: str | None = None, **options: Any
) -> dict[str, Any]:
    """The variables alone; see `map_tensors`."""
    return map_tensors(network, tensors, convention, **options).variables


def from_variables(
    network: Network, variables: Mapping[str, Any], convention: str = "torch"
) -> dict[str, np.ndarray]:
    """The weights of a network under another framework's names and in its layouts.

    Args:
        network: the architecture. variables: its weights. convention: as for `map_tensors`.

    Returns:
        {name: float32 array}, in the order of the network; "torch" adds the counters that batch norms want.

    Raises:
        ArgumentError: no such convention, or two weights would have one name.
        ShapeError: the variables do not fit the network.

    >>> from striate.layers import Conv2D
    >>> from striate.network import sequential
    >>> network = sequential([Conv2D(8, 3, name="features.0")], input_shape=(9, 9, 1))
    >>> {name: array.shape for name, array in from_variables(network, network.init(0)).items()}
    {'features.0.weight': (8, 1, 3, 3), 'features.0.bias': (8,)}
    """
    chosen = get_convention(convention)
    check_variables(network.declared, variables)
    slots = chosen.slots(network, ())
    refuse_equal_names(slots, convention)
    flat = {
        f"{path}/{weight}": array
        for group in variables.values()
        for path, weights in group.items()
        for weight, array in weights.items()
    }
    arrays = {slot.name: slot.layout.outward(np.asarray(flat[slot.own], np.float32)) for slot in slots}
    return arrays | chosen.extras(network)


def head_paths(program: Program) -> frozenset[str]:
    """The layers with weights that make the outputs, nothing with weights lying between.

    >>> from striate.layers import Conv2D, Dense, Flatten, Softmax
    >>> from striate.network import sequential
    >>> layers = [Conv2D(8, 3), Flatten(), Dense(10, name="fc"), Softmax()]
    >>> sorted(head_paths(sequential(layers, input_shape=(9, 9, 1)).program))
    ['fc']
    """
    heads, waiting, seen = set(), list(program.outputs), set()
    while waiting:
        name = waiting.pop()
        step = program.steps.get(name)
        if step is None or name in seen:
            continue
        seen.add(name)
        owner = program.steps.get(step.owner, step)
        if owner.layer.weights(*(owner.input_shapes or ())):
            heads.add(owner.path)
        else:
            waiting += step.inputs
    return frozenset(heads)


def _paired(found: Found, slots: list[Slot], names: Mapping[str, str], by: str, where: str) -> Pairing:
    """Slots and names together, in the way that was asked for."""
    shapes = {name: array.shape for name, array in found.tensors.items()}
    if by == "name":
        return pair_by_name(slots, names, shapes)
    if by == "order":
        return pair_by_order(slots, list(names.values()), shapes, found.convention.separator, where)
    cure = "Write by='order' to match in the order of the file."
    raise ArgumentError(Problem("by", f"got {by!r}", "'name' or 'order'", cure))


def _variables(
    network: Network, pairing: Pairing, tensors: Mapping[str, np.ndarray], fresh: Sequence[str], seed: int
) -> dict[str, Any]:
    """Every weight in the groups and the order of the network."""
    arrays = {slot.own: slot.inward(as_float32(tensors[name])) for slot, name in pairing.pairs}
    drawn = draw_weights({path: network.declared[path] for path in fresh}, seed)
    variables: dict[str, Any] = {"params": {}, "state": {}}
    for path, weights in network.declared.items():
        for weight, promise in weights.items():
            group = "params" if promise.trainable else "state"
            array = drawn[group][path][weight] if path in fresh else jnp.array(arrays.pop(f"{path}/{weight}"))
            variables[group].setdefault(path, {})[weight] = array
    return variables
