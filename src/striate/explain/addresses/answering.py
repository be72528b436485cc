"""What every run can be asked: which numbers an address means, and how each of them was made."""

from __future__ import annotations

import abc
from dataclasses import replace

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.addresses.address import Address, index_problems, settled
from striate.explain.addresses.explained import Explained
from striate.explain.addresses.finding import Finder
from striate.explain.addresses.rules.base import Ledger, Place
from striate.explain.addresses.sites import Sites, named
from striate.explain.addresses.terms import Made
from striate.network import Network

CHAIN = "the chain rule: the slope of every number it goes into, times that number's gradient"


class Answering(abc.ABC):
    """One run of a network, whatever its numbers come from.

    A subclass says where numbers stand (`ledger`) and where they are made (`sites`).
    """

    network: Network
    train: bool
    step: int | None = None

    @abc.abstractmethod
    def ledger(self, address: Address) -> Ledger:
        """Where the numbers of an address are looked up."""

    @abc.abstractmethod
    def sites(self, address: Address) -> Sites:
        """The sites that made the numbers of an address, or that send its gradients back."""

    @abc.abstractmethod
    def paths(self) -> frozenset[str]:
        """Of everything that can be asked."""

    @abc.abstractmethod
    def has_gradient(self, path: str) -> bool:
        """Whether gradients reach the numbers of a path."""

    @abc.abstractmethod
    def words(self, address: Address) -> str:
        """What a gradient is of and when a number was recorded, as a sentence; "" for a plain value."""

    def at(self, address: str | Address) -> Explained:
        """The numbers of an address, and how they were made.

        Raises:
            ArgumentError: there are no such numbers; everything that is wrong with the address is said.
        """
        found = self.find(address)
        numbers = self._array(found)[found.key]
        return Explained(found, float(numbers) if np.ndim(numbers) == 0 else np.array(numbers), self)

    def find(self, address: str | Address) -> Address:
        """The address as explanations write it: its path and its index settled.

        Raises:
            ArgumentError: as for `at`.
        """
        found = Finder(self.network, self.paths(), self.train).find(address)
        problems = [] if found.step == self.step else [_wrong_step(found, self.step)]
        reached = not found.grad or self.has_gradient(found.path)
        shape = self.shape_of(found if reached else replace(found, grad=False))
        problems += [] if reached else [_no_gradient(found)]
        problems += index_problems(found, shape)
        if problems:
            raise ArgumentError(problems)
        return settled(found, shape)

    def made(self, address: Address) -> Made | None:
        """How a single number was made; None for one that was given: inputs, weights, targets."""
        place: Place = tuple(entry for entry in address.index or () if isinstance(entry, int))
        ledger, sites = self.ledger(address), self.sites(address)
        with np.errstate(all="ignore"):  # what is infinite for the engine is so here, without a warning
            if address.grad:
                return _gradient(ledger, sites, address.path, place)
            site = sites.sites.get(address.path)
            return None if site is None else site.rule.made(ledger, site, place)

    def below(self, address: Address) -> Address | None:
        """The stage before a fused activation, which is shown together with it."""
        before = address.path.removesuffix("/output") + "/preactivation"
        fused = not address.grad and address.path.endswith("/output") and before in self.paths()
        return replace(address, path=before) if fused else None

    def given(self, address: Address) -> str:
        """What numbers are that were not made."""
        if address.path in {named(self.network.program, spec.name) for spec in self.network.inputs}:
            return "an input"
        path, _, name = address.path.rpartition("/")
        if name in self.network.declared.get(path, {}):
            return "a weight"
        return "drawn at random" if name in ("mask", "noise") else "a target, or the work of your own loss"

    def shape_of(self, address: Address) -> tuple[int, ...]:
        """Of all numbers of the path."""
        return self._array(address).shape

    def _array(self, address: Address) -> np.ndarray:
        ledger = self.ledger(address)
        return ledger.grad(address.path) if address.grad else ledger.value(address.path)


def _gradient(ledger: Ledger, sites: Sites, path: str, place: Place) -> Made:
    """The chain rule: what every site that reads a number sends back."""
    blocks, notes = [], []
    for site, position in sites.uses.get(path, ()):
        blocks += site.rule.sent(ledger, site, position, place)
        notes += site.rule.remarks(ledger, site, position, place)
    if not any(map(len, blocks)) and not notes:
        notes = ["Nothing that the goal depends on reads it."]
    return Made(CHAIN, tuple(blocks), tuple(dict.fromkeys(notes)))


def _no_gradient(address: Address) -> Problem:
    happened = f"no gradient reaches {address.path}"
    cure = "Running statistics, frozen weights, masks, targets and the loss itself have none."
    return Problem(str(address), happened, "an input, an activation or a trainable weight", cure)


def _wrong_step(address: Address, step: int | None) -> Problem:
    if step is None:
        cure = "Give recording=striate.explain.open_recording(path), or leave @step out."
        return Problem(str(address), "there is no recorded run", "a recording", cure)
    return Problem(
        str(address), f"these are the numbers of step {step}", f"@step={step}", "Correct the step."
    )
