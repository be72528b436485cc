"""Numbers of a training that is over: the same questions, asked of a recording."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np

from striate.explain._reading import read
from striate.explain.addresses.address import Address
from striate.explain.addresses.answering import Answering
from striate.explain.addresses.goals import Goal, loss_goal
from striate.explain.addresses.rules.crossentropy import Shares
from striate.explain.addresses.sites import Sites, named, network_sites
from striate.models import Model


class Recorded(Protocol):
    """What is asked of a recording."""

    def value(self, name: str, step: int) -> np.ndarray:
        """All numbers of a path at a step; with ".grad" behind the path their gradients."""
        ...


class RecordedNumbers(Answering):
    """The numbers of one step of a recorded training, as `Numbers` of a model at hand.

    Values and gradients are those that were recorded. Terms are made of recorded numbers too, so a number has
    terms where everything that it was made of was recorded (inputs and targets may be given instead). Where
    all weights were, `Numbers(recording.model(step), x, y)` knows everything about that step.

    Args:
        model: which was trained; its network is asked, its weights are not.
        recording: has `value(name, step)`. step: which step.
        x, y: the examples that were looked at, where their numbers are wanted as terms.
        train: whether they were looked at as in a training step. loss: as for `Numbers`.
    """

    def __init__(
        self,
        model: Model,
        recording: Recorded,
        step: int,
        x: Any = None,
        y: Any = None,
        *,
        train: bool = False,
        loss: Any = None,
    ) -> None:
        """Nothing is read yet."""
        self.network, self.train, self.step = model.network, train, step
        self._read = partial(recording.value, step=step)
        inputs = {} if x is None else read(model, x).inputs
        self._given = {named(self.network.program, name): array for name, array in inputs.items()}
        self._goal: Goal | None = None
        if y is not None:
            examples = len(np.asarray(y)) if x is None else len(next(iter(inputs.values())))
            self._goal = loss_goal(model, y, loss, examples)
            self._given |= self._goal.targets

    def ledger(self, address: Address) -> RecordedNumbers:
        """The recording itself."""
        return self

    def sites(self, address: Address) -> Sites:
        """Those of the network, and of the loss where y is there."""
        return self._sites

    def paths(self) -> frozenset[str]:
        """Of everything that a network has; whether it was recorded is found out when it is read."""
        declared = self.network.declared.items()
        weights = (f"{path}/{name}" for path, some in declared for name in some)
        return self._sites.paths.union(weights, self._given)

    def has_gradient(self, path: str) -> bool:
        """Found out when it is read."""
        return True

    def words(self, address: Address) -> str:
        """Which step it is."""
        what = "The gradient of the loss" if address.grad else "The number"
        return f"{what} at step {self.step} of a recorded training."

    def value(self, path: str) -> np.ndarray:
        """All numbers of a path; inputs and targets that were given are not read, shares are made anew."""
        if path in self._given:
            return np.asarray(self._given[path])
        site = self._sites.sites.get(path)
        if site is not None and isinstance(site.rule, Shares):
            output = self.value(site.reads[0])
            return output / output.sum(-1, keepdims=True)
        return np.asarray(self._read(path))

    def grad(self, path: str) -> np.ndarray:
        """The gradient with respect to each of them."""
        return np.asarray(self._read(f"{path}.grad"))

    @cached_property
    def _sites(self) -> Sites:
        sites = network_sites(self.network, self.train)
        return Sites.of(sites if self._goal is None else sites | self._goal.sites(self.network, self.train))
