"""What an optimizer is: hyperparameters, and a direction that does not know the learning rate."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import jax
import numpy as np
import optax

from striate.errors import Problem
from striate.layers._rule_kinds import number
from striate.layers._rules import RefusedError, Rule, as_number, as_sequence, check_fields, optional
from striate.layers._unknown import refuse_unknown
from striate.training import schedules
from striate.training._transforms import clip_each_norm, scale_by_path

LearningRate = float | Callable[[Any], Any]
"""A number, or a schedule: steps -> rates."""


def _rate(value: Any, axes: int) -> LearningRate:
    """A number of at least 0, a schedule, or a schedule's config brought to life."""
    if isinstance(value, Mapping):
        return schedules.get(value)
    if callable(value):
        return value
    rate = as_number(value)
    if rate < 0:
        raise RefusedError
    return rate


def _names(value: Any, axes: int) -> tuple[str, ...]:
    """A tuple of pieces of weight names."""
    names = as_sequence(value)
    if not all(isinstance(name, str) and name for name in names):
        raise RefusedError
    return names


def _factors(value: Any, axes: int) -> tuple[tuple[str, float], ...]:
    """A tuple of (pattern, factor)."""
    pairs = [as_sequence(pair) for pair in as_sequence(value)]
    if not all(len(pair) == 2 and isinstance(pair[0], str) and pair[0] for pair in pairs):
        raise RefusedError
    found = tuple((pair[0], as_number(pair[1])) for pair in pairs)
    if any(factor < 0 for _, factor in found):
        raise RefusedError
    return found


FACTORS = Rule(
    "value",
    "a tuple of pairs of a pattern and a factor of at least 0",
    "Write for instance (('layer1.*', 0.1), ('layer2.*', 0.3)).",
    _factors,
    (None, "layer1", (("layer1.*",),), (("layer1.*", -1.0),), (("", 0.1),)),
)


def names_rule(cure: str) -> Rule:
    """The rule of a field that picks weights by pieces of their names."""
    return Rule("value", "a tuple of pieces of weight names", cure, _names, (None, "bias", (3,), ("",)))


RATE = Rule(
    "value",
    "a number of at least 0 or a schedule",
    "Give for instance 0.001 or schedules.CosineDecay(0.001, 1000).",
    _rate,
    (None, -0.1, "fast", float("nan"), True),
)
BETA = number("Choose a number such as 0.9; 0 forgets at once, near 1 remembers long.", 0.0, below=1.0)
MOMENTUM = number("Choose a number such as 0.9; 0 is plain descent.", 0.0, 1.0)
EPSILON = number("Choose a small number such as 1e-7; it keeps a division by zero away.", 0.0)
DECAY = number("Choose a number such as 0.004, or None for no decay.", 0.0)
LIMIT = number("Choose the largest size allowed, such as 1.0, or None for no clipping.", 0.0)


@dataclass(frozen=True)
class Optimizer(abc.ABC):
    """A frozen value with the hyperparameters of Keras' optimizer of the same name.

    Every step of training does, for parameters p with gradients g of the loss:

        u = direction().update(clip(g), …) + weight_decay · p;    p ← p - rate · u

    Args:
        learning_rate: a number, or a schedule from `striate.schedules`.
        weight_decay: the decoupled pull towards zero, rate · weight_decay · p each step, or None.
        clipnorm: each array's gradient is shortened to this Euclidean length, or None.
        clipvalue: each number of a gradient is kept within ± this, or None.
        global_clipnorm: all gradients together are shortened to this length, or None; one clipping at most.
        exclude_from_weight_decay: pieces of weight paths, such as ("bias", "gamma"), that do not decay.
        rate_factors: (pattern, factor) pairs: weights whose layer's path fits a pattern such as "layer1.*"
            move by the rate times the factor; the first pattern that fits counts, and what fits none moves
            by the rate itself.

    Where we differ from Keras: Keras multiplies the rate into the momentum it stores, here it multiplies the
    whole direction (as in PyTorch). The two are the same as long as the rate stays the same.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": RATE,
        "weight_decay": optional(DECAY),
        "clipnorm": optional(LIMIT),
        "clipvalue": optional(LIMIT),
        "global_clipnorm": optional(LIMIT),
        "exclude_from_weight_decay": names_rule("Write for instance ('bias', 'gamma')."),
        "rate_factors": FACTORS,
    }

    learning_rate: LearningRate = 0.001
    weight_decay: float | None = field(default=None, kw_only=True)
    clipnorm: float | None = field(default=None, kw_only=True)
    clipvalue: float | None = field(default=None, kw_only=True)
    global_clipnorm: float | None = field(default=None, kw_only=True)
    exclude_from_weight_decay: tuple[str, ...] = field(default=(), kw_only=True)
    rate_factors: tuple[tuple[str, float], ...] = field(default=(), kw_only=True)

    def __new__(cls, *_: Any, **given: Any) -> Self:
        """Refuse unknown arguments in our own words, before Python does in its."""
        refuse_unknown(cls, given)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Bring each field to its canonical form and refuse, all at once, what its rule refuses."""
        check_fields(self)

    def conflicts(self) -> Iterator[Problem]:
        """Fields that do not go together."""
        names = [
            name for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, name) is not None
        ]
        if len(names) > 1:
            where = type(self).__name__
            happened = (
                f"{' and '.join(names)} are both given"
                if len(names) == 2
                else f"{', '.join(names)} are all given"
            )
            yield Problem(where, happened, "one way of clipping", "Keep one of them and take the others out.")

    @abc.abstractmethod
    def rule(self) -> optax.GradientTransformation:
        """The update rule alone: clipped gradients in, direction out, neither decay nor rate."""

    def direction(self) -> optax.GradientTransformation:
        """The whole update before the learning rate, with the gradient's sign: the loop does p - rate · u.

        Its `update(grads, state, params)` needs the parameters when weights decay.
        """
        parts = (self._clip(), self.rule(), self._decay())
        return (
            optax.chain(*parts, scale_by_path(self.rate_factors))
            if self.rate_factors
            else optax.chain(*parts)
        )

    def rates(self, steps: np.ndarray) -> np.ndarray:
        """The learning rate of each of these steps, float32, on the host.

        >>> from striate.training.optimizers import SGD
        >>> SGD(0.5).rates(np.arange(3))
        array([0.5, 0.5, 0.5], dtype=float32)
        """
        steps = np.asarray(steps)
        rate = self.learning_rate(steps) if callable(self.learning_rate) else self.learning_rate
        return np.broadcast_to(np.asarray(rate, np.float32), steps.shape).copy()

    def _clip(self) -> optax.GradientTransformation:
        """What happens to gradients first; a limit of 0 means none, as in Keras."""
        if self.clipnorm:
            return clip_each_norm(self.clipnorm)
        if self.global_clipnorm:
            return optax.clip_by_global_norm(self.global_clipnorm)
        return optax.clip(self.clipvalue) if self.clipvalue else optax.identity()

    def _decay(self) -> optax.GradientTransformation:
        """Weight decay, added behind the rule so that momentum never sees it."""
        if not self.weight_decay:
            return optax.identity()
        return optax.add_decayed_weights(self.weight_decay, mask=self._decays)

    def _decays(self, params: Any) -> Any:
        """True for each weight that decays."""
        return jax.tree_util.tree_map_with_path(
            lambda path, _: not matches(path, self.exclude_from_weight_decay), params
        )


def matches(path: Any, pieces: tuple[str, ...]) -> bool:
    """Whether a weight's path, such as "conv1/bias", holds one of the pieces."""
    text = "/".join(str(getattr(key, "key", key)) for key in path)
    return any(piece in text for piece in pieces)
