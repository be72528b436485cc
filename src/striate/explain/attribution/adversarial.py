"""Small changes that turn an answer: one step (FGSM), many (PGD), and the smallest that is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.explain._reading import Reading, read
from striate.explain.attribution._aim import Aim, aim_at, scores_of
from striate.explain.attribution._arguments import need_between, need_choice, need_whole
from striate.explain.attribution._attacks import Ball, Wish, lead, searcher
from striate.explain.attribution._attribution import SHOWN, picture_of
from striate.explain.attribution._limits import pixel_limits
from striate.explain.attribution._rows import by_rows, rows_at_once
from striate.models import Model
from striate.pages import Note, Panel, Part, Shown, Table, diverging, grey

NORMS = ("inf", "2")


@dataclass(frozen=True, eq=False)
class Changed(Shown):
    """Pictures, and changes of them that were meant to turn the answer.

    Args:
        method, norm: how it was searched for. reading: the pictures.
        changed: (N, H, W, C) in the network's scale.
        before, after: the answers. turned: (N,) whether the answer is another (or the wanted one).
        sizes: (N,) of the changes in parts of the pixels' range: the largest ("inf") or the Euclidean length
            ("2"); for `smallest_change` NaN where none was found.
        limits: the smallest and the largest pixel in the network's scale.
    """

    method: str
    norm: str
    reading: Reading
    changed: np.ndarray
    before: Aim
    after: Aim
    turned: np.ndarray
    sizes: np.ndarray
    limits: tuple[np.ndarray, np.ndarray]

    @property
    def title(self) -> str:  # type: ignore[override]
        """The method and how many answers turned."""
        return f"{self.method}: {int(self.turned.sum())} of {len(self.turned)} answers turned"

    def parts(self) -> list[Part]:
        """Before, the change, after; and the sizes."""
        parts: list[Part] = []
        low, high = self.limits
        for n in range(min(len(self.changed), SHOWN)):
            change = (self.changed[n] - np.asarray(self.reading.x[n])) / (high - low)
            after = (self.changed[n] - low) / (high - low)
            parts += [
                Panel("before", picture_of(self.reading, n), self.before.words(n)),
                Panel(
                    "the change",
                    diverging(change.mean(-1)),
                    f"at most {255 * np.abs(change).max():.3g} of 255",
                ),
                Panel("after", _picture(after), self.after.words(n)),
                Note(""),
            ]
        size = "largest change of a pixel, of 255" if self.norm == "inf" else "length, in ranges of a pixel"
        scale = 255 if self.norm == "inf" else 1
        rows = [
            (n, self.before.words(n), self.after.words(n), "yes" if turned else "no", f"{scale * one:.3g}")
            for n, (turned, one) in enumerate(zip(self.turned, self.sizes, strict=True))
        ]
        return [*parts, Table(("picture", "before", "after", "turned", size), rows[: 4 * SHOWN])]


def fgsm(
    model: Model, x: Any, *, epsilon: float = 8 / 255, toward: Any = None, limits: Any = None
) -> Changed:
    """Move every pixel by the same small amount in the direction that hurts the answer most.

    x' = x + epsilon sign(d loss / dx), loss the cross-entropy of the answer

    Args:
        model: the model. x: (N, H, W, C) pictures.
        epsilon: the amount, in parts of the pixels' range. toward: a class to reach, instead of any other.
        limits: (smallest, largest) pixel in the network's scale; see `pixel_limits`.

    Goodfellow, Shlens and Szegedy, Explaining and harnessing adversarial examples, 2015.
    """
    need_between("epsilon", epsilon, 0, 1)
    return _search(model, x, "FGSM", "inf", epsilon, 1, 1.0, toward, limits, 0)


def pgd(
    model: Model,
    x: Any,
    *,
    epsilon: float = 8 / 255,
    norm: str = "inf",
    steps: int = 20,
    toward: Any = None,
    limits: Any = None,
    seed: int = 0,
) -> Changed:
    """Move pixels in many small steps from a random start, staying within epsilon of the picture.

    Args:
        model: the model. x: (N, H, W, C) pictures.
        epsilon: how far, in parts of the pixels' range: each pixel ("inf"), or the whole ("2", a length).
        norm: "inf" or "2". steps: how many, each of 2.5 epsilon / steps. toward: a class to reach.
        limits: (smallest, largest) pixel in the network's scale; see `pixel_limits`. seed: draws the start.

    Madry, Makelov, Schmidt, Tsipras and Vladu, Towards deep learning models resistant to attacks, 2018.
    """
    need_choice("norm", norm, NORMS)
    need_between("epsilon", epsilon, 0, 1 if norm == "inf" else 1e6)
    stride = min(0.99, 2.5 / need_whole("steps", steps))
    return _search(model, x, "PGD", norm, epsilon, steps, stride, toward, limits, seed)


def smallest_change(
    model: Model,
    x: Any,
    *,
    norm: str = "inf",
    steps: int = 20,
    rounds: int = 10,
    toward: Any = None,
    limits: Any = None,
    seed: int = 0,
) -> Changed:
    """The smallest change found to turn the answer: PGD at halved distances, then the straight way back.

    Args:
        model: the model. x: (N, H, W, C) pictures.
        norm: "inf" or "2". steps: of each search. rounds: how often the distance is halved.
        toward: a class to reach. limits: as for `pgd`. seed: draws the starts.

    Returns:
        `Changed`; `sizes` is an upper bound of the true smallest size, NaN where nothing turned the answer.
    """
    need_choice("norm", norm, NORMS)
    need_whole("rounds", rounds)
    stride = min(0.99, 2.5 / need_whole("steps", steps))
    attack = _Attack.of(model, x, norm, steps, stride, toward, limits, seed)
    best, radius = attack.widest()
    low, found = np.zeros(len(radius)), attack.size(best)
    for _ in range(rounds):
        middle = (low + np.where(np.isfinite(found), found, radius)) / 2
        changed, leads = attack.at(middle)
        turned = (leads > 0) & (attack.size(changed) < np.where(np.isfinite(found), found, np.inf))
        best = np.where(turned[:, None, None, None], changed, best)
        found, low = np.where(turned, attack.size(changed), found), np.where(leads > 0, low, middle)
    best = attack.back_toward(best, np.isfinite(found))
    sizes = np.where(np.isfinite(found), attack.size(best), np.nan)
    return attack.result("smallest change", best, sizes)


@dataclass(frozen=True, eq=False)
class _Attack:
    """A search that can be made at any distance."""

    reading: Reading
    norm: str
    steps: int
    stride: float
    wish: Wish
    limits: tuple[np.ndarray, np.ndarray]
    seed: int

    @classmethod
    def of(
        cls, model: Model, x: Any, norm: str, steps: int, stride: float, toward: Any, limits: Any, seed: int
    ) -> _Attack:
        """The search for a person's words."""
        reading = read(model, x)
        aim = aim_at(reading, toward)
        sign = jnp.full(len(aim.classes), 1.0 if toward is None else -1.0)
        known = pixel_limits(model, reading, limits)
        return cls(reading, norm, steps, stride, Wish(aim.weights, sign), known, seed)

    def at(self, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best change within a distance for each picture, and its lead."""
        program = searcher(self.reading.network, self.norm, self.steps)
        key, span = jax.random.key(self.seed), len(self.reading.x)
        low, high = (jnp.asarray(limit, jnp.float32)[None, None, None] for limit in self.limits)
        strides = jnp.full(span, self.stride)

        def search(inputs: Any, wish: Wish, radius: jax.Array, strides: jax.Array) -> tuple[Any, Any]:
            return program(self.reading.variables, inputs, wish, Ball(low, high, radius), strides, key)

        size = rows_at_once(self.reading.network)
        given = (self.reading.inputs, self.wish, jnp.asarray(radius, jnp.float32), strides)
        changed, leads = by_rows(search, size, *given)
        return np.asarray(changed), np.asarray(leads)

    def size(self, changed: np.ndarray) -> np.ndarray:
        """(N,) how large changes are, in parts of the pixels' range."""
        low, high = self.limits
        change = ((changed - np.asarray(self.reading.x)) / (high - low)).reshape(len(changed), -1)
        return np.abs(change).max(1) if self.norm == "inf" else np.linalg.norm(change, axis=1)

    def widest(self) -> tuple[np.ndarray, np.ndarray]:
        """Changes that turn every answer that can be turned, at doubled distances; NaN where none does."""
        most = 1.0 if self.norm == "inf" else float(np.prod(self.reading.x.shape[1:])) ** 0.5
        radius = np.full(len(self.reading.x), most / 256)
        best = np.full(self.reading.x.shape, np.nan, np.float32)
        while True:
            changed, leads = self.at(radius)
            fresh = (leads > 0) & np.isnan(best.reshape(len(best), -1)[:, 0])
            best = np.where(fresh[:, None, None, None], changed, best)
            open_ = np.isnan(best.reshape(len(best), -1)[:, 0]) & (radius < most)
            if not open_.any():
                return best, radius
            radius = np.where(open_, np.minimum(2 * radius, most), radius)

    def back_toward(self, changed: np.ndarray, found: np.ndarray, halvings: int = 12) -> np.ndarray:
        """The nearest point on the straight way to the picture whose answer is still turned."""
        x = np.asarray(self.reading.x)
        far = np.where(found[:, None, None, None], changed, x)
        low, high = np.zeros(len(x)), np.ones(len(x))
        for _ in range(halvings):
            middle = (low + high) / 2
            leads = self.leads(x + middle[:, None, None, None].astype(np.float32) * (far - x))
            low, high = np.where(leads > 0, low, middle), np.where(leads > 0, middle, high)
        nearest = x + high[:, None, None, None].astype(np.float32) * (far - x)
        return np.where((self.leads(nearest) > 0)[:, None, None, None], nearest, far)

    def leads(self, x: np.ndarray) -> np.ndarray:
        """(N,) the leads of other pictures."""
        return np.asarray(lead(scores_of(self.moved(x)), self.wish))

    def moved(self, x: np.ndarray) -> Reading:
        """The reading with other pictures."""
        name = self.reading.network.inputs[0].name
        return replace(self.reading, inputs={**self.reading.inputs, name: jnp.asarray(x)})

    def result(self, method: str, changed: np.ndarray, sizes: np.ndarray) -> Changed:
        """What is shown."""
        before, after = aim_at(self.reading), aim_at(self.moved(changed))
        turned = self.leads(changed) > 0
        numbers = (changed, before, after, turned, sizes, self.limits)
        return Changed(method, self.norm, self.reading, *numbers)


def _search(
    model: Model,
    x: Any,
    method: str,
    norm: str,
    epsilon: float,
    steps: int,
    stride: float,
    toward: Any,
    limits: Any,
    seed: int,
) -> Changed:
    attack = _Attack.of(model, x, norm, steps, stride, toward, limits, seed)
    changed, _ = attack.at(np.full(len(attack.reading.x), epsilon))
    return attack.result(method, changed, attack.size(changed))


def _picture(shares: np.ndarray) -> np.ndarray:
    """A picture of numbers from 0 to 1."""
    return grey(shares if shares.shape[-1] in (1, 3) else shares.mean(-1), 0, 1)
