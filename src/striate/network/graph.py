"""The network: a frozen value that knows its shapes, costs and faults before any array exists."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax

from striate.errors import Problem, ShapeError
from striate.layers._base import Result, Shape, Weight
from striate.network import checks, run
from striate.network._preparing import prepare, unprepared
from striate.network._structure import Structure
from striate.network.costs import Row, Totals, rows, total
from striate.network.shapes import Program, declared_weights, unroll


@dataclass(frozen=True, repr=False)
class Network(Structure):
    """An architecture as data: a directed acyclic graph of layers, itself usable as a layer.

    Args:
        inputs: what it is fed with.
        nodes: its layers, each after the ones it reads.
        outputs: names of the nodes that it gives back.

    `sequential` and `graph` make one. Nested networks keep their paths: `base/conv1`.

    >>> from striate.layers import Conv2D, Flatten
    >>> from striate.network import sequential
    >>> network = sequential([Conv2D(8, 3), Flatten()], input_shape=(28, 28, 1))
    >>> network.shapes
    {'input1': (28, 28, 1), 'conv1': (26, 26, 8), 'flatten1': (5408,)}
    >>> network.totals.params
    80
    """

    def __repr__(self) -> str:
        """Its name and size: Network('mnist-convnet', 8 layers)."""
        name = "" if self.name is None else f"{self.name!r}, "
        return f"Network({name}{len(self.nodes)} layer{'' if len(self.nodes) == 1 else 's'})"

    @cached_property
    def program(self) -> Program:
        """Every single layer in the order they run, nested networks unrolled, with what does not fit."""
        return unroll(self)

    @cached_property
    def declared(self) -> dict[str, dict[str, Weight]]:
        """{path: {weight name: promise}} of every layer that has weights."""
        self.verify()
        return declared_weights(self.program)

    @property
    def shapes(self) -> dict[str, Shape]:
        """{name: shape of one example} of every input and layer.

        Raises:
            ShapeError: the shapes do not fit together.
        """
        self.verify()
        return {name: shape for name, shape in self.program.shapes.items() if shape is not None}

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """The shape of each output for one example."""
        shapes = self.shapes
        return tuple(shapes[path] for path in self.program.outputs)

    def rows(self) -> tuple[Row, ...]:
        """For each layer its shape, weights, arithmetic, memory and receptive field."""
        self.verify()
        return self._rows

    @cached_property
    def _rows(self) -> tuple[Row, ...]:
        return rows(self, self.program, self.declared)

    @property
    def totals(self) -> Totals:
        """The sums over all rows."""
        return total(self, self.rows())

    def count_parameters(self) -> int:
        """All weights, without counting anything else."""
        declared = self.declared.values()
        return sum(math.prod(weight.shape) for weights in declared for weight in weights.values())

    def errors(self) -> list[Problem]:
        """What keeps it from running: shapes that do not fit, inputs and branches that lead nowhere."""
        return list(self._errors)

    @cached_property
    def _errors(self) -> tuple[Problem, ...]:
        return tuple(checks.errors(self, self.program))

    def check(self) -> list[Problem]:
        """Every error and every warning, with paths and cures; empty when there is nothing to say."""
        return self.errors() + checks.warnings(self, self.program)

    def verify(self) -> Network:
        """This network, if nothing keeps it from running.

        Raises:
            ShapeError: every error of `check`.
        """
        if self._errors:
            raise ShapeError(self._errors)
        return self

    def init(self, seed_or_key: int | jax.Array = 0) -> run.Variables:
        """Draw the weights.

        Args:
            seed_or_key: a whole number or a JAX key. Weights depend on it and on their path, on nothing else.

        Returns:
            {"params": {path: {weight: array}}, "state": {path: {weight: array}}}; no gradient reaches the
            "state".

        Raises:
            ShapeError: the shapes do not fit together.
            ArgumentError: there are more than MAX_PARAMETERS weights.
        """
        return run.draw_weights(self.declared, seed_or_key)

    def apply(
        self,
        variables: Mapping[str, Any],
        x: Any,
        *,
        train: bool = False,
        key: jax.Array | None = None,
        record: bool | tuple[str, ...] = False,
        prepared: Mapping[str, Any] | None = None,
    ) -> run.Applied:
        """Run the network; a pure function that can be compiled and differentiated.

        Args:
            variables: what `init` gave, or what training made of it.
            x: (N, ...) array; for several inputs a tuple in their order or a dict by name.
            train: dropout drops, batch statistics are used and their running means updated.
            key: a JAX key, for layers that draw at random in training; each gets its own.
            record: True to get every named intermediate, or those wanted: ("conv1", "conv1/preactivation").
            prepared: what `prepare` made of these variables, in a program that only answers; `unprepared` of
                the variables are enough then.

        Returns:
            Applied(output, state, record): the output (a tuple of several), the whole new state, the record.

        Raises:
            ShapeError: the shapes do not fit together, or x or the variables do not fit the network.
            DataError: x holds whole numbers, such as raw pixels, and no layer scales them.
        """
        inputs = self.read_inputs(x)
        run.check_numbers(self.program, inputs)
        if prepared is None:
            run.check_variables(self.declared, variables)
        how = {"train": train, "key": key, "record": record, "prepared": prepared}
        return run.execute(self.program, variables, inputs, **how)

    def prepare(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do once what every answer would do to the weights: fold batch norms into kernels, pack kernels.

        Packed kernels are for the precision that is wanted where this is called (`ops.products_of`), which
        must be the same where `apply` is told of the result.
        """
        return prepare(self.program, variables)

    def unprepared(self, variables: Mapping[str, Any], prepared: Mapping[str, Any]) -> dict[str, Any]:
        """The variables that answers still need beside what `prepare` made of them."""
        return unprepared(self.program, variables, prepared)

    def read_inputs(self, x: Any) -> dict[str, jax.Array]:
        """{input name: array} from what `apply` takes, its shapes compared with the network's."""
        return run.read_inputs(self.inputs, x)

    def penalty(self, params: Mapping[str, Mapping[str, jax.Array]]) -> jax.Array:
        """What the regularizers add to the loss, a scalar; shared weights count once, frozen ones do not."""
        return run.penalty(self.declared, params)

    # The rest makes a network usable as a layer on its own; inside other networks it is unrolled instead.

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape of the only output."""
        program = self._program_for(inputs)
        if len(program.outputs) != 1:
            cure = "Call it on symbols: it gives one for each output."
            happened = f"it has {len(program.outputs)} outputs"
            raise ShapeError(Problem(self.name or "network", happened, "one output", cure))
        shape = program.shapes[program.outputs[0]]
        return () if shape is None else shape

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """All weights, by "path/weight"."""
        declared = declared_weights(self._program_for(inputs))
        return {f"{path}/{name}": weight for path, some in declared.items() for name, weight in some.items()}

    def macs(self, *inputs: Shape) -> int:
        """Multiply-accumulate operations for one example."""
        steps = self._program_for(inputs).steps.values()
        return sum(step.layer.macs(*(step.input_shapes or ())) for step in steps)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """Run on (N, ...) arrays with weights by "path/weight"; `inside` holds every intermediate."""
        program = self._program_for(tuple(x.shape[1:] for x in inputs))
        variables = {"params": run.nest(weights), "state": {}}
        named = dict(zip((spec.name for spec in self.inputs), inputs, strict=True))
        applied = run.execute(program, variables, named, train=train, key=key, record=True)
        return Result(applied.output, run.unnest(applied.state), applied.record)

    def _program_for(self, inputs: tuple[Shape, ...]) -> Program:
        program = unroll(self, inputs)
        if program.problems:
            raise ShapeError(program.problems)
        return program
