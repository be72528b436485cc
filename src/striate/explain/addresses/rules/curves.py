"""The activations as curves: value, slope and branch, in float64.

A slope is written as a sum of products, as the chain rule makes it, and with the engine's own answer y where
the engine uses it: 1 and -y² for a tangent, two terms. So nothing cancels inside a factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Piece = tuple[str, float]
"""A factor of a slope: how it is written, with {x} and {y} for argument and answer, and its value."""

Slope = tuple[tuple[Piece, ...], ...]
"""A sum of products of pieces; empty for 0."""

_SQRT_HALF, _INV_SQRT_2PI = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@dataclass(frozen=True, eq=False)
class Curve:
    """One activation.

    Args:
        form: how it is written, such as "tanh {x}".
        value: of an argument. slope: at an argument x with the answer y.
        branch: which piece of the curve an argument lies on, as a sentence; "" where there is only one.
    """

    form: str
    value: Callable[[float], float]
    slope: Callable[[float, float], Slope]
    branch: Callable[[float], str] = lambda x: ""


def rectifier(
    below: float = 0.0, ceiling: float | None = None, threshold: float = 0.0, name: str = "relu"
) -> Curve:
    """`striate.ops.relu`: the piece below counts at the threshold, the ceiling where it is reached."""
    below, threshold = _single(below), _single(threshold)
    top = 0.0 if ceiling is None else _single(ceiling)

    def line(x: float) -> float:
        return (below and below * (x - threshold)) if x <= threshold else x

    def capped(x: float) -> bool:
        return ceiling is not None and line(x) >= top

    def slope(x: float, y: float) -> Slope:
        return () if capped(x) else _number(below if x <= threshold else 1)

    def branch(x: float) -> str:
        if capped(x):
            return f"{{x}} is at the ceiling {top:g} or above it: the slope is 0."
        if x <= threshold:
            return f"{{x}} is not above {threshold:g}: the slope is {below:g}."
        return f"{{x}} is above {threshold:g}: it passes, the slope is 1."

    return Curve(f"{name}({{x}})", lambda x: top if capped(x) else line(x), slope, branch)


def leaky(below: float) -> Curve:
    """x from 0 on, below x under it; at 0 the slope is 1."""
    below = _single(below)

    def slope(x: float, y: float) -> Slope:
        return _number(1 if x >= 0 else below)

    def branch(x: float) -> str:
        side = "is at least 0: it passes, the slope is 1" if x >= 0 else f"is below 0: the slope is {below:g}"
        return f"{{x}} {side}."

    return Curve("leaky_relu({x})", lambda x: x if x >= 0 else below * x, slope, branch)


def exponential_below(alpha: float, scale: float = 1.0, name: str = "elu") -> Curve:
    """scale x above 0, scale alpha (exp x - 1) up to it, where the slope is y + scale alpha."""
    alpha, scale = _single(alpha), _single(scale)

    def value(x: float) -> float:
        return scale * (x if x > 0 else alpha * math.expm1(x))

    def slope(x: float, y: float) -> Slope:
        return _number(scale) if x > 0 else ((("{y}", y),), *_number(scale * alpha))

    def branch(x: float) -> str:
        if x > 0:
            return f"{{x}} is above 0: the slope is {scale:g}."
        return f"{{x}} is not above 0: the slope is its answer plus {scale * alpha:g}."

    return Curve(f"{name}({{x}})", value, slope, branch)


def stretched_tangent(amplitude: float, steep: float) -> Curve:
    """amplitude tanh(steep x)."""
    amplitude, steep = _single(amplitude), _single(steep)
    factor = (f"{amplitude * steep:g}", amplitude * steep)

    def slope(x: float, y: float) -> Slope:
        return (factor,), (factor, (f"-tanh²({steep:g} {{x}})", -(math.tanh(steep * x) ** 2)))

    return Curve(f"{amplitude:g} tanh({steep:g} {{x}})", lambda x: amplitude * math.tanh(steep * x), slope)


def exponential(x: float) -> float:
    """exp(x), infinite where it is too large."""
    return math.inf if x > 709 else math.exp(x)


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def softplus(x: float) -> float:
    """log(1 + exp(x)), without overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _number(value: float) -> Slope:
    """A slope that is a number; 0 has no product."""
    return (((f"{value:g}", float(value)),),) if value else ()


def _single(value: float) -> float:
    """A constant as the engine has it, in float32."""
    return float(np.float32(value))


def _hard_sigmoid(x: float) -> float:
    return min(max(x + 3, 0.0), 6.0) / 6


def _hard_sixth(x: float) -> float:
    """The slope of hard_sigmoid, 0 on its corners."""
    return 1 / 6 if abs(x) < 3 else 0.0


def _hard_branch(x: float) -> str:
    return "{x} is between -3 and 3." if abs(x) < 3 else "{x} is not between -3 and 3: the line is flat."


def _silu_slope(x: float, y: float) -> Slope:
    argument, rise = ("{x}", x), ("σ({x})", sigmoid(x))
    return (rise,), (argument, rise), (("-{x}", -x), rise, rise)


def _gelu_half(x: float) -> float:
    """erfc(-x / sqrt 2) / 2, its argument and far out its square rounded to float32 as the engine has them.

    Out there it falls like exp(-t²), so that rounding t² shows: by 2e-6 of the number at t = 6.
    """
    t, square = _gelu_argument(x)
    return 0.5 * math.erfc(t) * (math.exp(t * t - square) if 1 < t < 20 else 1.0)


def _gelu_slope(x: float, y: float) -> Slope:
    density = _INV_SQRT_2PI * math.exp(-_gelu_argument(x)[1])
    return (("Φ({x})", _gelu_half(x)),), (("{x}", x), ("φ({x})", density))


def _gelu_argument(x: float) -> tuple[float, float]:
    """t = -x / sqrt 2 and its square, in float32."""
    t = np.float32(-x) * np.float32(_SQRT_HALF)
    with np.errstate(over="ignore"):
        return float(t), float(t * t)


def _hard_silu_slope(x: float, y: float) -> Slope:
    inner = _hard_sixth(x)
    first: Slope = ((("hard_sigmoid({x})", _hard_sigmoid(x)),),)
    return (*first, (("{x}", x), (f"{inner:g}", inner))) if inner else first


def _softplus_rise(x: float, y: float) -> float:
    """exp(x - y), the difference rounded to float32 as the engine has it: far out it is steep."""
    return float(x > 0) if math.isinf(x) else exponential(float(np.float32(x) - np.float32(y)))


def _softplus_slope(x: float, y: float) -> Slope:
    return ((("exp({x} - {y})", _softplus_rise(x, y)),),)


def _tanh_slope(x: float, y: float) -> Slope:
    return (("1", 1.0),), (("-{y}²", -y * y),)


def _softsign_slope(x: float, y: float) -> Slope:
    below = 1 + abs(x)
    return (("1 / (1 + |{x}|)", 1 / below),), (("-|{x}| / (1 + |{x}|)²", -abs(x) / below**2),)


def _mish_slope(x: float, y: float) -> Slope:
    inner = softplus(x)
    t, rise = ("tanh(softplus({x}))", math.tanh(inner)), ("σ({x})", _softplus_rise(x, inner))
    return (t,), (("{x}", x), rise), (("-{x}", -x), t, t, rise)


CURVES: Mapping[str, Curve] = {
    "linear": Curve("{x}", lambda x: x, lambda x, y: _number(1)),
    "relu": rectifier(),
    "relu6": rectifier(ceiling=6.0, name="relu6"),
    "leaky_relu": leaky(0.2),
    "elu": exponential_below(1.0),
    "selu": exponential_below(_SELU_ALPHA, _SELU_SCALE, "selu"),
    "gelu": Curve("{x} Φ({x})", lambda x: x * _gelu_half(x), _gelu_slope),
    "silu": Curve("{x} σ({x})", lambda x: x * sigmoid(x), _silu_slope),
    "sigmoid": Curve("σ({x})", sigmoid, lambda x, y: ((("{y}", y), ("(1 - {y})", 1 - y)),)),
    "hard_sigmoid": Curve(
        "hard_sigmoid({x})", _hard_sigmoid, lambda x, y: _number(_hard_sixth(x)), _hard_branch
    ),
    "hard_silu": Curve(
        "{x} hard_sigmoid({x})", lambda x: x * _hard_sigmoid(x), _hard_silu_slope, _hard_branch
    ),
    "tanh": Curve("tanh {x}", math.tanh, _tanh_slope),
    "softplus": Curve("log(1 + exp {x})", softplus, _softplus_slope),
    "softsign": Curve("{x} / (1 + |{x}|)", lambda x: x / (1 + abs(x)), _softsign_slope),
    "exponential": Curve("exp {x}", exponential, lambda x, y: ((("{y}", y),),)),
    "mish": Curve("{x} tanh(softplus({x}))", lambda x: x * math.tanh(softplus(x)), _mish_slope),
}
"""Every activation of one number by its name; softmax and log_softmax look at a row."""

SECOND_NAMES: Mapping[str, str] = {"swish": "silu", "hard_swish": "hard_silu"}
"""Names that mean another curve."""
