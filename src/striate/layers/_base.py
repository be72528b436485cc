"""What a layer is: hyperparameters, a shape rule, declared weights and a forward rule, all without arrays."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, Self

import jax

from striate.errors import ArgumentError, Problem
from striate.layers._rule_kinds import flag, shape, text
from striate.layers._rules import Rule, check_fields, optional, show
from striate.layers._unknown import refuse_unknown
from striate.layers.initializers import Initializer
from striate.layers.regularizers import Regularizer

Shape = tuple[int, ...]
"""The shape of one example, without the batch axis: (H, W, C) for a picture."""

Sees = Literal["point", "window", "all"]
"""What one output position depends on: the same position, the positions in a window, or all of them."""


@dataclass(frozen=True)
class Weight:
    """The promise of an array: its shape and how it starts, known before it exists.

    Args:
        shape: its shape.
        initializer: how it is drawn.
        trainable: False for running statistics, which training updates but no gradient reaches.
        regularizer: what the loss adds for it, or None.
    """

    shape: Shape
    initializer: Initializer
    trainable: bool = True
    regularizer: Regularizer | None = None


@dataclass(frozen=True)
class Window:
    """How one output position looks at its input, an entry for each spatial axis.

    Args:
        size: kernel sizes. stride: steps. dilation: gaps between taps.
        padding: (before, after) zeros on each axis; negative ones cut positions off.
        spread: the image is first pulled apart until neighbours are this far from each other, the gaps being
            empty; None where that does not happen, that is but for transposed convolutions and upsampling.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    spread: tuple[int, ...] | None = None


class Result(NamedTuple):
    """What a layer gives back: nothing is changed in place, nothing is hidden.

    Args:
        output: (N, ...) the layer's answer.
        state: new values of its non-trainable weights, by name; empty when they did not change.
        inside: named intermediates, such as {"preactivation": z}; free when nobody looks at them.
    """

    output: jax.Array
    state: Mapping[str, jax.Array] = {}
    inside: Mapping[str, jax.Array] = {}


@dataclass(frozen=True, repr=False)
class Layer(abc.ABC):
    """A frozen value that says everything about a layer except its numbers.

    Args:
        name: its name in the network; None lets the network choose one such as "conv1".
        trainable: False keeps its weights out of the optimizer's reach.
        input_shape: the shape of one example coming in; needed only by the first layer of a `Sequential`
            that is not told otherwise.

    `KIND` is its short name in a network, `AXES` the number of spatial axes that a single size such as `3`
    stands for, `SEES` what one output position depends on, `RANDOM` whether it draws while training.
    """

    KIND: ClassVar[str] = "layer"
    AXES: ClassVar[int] = 2
    SEES: ClassVar[Sees] = "point"
    RANDOM: ClassVar[bool] = False
    RULES: ClassVar[Mapping[str, Rule]] = {
        "name": optional(text("Give a name such as 'conv1', or leave it out.")),
        "trainable": flag("Write trainable=False to freeze the layer."),
        "input_shape": optional(
            shape("Give the shape of one example without the batch axis, such as (28, 28, 1).")
        ),
    }

    name: str | None = field(default=None, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)
    input_shape: Shape | None = field(default=None, kw_only=True)

    def __new__(cls, *_: Any, **given: Any) -> Self:
        """Refuse unknown arguments in our own words, before Python does in its."""
        refuse_unknown(cls, given)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Bring each field to its one canonical form and refuse, all at once, what its rule refuses."""
        check_fields(self)

    def __repr__(self) -> str:
        """The call that makes it, without the arguments that are their defaults: Conv2D(32, (3, 3))."""
        return show(self)

    def conflicts(self) -> Iterable[Problem]:
        """What is wrong between fields that are each right on their own."""
        return ()

    @abc.abstractmethod
    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape of one example going out, for these shapes of one example coming in."""

    @abc.abstractmethod
    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """The layer's arithmetic on (N, ...) arrays; `key` is needed only by layers that draw at random."""

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """The arrays this layer wants for these inputs, in the order Keras lists them."""
        return {}

    def window(self, *inputs: Shape) -> Window | None:
        """How an output position looks at its input; None unless it `SEES` a "window"."""
        return None

    def macs(self, *inputs: Shape) -> int:
        """Multiply-accumulate operations for one example."""
        return 0

    def __call__(self, *symbols: Any) -> Any:
        """Put this layer behind symbols made by `striate.Input`; a list of symbols is taken apart.

        A symbol brings its own way of growing the graph, so that a layer need not know what a graph is.
        """
        flat = tuple(symbols[0]) if len(symbols) == 1 and isinstance(symbols[0], list | tuple) else symbols
        strangers = [type(symbol).__name__ for symbol in flat if not hasattr(symbol, "followed_by")]
        if strangers or not flat:
            raise ArgumentError(_not_a_symbol(type(self).__name__, strangers))
        return flat[0].followed_by(self, *flat[1:])


def _not_a_symbol(layer: str, strangers: list[str]) -> Problem:
    """What to say to somebody who gives a layer numbers, as other libraries allow."""
    found = f"it was called on a {strangers[0]}" if strangers else "it was called on nothing"
    cure = "A layer holds no weights: put it in st.Sequential([...]) and call the model on arrays."
    return Problem(layer, found, "a symbol made by st.Input", cure)
