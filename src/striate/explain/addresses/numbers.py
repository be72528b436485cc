"""A model with one batch in it, of which every number can be asked how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._reading import Reading, read, score_name
from striate.explain.addresses._programs import backward, forward
from striate.explain.addresses.address import Address
from striate.explain.addresses.answering import Answering
from striate.explain.addresses.goals import Goal, loss_goal, score_goal, score_path
from striate.explain.addresses.sites import Sites, network_sites
from striate.models import Model


class OnHost:
    """Values and gradients of one run, fetched from the device when they are first looked at."""

    def __init__(self, values: Mapping[str, Any], grads: Mapping[str, Any]) -> None:
        """Nothing is fetched yet."""
        self.values, self.grads = dict(values), dict(grads)

    def value(self, path: str) -> np.ndarray:
        """All numbers of a path."""
        self.values[path] = np.asarray(self.values[path])
        return self.values[path]

    def grad(self, path: str) -> np.ndarray:
        """The gradient with respect to each of them."""
        self.grads[path] = np.asarray(self.grads[path])
        return self.grads[path]


class Numbers(Answering):
    """All numbers of one run, for many questions; `at` asks one.

    Args:
        model, x: as for `read`; x may be a `Reading` already.
        y: targets, for gradients of the loss.
        train: run as in training: dropout drops, batch norm takes the statistics of the batch.
        key: a JAX key, for layers that draw at random while training.
        loss: another loss than the one that the model was compiled with.
        target: without y, the class whose score gradients are of, or one for each example; None for the
            winner of each.

    Raises:
        ArgumentError, DataError, ShapeError: what does not fit, before anything runs.

    Programs are compiled once for equal networks: one for values, one for gradients.

    >>> from striate.layers import Dense
    >>> from striate.models import Input, Sequential
    >>> model = Sequential([Input((2,)), Dense(1, name="a")])
    >>> model.set_weights([np.array([[2.0], [3.0]]), np.array([1.0])])
    >>> numbers = Numbers(model, np.array([[10.0, 20.0]]))
    >>> [(term.name, term.value) for term in numbers.at("a/output[0,0]").terms]
    [('input1[0,0] × a/kernel[0,0]', 20.0), ('input1[0,1] × a/kernel[1,0]', 60.0), ('a/bias[0]', 1.0)]
    >>> numbers.at("a/kernel.grad").value.ravel().tolist()
    [10.0, 20.0]
    """

    def __init__(
        self,
        model: Model,
        x: Any,
        y: Any = None,
        *,
        train: bool = False,
        key: jax.Array | None = None,
        loss: Any = None,
        target: Any = None,
    ) -> None:
        """Targets are checked; nothing runs yet."""
        self.network, self.train, self.key = model.network, train, key
        self.reading = x if isinstance(x, Reading) else read(model, x)
        self._target = target
        _check_together(y, loss, target)
        self._loss_goal = None if y is None else loss_goal(model, y, loss, len(self.reading.x))

    @cached_property
    def goal(self) -> Goal:
        """What gradients are of."""
        if self._loss_goal is not None:
            return self._loss_goal
        score = score_name(self.network)
        scores = self._forward.value(score_path(self.network, score))
        return score_goal(self.network, score, scores, self._target)

    def ledger(self, address: Address) -> OnHost:
        """Values come from the forward pass alone where it has them, so that they need no gradients."""
        return self._forward if self._is_forward(address) else self._backward

    def sites(self, address: Address) -> Sites:
        """Those of the network, and for gradients those of the goal."""
        return self._sites if self._is_forward(address) else self._goal_sites

    def paths(self) -> frozenset[str]:
        """Of everything that can be asked."""
        return self._paths

    def has_gradient(self, path: str) -> bool:
        """Whether gradients reach the numbers of a path."""
        return path in self._backward.grads

    def words(self, address: Address) -> str:
        """What a gradient is of."""
        return f"The gradient of {self.goal.words}." if address.grad else ""

    def _is_forward(self, address: Address) -> bool:
        return not address.grad and address.path in self._sites.paths | self._weights.keys()

    @cached_property
    def _sites(self) -> Sites:
        return Sites.of(network_sites(self.network, self.train))

    @cached_property
    def _goal_sites(self) -> Sites:
        return Sites.of(self.goal.sites(self.network, self.train))

    @cached_property
    def _paths(self) -> frozenset[str]:
        known = self._sites.paths | self._goal_sites.paths
        return known | self._weights.keys() | self.goal.targets.keys()

    @cached_property
    def _weights(self) -> dict[str, Any]:
        return flat_weights(self.reading.variables)

    @cached_property
    def _forward(self) -> OnHost:
        values = forward(self.network, self.train)(self.reading.variables, self.reading.inputs, self.key)
        return OnHost({**values, **self._weights}, {})

    @cached_property
    def _backward(self) -> OnHost:
        goal, wanted = self.goal, tuple(map(jnp.asarray, self.goal.wanted))
        program = backward(self.network, goal.objective, self.train)
        ran = program(self.reading.variables, self.reading.inputs, wanted, self.key)
        return OnHost({**ran.values, **self._weights, **goal.targets}, ran.grads)


def flat_weights(variables: Mapping[str, Any]) -> dict[str, Any]:
    """{"conv1/kernel": array} from variables; frozen weights and running statistics too."""
    groups = (variables.get(group, {}) for group in ("params", "state"))
    return {f"{path}/{n}": a for group in groups for path, some in group.items() for n, a in some.items()}


def _check_together(y: Any, loss: Any, target: Any) -> None:
    """A loss needs targets, and a score has none."""
    problems = []
    if y is None and loss is not None:
        problems.append(Problem("loss", "it was given without y", "both", "Give the targets as y."))
    if y is not None and target is not None:
        cure = "Leave y out for the gradient of a score, or target for that of the loss."
        problems.append(Problem("target", "it was given beside y", "one of the two", cure))
    if problems:
        raise ArgumentError(problems)
