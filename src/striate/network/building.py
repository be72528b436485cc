"""The most common network: layers in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.layers._base import Layer, Shape
from striate.network._structure import InputSpec, Node, Structure, whole_shape
from striate.network.graph import Network
from striate.network.naming import choose_names, repeated_name
from striate.network.symbols import Symbol


def sequential(
    layers: Iterable[Layer | Symbol], input_shape: Sequence[int] | None = None, name: str | None = None
) -> Network:
    """A network whose layers each read the one before.

    Args:
        layers: the layers; the first item may be `Input(shape)`. A layer listed twice shares its weights.
        input_shape: the shape of one example. When it is left out, the first layer's `input_shape=` counts,
            or the input of a nested network in first place; with none of these the network is a block that
            can only be used inside another.
        name: the network's name; it begins the paths when the network is nested.

    Raises:
        ArgumentError: something in the list is no layer, names are used twice, or shapes are said twice.

    >>> from striate.layers import Conv2D, Dense, Flatten
    >>> from striate.network import Input
    >>> digits = sequential([Input((28, 28, 1)), Conv2D(8, 3, activation="relu"), Flatten(), Dense(10)])
    >>> [node.name for node in digits.nodes], digits.output_shapes
    (['conv1', 'flatten1', 'dense1'], ((10,),))
    """
    items = list(layers)
    wished, shape, items = _beginning(items, input_shape)
    _refuse_strangers(items)
    first: dict[int, Layer] = {}
    for layer in items:
        first.setdefault(id(layer), layer)
    wishes = [(wished, "input"), *((layer.name, layer.KIND) for layer in first.values())]
    chosen, problems = choose_names(wishes)
    nodes = _row(items, dict(zip(first, chosen[1:], strict=True)), chosen)
    network = Network(
        (InputSpec(chosen[0], shape),), nodes, (nodes[-1].name if nodes else chosen[0],), name=name
    )
    if problems:
        raise ArgumentError([*problems, *network.errors()])
    return network


def _row(layers: Sequence[Layer], names: dict[int, str], chosen: Sequence[str]) -> tuple[Node, ...]:
    """A node for each layer, reading the one before; a layer met again uses the weights of the first time."""
    taken, seen, before = set(chosen), set(), chosen[0]
    nodes = []
    for layer in layers:
        owner = names[id(layer)]
        name = repeated_name(owner, taken) if owner in seen else owner
        seen.add(owner)
        taken.add(name)
        nodes.append(Node(name, layer, (before,), owner))
        before = name
    return tuple(nodes)


def _beginning(items: list[Any], input_shape: Any) -> tuple[str | None, Shape | None, list[Any]]:
    """The input's wished name, its shape from wherever it is said, and the layers behind it."""
    said: dict[str, Shape] = {}
    wished = None
    if items and isinstance(items[0], Symbol):
        symbol = items.pop(0)
        if symbol.call.layer is not None or symbol.shape is None:
            cure = "List layers without calling them, or use graph(inputs, outputs)."
            happened = "its first item is a layer's output"
            raise ArgumentError(Problem("sequential", happened, "Input(shape)", cure))
        wished, said["Input"] = symbol.call.name, symbol.shape
    if input_shape is not None:
        said["input_shape="] = whole_shape(input_shape, "input_shape")
    if (first := getattr(items[0], "input_shape", None) if items else None) is not None:
        said["the first layer's input_shape="] = whole_shape(first, "input_shape")
    if len(set(said.values())) > 1:
        happened = "; ".join(f"{where} says {shape}" for where, shape in said.items())
        raise ArgumentError(Problem("sequential", happened, "one input shape", "Say it once."))
    if not said and items and isinstance(items[0], Structure) and len(items[0].inputs) == 1:
        return wished, items[0].inputs[0].shape, items
    return wished, next(iter(said.values()), None), items


def _refuse_strangers(items: Sequence[Any]) -> None:
    """Everything in the list must be a layer; classes and called layers are the usual slips."""
    problems = []
    for index, item in enumerate(items):
        if isinstance(item, Layer):
            continue
        shown = (
            f"the class {item.__name__}"
            if isinstance(item, type)
            else f"an object of type {type(item).__name__}"
        )
        cure = (
            f"Write {item.__name__}(...)." if isinstance(item, type) else "List layers such as Conv2D(32, 3)."
        )
        if isinstance(item, Symbol):
            shown, cure = (
                "a called layer or an Input",
                "Input comes first; layers are listed without calling them.",
            )
        problems.append(Problem(f"sequential, item {index}", f"it is {shown}", "a layer", cure))
    if problems:
        raise ArgumentError(problems)
