"""How each kind of layer hands its relevance back to what it reads.

A rule takes a layer's input x and its output's relevance R, and gives the input's and what biases took.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from striate import layers
from striate.layers import Layer

Weights = Mapping[str, jax.Array]
Function = Callable[[jax.Array], jax.Array]

LINEAR = (
    *(layers.Conv1D, layers.Conv2D, layers.DepthwiseConv1D, layers.DepthwiseConv2D, layers.Dense),
    *(layers.Conv1DTranspose, layers.Conv2DTranspose, layers.LocallyConnected1D, layers.LocallyConnected2D),
)
FOLDED = (layers.Conv1D, layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)
"""A batch norm that alone reads one of these becomes part of it."""
SEPARABLE = {layers.SeparableConv1D: layers.DepthwiseConv1D, layers.SeparableConv2D: layers.DepthwiseConv2D}
AVERAGING = (
    *(layers.AveragePooling1D, layers.AveragePooling2D, layers.L2Pooling1D, layers.L2Pooling2D),
    *(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.UpSampling1D, layers.UpSampling2D),
    *(layers.Add, layers.Average, layers.Subtract),
)
"""y = sum x dy/dx: every input gets its share of that sum."""
ROUTING = (
    *(layers.MaxPooling1D, layers.MaxPooling2D, layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D),
    *(layers.Flatten, layers.Reshape, layers.Permute, layers.RepeatVector, layers.Concatenate),
    *(layers.ZeroPadding1D, layers.ZeroPadding2D, layers.Cropping1D, layers.Cropping2D),
    *(layers.Maximum, layers.Minimum),
)
"""Each output is one of the inputs: its relevance goes there."""
PASSING = (
    *(layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU, layers.Identity),
    *(layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.GaussianNoise),
    *(layers.LocalResponseNormalization, layers.Rescaling, layers.Normalization),
)
"""Each output depends on the same place of the input: it keeps its relevance."""


class Rule(NamedTuple):
    """How a linear layer shares relevance out.

    Args:
        kind: "epsilon", "gamma" or "zplus".
        amount: epsilon as a part of the layer's root mean square, or gamma.
        nonnegative: whether the layer's input is known to be, which halves the work.
    """

    kind: str
    amount: float
    nonnegative: bool = False


class Sent(NamedTuple):
    """What a rule gives: relevance for each input, and (N,) what biases and stabilizing took."""

    relevance: Any
    biases: jax.Array
    lost: jax.Array


def treated(layer: Layer) -> bool:
    """Whether there is a rule for a layer."""
    if isinstance(layer, layers.Softmax) or getattr(layer, "activation", None) in ("softmax", "log_softmax"):
        return False
    known = (*LINEAR, *SEPARABLE, *AVERAGING, *ROUTING, *PASSING, layers.BatchNormalization)
    return type(layer) in known


def nonnegative(layer: Layer, inputs: Sequence[bool]) -> bool:
    """Whether no number of a layer's output is below 0, given which of its inputs are so."""
    if getattr(layer, "activation", None) in ("relu", "relu6", "sigmoid", "hard_sigmoid", "softplus"):
        return True
    if isinstance(layer, layers.ReLU):
        return not layer.negative_slope
    kept = (*ROUTING, *AVERAGING, layers.Dropout, layers.SpatialDropout2D, layers.Identity)
    return type(layer) in kept and type(layer) is not layers.Subtract and all(inputs)


def linear(layer: Layer, weights: Weights, x: jax.Array, relevance: jax.Array, rule: Rule) -> Sent:
    """The relevance of a convolution's or dense layer's input."""
    bare = {name: array for name, array in weights.items() if name != "bias"}
    bias = weights.get("bias", jnp.zeros((1,), x.dtype))

    def apply(x: jax.Array, some: Weights) -> jax.Array:
        return layer.forward(some, x).output

    if rule.kind == "epsilon":
        return shared(lambda x: apply(x, bare), x, relevance, bias, rule.amount)
    return _signed(apply, bare, bias, x, relevance, rule)


def shared(function: Function, x: Any, relevance: jax.Array, bias: jax.Array, amount: float) -> Sent:
    """The ε rule: each input's part of z, a small number of z's sign being added to z.

    R_i = sum_j x_i w_ij / (z_j + ε sign z_j) R_j

    Bach et al., On pixel-wise explanations by layer-wise relevance propagation, 2015.
    """
    without, back = jax.vjp(function, x)
    z = without + _lifted(bias, without.ndim)
    root = jnp.sqrt((z**2).mean(range(1, z.ndim), keepdims=True))
    extra = amount * root * jnp.where(z < 0, -jnp.ones_like(z), jnp.ones_like(z))
    share = _ratio(relevance, z + extra)
    sent = jax.tree.map(jnp.multiply, x, back(share)[0])
    biases = _each(share * _lifted(bias, z.ndim))
    return Sent(sent, biases, _each(relevance - share * z))


def _signed(
    apply: Callable[[jax.Array, Weights], jax.Array],
    weights: Weights,
    bias: jax.Array,
    x: jax.Array,
    relevance: jax.Array,
    rule: Rule,
) -> Sent:
    """The γ and z⁺ rules: parts that agree with the output's sign count more, or alone.

    Montavon et al., Layer-wise relevance propagation: an overview, 2019, in the form of Andéol et al., 2021,
    which holds for negative inputs and outputs too.
    """
    gamma, keep = (1.0, 0.0) if rule.kind == "zplus" else (rule.amount, 1.0)
    up = {name: keep * w + gamma * jnp.maximum(w, 0) for name, w in weights.items()}
    down = {name: keep * w + gamma * jnp.minimum(w, 0) for name, w in weights.items()}
    sides = ((x, False),) if rule.nonnegative else ((jnp.maximum(x, 0), False), (jnp.minimum(x, 0), True))
    z, lifted = apply(x, weights), _lifted(bias, x.ndim)
    sent, biases, lost = jnp.zeros_like(x), jnp.zeros(len(x), x.dtype), jnp.zeros(len(x), x.dtype)
    agreeing = ((z + lifted >= 0, up, down, jnp.maximum), (z + lifted < 0, down, up, jnp.minimum))
    for chosen, first, second, side in agreeing[: 1 if rule.kind == "zplus" else 2]:
        asked = relevance if rule.kind == "zplus" else jnp.where(chosen, relevance, jnp.zeros_like(relevance))
        parts = [
            (half, jax.vjp(lambda x, w=second if low else first: apply(x, w), half)) for half, low in sides
        ]
        extra = keep * lifted + gamma * side(lifted, 0)
        whole = sum(made for _, (made, _) in parts) + extra
        share = _ratio(asked, whole)
        sent = sent + sum(half * back(share)[0] for half, (_, back) in parts)
        biases, lost = biases + _each(share * extra), lost + _each(asked - share * whole)
    return Sent(sent, biases, lost)


def separable(layer: Any, weights: Weights, x: jax.Array, relevance: jax.Array, rule: Rule) -> Sent:
    """A separable convolution is a depthwise one and a pointwise one."""
    one_by_one = layers.Conv1D if layer.AXES == 1 else layers.Conv2D
    pointwise = one_by_one(layer.filters, 1)
    how = {"strides": layer.strides, "padding": layer.padding, "dilation_rate": layer.dilation_rate}
    depthwise = SEPARABLE[type(layer)](layer.kernel_size, depth_multiplier=layer.depth_multiplier, **how)
    kernels = {"kernel": weights["depthwise_kernel"]}
    between = depthwise.forward(kernels, x).output
    last = {"kernel": weights["pointwise_kernel"], **{k: weights[k] for k in ("bias",) if k in weights}}
    second = linear(pointwise, last, between, relevance, rule._replace(nonnegative=False))
    first = linear(depthwise, kernels, x, second.relevance, rule)
    return Sent(first.relevance, first.biases + second.biases, first.lost + second.lost)


def normalized(layer: Any, weights: Weights, x: jax.Array, relevance: jax.Array, rule: Rule) -> Sent:
    """A batch norm that stands alone: y = scale x + shift, the shift being its bias."""
    shift = layer.forward(weights, jnp.zeros_like(x[:1])).output
    amount = rule.amount if rule.kind == "epsilon" else 0.0
    return shared(lambda x: layer.forward(weights, x).output - shift, x, relevance, shift, amount)


def folded(layer: Layer, weights: Weights, norm: Any, statistics: Weights) -> dict[str, jax.Array]:
    """A linear layer's weights with the batch norm behind it."""
    scale = jax.lax.rsqrt(statistics["moving_variance"] + norm.epsilon)
    scale = scale * statistics["gamma"] if norm.scale else scale
    shift = (weights.get("bias", jnp.zeros_like(scale)) - statistics["moving_mean"]) * scale
    shift = shift + statistics["beta"] if norm.center else shift
    kernels = {name: _scaled(layer, array, scale) for name, array in weights.items() if name != "bias"}
    return {**kernels, "bias": shift}


def _scaled(layer: Layer, kernel: jax.Array, scale: jax.Array) -> jax.Array:
    """A kernel whose outputs are scaled: its last axis, or the last two where channels stay apart."""
    if isinstance(layer, layers.DepthwiseConv2D):
        return kernel * scale.reshape(1, 1, *kernel.shape[2:])
    return kernel * _lifted(scale, kernel.ndim)


def _ratio(above: jax.Array, under: jax.Array) -> jax.Array:
    """above / under, 0 where nothing is under."""
    empty = jnp.abs(under) < jnp.finfo(under.dtype).tiny
    return jnp.where(empty, jnp.zeros_like(above), above / jnp.where(empty, jnp.ones_like(under), under))


def _each(array: jax.Array) -> jax.Array:
    """(N,) sums."""
    return array.reshape(len(array), -1).sum(1)


def _lifted(array: jax.Array, ndim: int) -> jax.Array:
    """Axes of size 1 in front, one of them for the examples where the array has none."""
    return array.reshape((1,) * (ndim - array.ndim) + array.shape)
