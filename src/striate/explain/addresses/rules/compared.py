"""Losses that compare number by number: what each pair adds to the loss, and what it sends back."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from striate.explain.addresses.rules.base import Ledger, Place, Site, everywhere, one, values_at
from striate.explain.addresses.rules.pointwise import Pointwise
from striate.explain.addresses.terms import Block, Column, Source, block, constant
from striate.ops.losses import EPSILON
from striate.training import losses

Piece = tuple[str, np.ndarray]
"""A factor: how it is written, with {p} and {y} for prediction and target, and (n,) values."""

Pieces = tuple[tuple[Piece, ...], ...]
"""A sum of products."""


@dataclass(frozen=True, eq=False)
class Compared(abc.ABC):
    """One output and its loss.

    Args:
        loss: the loss. factor: its weight in the whole. output, target: the paths of both.
    """

    loss: losses.Loss
    factor: float
    output: str
    target: str

    @abc.abstractmethod
    def made(self, ledger: Ledger) -> tuple[Block, ...]:
        """Its part of the whole loss."""

    @abc.abstractmethod
    def sent(self, ledger: Ledger, place: Place) -> tuple[Block, ...]:
        """The derivative of the loss with respect to one number that it reads."""

    @property
    def read(self) -> str:
        """The path that the loss reads: the output, or its shares."""
        return self.output

    def count(self, ledger: Ledger) -> int:
        """Over how many numbers the loss is a mean."""
        return ledger.value(self.output).size

    def weight(self, ledger: Ledger, sign: int = 1) -> Column:
        """factor / count: what each number counts in the mean."""
        top, count = sign * self.factor, self.count(ledger)
        return constant(top / count, f"{top:g}/{count}" if count > 1 else f"{top:g}")


@dataclass(frozen=True, eq=False)
class Elementwise(Compared):
    """A loss that is a mean over all numbers of the output."""

    def made(self, ledger: Ledger) -> tuple[Block, ...]:
        """The products of every pair."""
        places = everywhere(*ledger.value(self.output).shape)
        return self._blocks(ledger, places, ELEMENTWISE[type(self.loss)][0])

    def sent(self, ledger: Ledger, place: Place) -> tuple[Block, ...]:
        """The slopes of one pair."""
        return self._blocks(ledger, one(place), ELEMENTWISE[type(self.loss)][1])

    def wanted(self, ledger: Ledger) -> np.ndarray:
        """The targets in the shape of the output, smoothed."""
        y = ledger.value(self.target).reshape(ledger.value(self.output).shape).astype(np.float64)
        smooth = getattr(self.loss, "label_smoothing", 0.0)
        return y * (1 - smooth) + smooth / 2 if smooth else y

    def _blocks(self, ledger: Ledger, places: np.ndarray, rule: Callable[..., Pieces]) -> tuple[Block, ...]:
        at = tuple(places.T)
        p, y = ledger.value(self.output)[at].astype(np.float64), self.wanted(ledger)[at]
        smoothed = bool(getattr(self.loss, "label_smoothing", 0.0))
        sources = {"p": Source(self.output, False, places), "y": Source(self.target, False, places)}
        products = rule(self.loss, p, y)
        return tuple(
            block(self.weight(ledger), *(_column(form, values, sources, smoothed) for form, values in pieces))
            for pieces in products
        )


@dataclass(frozen=True, eq=False)
class ComparedSigmoid(Pointwise):
    """A sigmoid that only a binary crossentropy looks at: both together send (p - y) / n back."""

    loss: Elementwise

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """(p - y) / n, unless the probability was clipped."""
        if not self._passes(ledger, place):
            return super().sent(ledger, site, position, place)
        y = float(self.loss.wanted(ledger)[place])
        smoothed = bool(getattr(self.loss.loss, "label_smoothing", 0.0))
        sources = {"y": Source(self.loss.target, False, one(place))}
        direct = block(self.loss.weight(ledger), values_at(ledger, site.path, one(place)))
        return direct, block(self.loss.weight(ledger, -1), _column("{y}", np.array([y]), sources, smoothed))

    def remarks(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[str, ...]:
        """What was put together."""
        if not self._passes(ledger, place):
            return ("The probability is so near to 0 or 1 that the loss clips it: its gradient is 0.",)
        return ("Sigmoid and crossentropy together: (p - y) / n.",)

    def _passes(self, ledger: Ledger, place: Place) -> bool:
        return bool(clipped(ledger.value(self.loss.output)[place].astype(np.float64))[1] == 1)


def _column(form: str, values: np.ndarray, sources: Mapping[str, Source], smoothed: bool) -> Column:
    """A factor whose form names {p} and {y}; smoothed targets have no address."""
    form = form.replace("{y}", "y") if smoothed else form
    order = sorted((form.find(f"{{{name}}}"), name) for name in sources if f"{{{name}}}" in form)
    plain = form.replace("{p}", "{}").replace("{y}", "{}")
    return Column(np.atleast_1d(values), plain, tuple(sources[name] for _, name in order))


def clipped(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities kept EPSILON away from 0 and 1, and the slope of that: 1 inside, 1/2 on the edge."""
    low, high = float(np.float32(EPSILON)), float(np.float32(1 - EPSILON))
    inside = ((p > low) & (p < high)).astype(np.float64)
    return np.clip(p, low, high), inside + 0.5 * ((p == low) | (p == high))


def complement(p: np.ndarray) -> np.ndarray:
    """1 - p, rounded to float32 as the engine has it: where p is small the logarithm needs every digit."""
    return (np.float32(1) - p.astype(np.float32)).astype(np.float64)


def signs(x: np.ndarray) -> np.ndarray:
    """The slope of |x| as the engine has it: 1 from 0 on, -1 below."""
    return np.where(x >= 0, 1.0, -1.0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def log_sigmoid(x: np.ndarray) -> np.ndarray:
    """log(1 / (1 + exp(-x))), without overflow."""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def _squared(loss: losses.Loss, p: np.ndarray, y: np.ndarray) -> Pieces:
    return ((("({p} - {y})", p - y), ("({p} - {y})", p - y)),)


def _squared_slope(loss: losses.Loss, p: np.ndarray, y: np.ndarray) -> Pieces:
    return ((("2", np.full(1, 2.0)), ("({p} - {y})", p - y)),)


def _absolute(loss: losses.Loss, p: np.ndarray, y: np.ndarray) -> Pieces:
    return ((("|{p} - {y}|", np.abs(p - y)),),)


def _absolute_slope(loss: losses.Loss, p: np.ndarray, y: np.ndarray) -> Pieces:
    return ((("sign({p} - {y})", signs(p - y)),),)


def _huber(loss: losses.Huber, p: np.ndarray, y: np.ndarray) -> Pieces:
    error = np.abs(p - y)
    value = np.where(error <= loss.delta, error**2 / 2, loss.delta * (error - loss.delta / 2))
    return ((("huber({p} - {y})", value),),)


def _huber_slope(loss: losses.Huber, p: np.ndarray, y: np.ndarray) -> Pieces:
    return (((f"clip({{p}} - {{y}}, {loss.delta:g})", np.clip(p - y, -loss.delta, loss.delta)),),)


def _poisson(loss: losses.Loss, p: np.ndarray, y: np.ndarray) -> Pieces:
    return (("{p}", p),), (("-{y}", -y), ("log({p} + 1e-07)", np.log(p + EPSILON)))


def _poisson_slope(loss: losses.Loss, p: np.ndarray, y: np.ndarray) -> Pieces:
    return (("1", np.ones(1)),), (("-{y}", -y), ("1 / ({p} + 1e-07)", 1 / (p + EPSILON)))


def _binary(loss: losses.BinaryCrossentropy, p: np.ndarray, y: np.ndarray) -> Pieces:
    if loss.from_logits:
        yes, no = ("log σ({p})", log_sigmoid(p)), ("log σ(-{p})", log_sigmoid(-p))
    else:
        kept = clipped(p)[0]
        yes, no = ("log {p}", np.log(kept)), ("log(1 - {p})", np.log(complement(kept)))
    return (("-{y}", -y), yes), (("-(1 - {y})", -(1 - y)), no)


def _binary_slope(loss: losses.BinaryCrossentropy, p: np.ndarray, y: np.ndarray) -> Pieces:
    if loss.from_logits:
        return (("σ({p})", sigmoid(p)),), (("-{y}", -y),)
    kept, inside = clipped(p)
    yes, no = ("inside / {p}", inside / kept), ("inside / (1 - {p})", inside / complement(kept))
    return (("-{y}", -y), yes), (("(1 - {y})", 1 - y), no)


ELEMENTWISE: Mapping[type[losses.Loss], tuple[Callable[..., Pieces], Callable[..., Pieces]]] = {
    losses.MeanSquaredError: (_squared, _squared_slope),
    losses.MeanAbsoluteError: (_absolute, _absolute_slope),
    losses.Huber: (_huber, _huber_slope),
    losses.Poisson: (_poisson, _poisson_slope),
    losses.BinaryCrossentropy: (_binary, _binary_slope),
}
"""For each loss what a pair adds to it, and the derivative of that for the prediction."""
