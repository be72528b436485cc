"""What a network costs, layer by layer and in total, for one example."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from striate.layers._base import Layer, Shape, Weight
from striate.network._structure import Structure
from striate.network.receptive import ReceptiveField, receptive_fields
from striate.network.shapes import Program, Step, declared_weights, known_part

FLOAT_BYTES = 4


@dataclass(frozen=True)
class Row:
    """One layer in numbers; all counts are for one example.

    Args:
        name: its path.
        kind: its kind, such as "conv".
        layer: the layer itself.
        inputs: paths of what it reads.
        output_shape: without the batch axis.
        trainable, non_trainable: weights it owns; 0 when it shares those of another layer.
        macs: multiply-accumulate operations.
        activations: floats of its output.
        preactivations: floats that a fused activation reads, 0 without one.
        shares: the path of the layer whose weights it uses, or None.
        receptive: what one output position sees of the first input that it depends on, or None.
    """

    name: str
    kind: str
    layer: Layer
    inputs: tuple[str, ...]
    output_shape: Shape
    trainable: int
    non_trainable: int
    macs: int
    activations: int
    preactivations: int
    shares: str | None
    receptive: ReceptiveField | None

    @property
    def params(self) -> int:
        """All weights it owns."""
        return self.trainable + self.non_trainable

    @property
    def activation_bytes(self) -> int:
        """Bytes of its output in float32."""
        return FLOAT_BYTES * self.activations


@dataclass(frozen=True)
class Totals:
    """The sums over a network; all counts but the weights are for one example.

    Args:
        trainable, non_trainable: weights.
        macs: multiply-accumulate operations.
        inputs: floats that come in.
        outputs: floats of every layer's output. A layer that only reshapes (Flatten, Reshape) counts nothing,
            for it makes no new numbers.
        preactivations: floats that fused activations read, which a framework may or may not keep.
    """

    trainable: int
    non_trainable: int
    macs: int
    inputs: int
    outputs: int
    preactivations: int

    @property
    def params(self) -> int:
        """All weights."""
        return self.trainable + self.non_trainable

    @property
    def activations(self) -> int:
        """Floats of the inputs and of every layer's output, nothing being reused."""
        return self.inputs + self.outputs

    @property
    def activations_with_preactivations(self) -> int:
        """The same and every argument of a fused activation: the most that a backward pass may keep."""
        return self.activations + self.preactivations

    @property
    def activation_bytes(self) -> int:
        """Bytes of `activations` in float32."""
        return FLOAT_BYTES * self.activations

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights in float32."""
        return FLOAT_BYTES * self.params


def rows(
    network: Structure, program: Program, declared: Mapping[str, Mapping[str, Weight]]
) -> tuple[Row, ...]:
    """A row for each step of a network whose shapes fit."""
    fields = receptive_fields(program)
    order = [spec.name for spec in network.inputs]
    made = []
    for step in program.steps.values():
        seen = fields[step.path]
        first = next((seen[name] for name in order if name in seen), None)
        made.append(_row(step, declared.get(step.path, {}), first))
    return tuple(made)


def known_rows(network: Structure, program: Program) -> tuple[Row, ...]:
    """A row for each step whose shape no mistake hides."""
    known = known_part(program)
    return rows(network, known, declared_weights(known))


def total(network: Structure, made: Sequence[Row]) -> Totals:
    """The sums over rows."""
    return Totals(
        trainable=sum(row.trainable for row in made),
        non_trainable=sum(row.non_trainable for row in made),
        macs=sum(row.macs for row in made),
        inputs=sum(math.prod(spec.shape) for spec in network.inputs if spec.shape is not None),
        outputs=sum(row.activations for row in made if row.kind not in VIEWS),
        preactivations=sum(row.preactivations for row in made),
    )


VIEWS = frozenset({"flatten", "reshape"})
"""Kinds of layers that make no new numbers."""


def _row(step: Step, weights: Mapping[str, Weight], receptive: ReceptiveField | None) -> Row:
    inputs, shape = step.input_shapes or (), step.shape or ()
    sizes = [(weight.trainable, math.prod(weight.shape)) for weight in weights.values()]
    fused = step.layer.weights(*inputs) and getattr(step.layer, "activation", None)
    floats = math.prod(shape)
    return Row(
        name=step.path,
        kind=step.layer.KIND,
        layer=step.layer,
        inputs=step.inputs,
        output_shape=shape,
        trainable=sum(size for trainable, size in sizes if trainable),
        non_trainable=sum(size for trainable, size in sizes if not trainable),
        macs=step.layer.macs(*inputs),
        activations=floats,
        preactivations=floats if fused else 0,
        shares=None if step.owner == step.path else step.owner,
        receptive=receptive,
    )
