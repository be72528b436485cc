"""The program that answers, and the weights as it wants them."""

from __future__ import annotations

import weakref
from functools import lru_cache
from typing import Any

import jax

from striate.images.preprocessing import Preprocessing
from striate.network import Network
from striate.ops import products_of
from striate.training._scaling import scaler
from striate.training._starts import without_notes


class Predictor:
    """Answers for batches, compiled.

    Args:
        network: that answers. preprocessing: what scales raw uint8 pictures, or None.
        precision: of the numbers that are multiplied.
    """

    def __init__(self, network: Network, preprocessing: Preprocessing | None, precision: str) -> None:
        """Nothing is compiled before the first call."""
        scale, self._network = scaler(preprocessing), network

        def answer(variables: Any, prepared: Any, inputs: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
            arrays = scale(inputs)
            one_or_all = arrays[0] if len(arrays) == 1 else arrays
            with products_of(precision):
                output = network.apply(variables, one_or_all, prepared=prepared).output
            return tuple(output) if isinstance(output, tuple | list) else (output,)

        def prepare(variables: Any) -> Any:
            with products_of(precision):
                return network.prepare(variables)

        self._answer, self._prepare = jax.jit(answer), jax.jit(prepare)

    def __call__(self, variables: Any, ready: ReadyWeights, inputs: tuple[Any, ...]) -> tuple[jax.Array, ...]:
        """The outputs for the inputs of one batch."""
        return self._answer(*ready.of(variables, self), inputs)

    def prepare(self, variables: Any) -> tuple[Any, Any]:
        """The variables that an answer still reads, and what was prepared of the others."""
        prepared = self._prepare(variables)
        return self._network.unprepared(variables, prepared), prepared


class ReadyWeights:
    """What a predictor prepared of a model's weights, as long as the weights are the same arrays."""

    def __init__(self) -> None:
        """Nothing is prepared yet."""
        self._of: list[weakref.ref[Any]] = []
        self._by: Predictor | None = None
        self._prepared: Any = None

    def of(self, variables: Any, predictor: Predictor) -> tuple[Any, Any]:
        """What `Predictor.prepare` gives; made anew when a weight is another array than last time."""
        leaves = jax.tree.leaves(variables)
        known = self._by is predictor and len(self._of) == len(leaves)
        if not known or any(old() is not new for old, new in zip(self._of, leaves, strict=True)):
            self._prepared = None  # the memory of the old ones is free for the new ones
            self._prepared = predictor.prepare(variables)
            self._of, self._by = [weakref.ref(leaf) for leaf in leaves], predictor
        return self._prepared


def predictor_for(network: Network, preprocessing: Preprocessing | None, precision: str) -> Predictor:
    """The predictor of these; equal values get the same one, so that a second model compiles nothing."""
    try:
        return _equal_predictor(without_notes(network), preprocessing, precision)
    except TypeError:  # a value of the user's own that cannot be hashed
        return Predictor(network, preprocessing, precision)


_equal_predictor = lru_cache(maxsize=8)(Predictor)
