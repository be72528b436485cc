"""Chains of layers that run as one operation: convolution, batch norm at inference, relu, 2x2 maximum; while
training, batch norm and relu; in a program that only answers, the sum that ends a residual branch.

A chain is only made where nobody else reads what lies between, so nothing is missing from the answer; a
run that records intermediates has no chains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from striate import ops
from striate.layers._base import Layer, Result
from striate.layers.activation import Activation, ReLU
from striate.layers.convolution import Conv2D
from striate.layers.merging import Add
from striate.layers.normalization import BatchNormalization
from striate.layers.pooling import MaxPooling2D
from striate.network.shapes import Program, Step

WeightsOf = Callable[[Step], Mapping[str, jax.Array]]
"""All arrays of a step's layer."""


def all_weights(step: Step, params: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, jax.Array]:
    """All arrays of a step's layer; a frozen layer keeps the trainable ones in the state."""
    return {**params.get(step.owner, {}), **state.get(step.owner, {})}


class Ready(NamedTuple):
    """A kernel as answering wants it, perhaps packed, and its bias."""

    kernel: jax.Array | ops.PackedKernel
    bias: jax.Array | None


@dataclass(frozen=True)
class Chain:
    """Steps that run as one.

    Args:
        steps: all of them, the convolution (or batch norm) first; the chain's answer is the last one's.
        norm: the batch norm behind the convolution, folded into the kernel, or None.
        relu: whether there is a relu.
        pool: whether it ends with a 2x2 maximum.
        addend: the path of what is added before the relu, or None.
    """

    steps: tuple[Step, ...]
    norm: Step | None
    relu: bool
    pool: bool
    addend: str | None = None

    def run(
        self,
        values: Mapping[str, jax.Array],
        weights_of: WeightsOf,
        ready: Ready | None = None,
        narrow: bool = False,
    ) -> Result:
        """The answer, and the first layer's new state.

        Args:
            values: what has been made before, by path. ready: what `prepare` made of the weights.
            narrow: whether the answer is bfloat16, see `_narrowing.narrow_chains`.
        """
        first, x = self.steps[0].layer, values[self.steps[0].inputs[0]]
        if isinstance(first, BatchNormalization):
            return first.by_batch(weights_of(self.steps[0]), x, relu=True)
        kernel, bias = ready or self.fold(weights_of)
        assert isinstance(first, Conv2D)  # every other chain begins with one
        how = {name: getattr(first, name) for name in ("strides", "padding", "groups")}
        how |= {"dilation": first.dilation_rate, "relu": self.relu, "narrow": narrow}
        if self.addend is not None:
            return Result(ops.conv2d_onto(x, kernel, bias, values[self.addend], **how), {})
        return Result(ops.conv2d_block(x, kernel, bias, pool=self.pool, **how), {})

    def fold(self, weights_of: WeightsOf) -> Ready:
        """The convolution's kernel and bias, with the batch norm in them."""
        weights = weights_of(self.steps[0])
        kernel, bias = weights["kernel"], weights.get("bias")
        if self.norm is None:
            return Ready(kernel, bias)
        return Ready(*_fold(kernel, bias, weights_of(self.norm), self.norm.layer))


def find_chains(program: Program, train: bool, answers: bool = False) -> dict[str, Chain]:
    """{path of the first step: chain} of every convolution or batch norm that something can be joined to.

    `answers` says that nobody asks for gradients.
    """
    readers: dict[str, list[Step]] = {}
    for step in program.steps.values():
        for name in step.inputs:
            readers.setdefault(name, []).append(step)
    begun = [step for step in program.steps.values() if _may_begin(step)]
    chains = [_chain(step, readers, program, train) for step in begun]
    if answers:
        places = {path: place for place, path in enumerate(program.steps)}
        chains = [_with_sum(chain, readers, program, places) for chain in chains]
    norms = [step for step in program.steps.values() if train and _is_trained_norm(step.layer)]
    pairs = (_norm_chain(step, readers, program) for step in norms)
    useful = [chain for chain in chains if len(chain.steps) > 1 or chain.relu]
    return {chain.steps[0].path: chain for chain in (*useful, *pairs) if chain is not None}


def _norm_chain(norm: Step, readers: Mapping[str, list[Step]], program: Program) -> Chain | None:
    """A batch norm by its batch and the relu behind it."""
    reader = next(_followers(norm, readers, program), None)
    if reader is None or not _is_relu(reader.layer):
        return None
    return Chain((norm, reader), None, relu=True, pool=False)


def _is_trained_norm(layer: Layer) -> bool:
    return isinstance(layer, BatchNormalization) and layer.trainable


def _may_begin(step: Step) -> bool:
    return type(step.layer) is Conv2D and step.layer.activation in (None, "relu")


def _chain(first: Step, readers: Mapping[str, list[Step]], program: Program, train: bool) -> Chain:
    """Join steps as long as they fit in the order convolution, norm, relu, maximum."""
    conv = first.layer
    assert isinstance(conv, Conv2D)  # see _may_begin
    steps, norm, relu = [first], None, conv.activation == "relu"
    for step in _followers(first, readers, program):
        if _is_pool(step):
            return Chain((*steps, step), norm, relu, pool=True)
        if not relu and _is_relu(step.layer):
            relu = True
        elif not relu and norm is None and _is_folded(step.layer, train):
            norm = step
        else:
            break
        steps.append(step)
    return Chain(tuple(steps), norm, relu, pool=False)


def _with_sum(
    chain: Chain, readers: Mapping[str, list[Step]], program: Program, places: Mapping[str, int]
) -> Chain:
    """The chain with the sum behind it, and relu behind that, if what is added has been made before."""
    last = chain.steps[-1]
    reader = _only_reader(last, readers, program)
    if chain.relu or chain.pool or reader is None or not _is_plain_sum(reader):
        return chain
    other = next((path for path in reader.inputs if path != last.path), None)
    if other is None or places.get(other, -1) >= places[chain.steps[0].path]:
        return chain
    steps, behind = (*chain.steps, reader), _only_reader(reader, readers, program)
    if behind is None or len(behind.inputs) != 1 or not _is_relu(behind.layer):
        return Chain(steps, chain.norm, relu=False, pool=False, addend=other)
    return Chain((*steps, behind), chain.norm, relu=True, pool=False, addend=other)


def _is_plain_sum(step: Step) -> bool:
    """A sum of two arrays of the same shape."""
    return type(step.layer) is Add and bool(step.input_shapes) and step.input_shapes == (step.shape,) * 2


def _only_reader(step: Step, readers: Mapping[str, list[Step]], program: Program) -> Step | None:
    """The only step that reads this one's output, if nobody else wants it."""
    found = readers.get(step.path, [])
    return found[0] if step.path not in program.outputs and len(found) == 1 else None


def _followers(step: Step, readers: Mapping[str, list[Step]], program: Program) -> Iterator[Step]:
    """The only reader, its only reader, and so on, up to an answer of the network."""
    while (reader := _only_reader(step, readers, program)) is not None and len(reader.inputs) == 1:
        step = reader
        yield step


def _is_relu(layer: Layer) -> bool:
    named = isinstance(layer, Activation) and layer.activation == "relu"
    return named or (type(layer) is ReLU and layer == ReLU(name=layer.name, trainable=layer.trainable))


def _is_folded(layer: Layer, train: bool) -> bool:
    moving = isinstance(layer, BatchNormalization) and layer.axis in (-1, 3)
    return moving and not (train and layer.trainable)


def _is_pool(step: Step) -> bool:
    """A 2x2 maximum without padding, of a picture that holds at least one window."""
    layer, shapes = step.layer, step.input_shapes
    if not isinstance(layer, MaxPooling2D) or not shapes or min(shapes[0][:2]) < 2:
        return False
    window = layer.window(*shapes)
    return (
        window.size == window.stride == (2, 2) and not any(map(any, window.padding)) and layer.edges == "drop"
    )


def _fold(
    kernel: jax.Array, bias: jax.Array | None, norm: Mapping[str, jax.Array], layer: Layer
) -> tuple[jax.Array, jax.Array]:
    """Scale and shift of the moving averages as part of the kernel and the bias."""
    assert isinstance(layer, BatchNormalization)  # see _is_folded
    scale = jax.lax.rsqrt(norm["moving_variance"] + layer.epsilon)
    if layer.scale:
        scale = scale * norm["gamma"]
    shift = -norm["moving_mean"] if bias is None else bias - norm["moving_mean"]
    shift = shift * scale
    if layer.center:
        shift = shift + norm["beta"]
    return kernel * jnp.expand_dims(scale, (0, 1, 2)), shift
