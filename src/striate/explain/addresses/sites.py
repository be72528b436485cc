"""A program opened to its sites: every place where numbers are made, with its rule and what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from striate.explain._tracing import opened
from striate.explain.addresses.rules.base import Rule, Site
from striate.explain.addresses.rules.batch import BatchMean, BatchNorm, BatchVariance
from striate.explain.addresses.rules.compared import Compared, ComparedSigmoid, Elementwise
from striate.explain.addresses.rules.crossentropy import ComparedSoftmax, Crossentropy, Shares
from striate.explain.addresses.rules.curves import CURVES
from striate.explain.addresses.rules.linear import Lifted
from striate.explain.addresses.rules.losses import WholeLoss
from striate.explain.addresses.rules.moving import Masked
from striate.explain.addresses.rules.pointwise import Pointwise
from striate.explain.addresses.rules.rows import Softmax
from striate.explain.addresses.rules.table import activation_rule, depthwise_rule, mixing_rule, rule_of
from striate.layers import (
    BatchNormalization,
    Dropout,
    GaussianNoise,
    Layer,
    SeparableConv1D,
    SeparableConv2D,
    SpatialDropout1D,
    SpatialDropout2D,
)
from striate.network import Network
from striate.network.shapes import Program, Step
from striate.training import losses

LOSS, SCORE, TARGET = "loss", "score", "target"
"""Words that mean the loss, the score that stands in for it, and what was wanted."""

DROPPING = (Dropout, SpatialDropout1D, SpatialDropout2D)


@dataclass(frozen=True, eq=False)
class Sites:
    """All sites of a network for one goal.

    Args:
        sites: by path. uses: for every path the (site, position) that read it.
    """

    sites: Mapping[str, Site]
    uses: Mapping[str, tuple[tuple[Site, int], ...]]

    @cached_property
    def paths(self) -> frozenset[str]:
        """Of all that is made or read."""
        return frozenset((*self.sites, *self.uses))

    @classmethod
    def of(cls, sites: dict[str, Site]) -> Sites:
        """The sites and who reads what."""
        uses: dict[str, list[tuple[Site, int]]] = {}
        for site in sites.values():
            for position, path in enumerate(site.reads):
                uses.setdefault(path, []).append((site, position))
        return cls(sites, {path: tuple(users) for path, users in uses.items()})


def named(program: Program, name: str) -> str:
    """The path of the numbers that a step or an input gives: "conv1/output", "input1".

    An input whose name would be read as something else is written like a layer: "loss/output".
    """
    return f"{name}/output" if name in program.steps or not _plain(name) else name


def _plain(name: str) -> bool:
    """Whether a name alone is read as nothing but a path."""
    return name not in (LOSS, SCORE, TARGET) and not set(name) & set(".[]@")


def network_sites(network: Network, train: bool) -> dict[str, Site]:
    """The sites of a network without its loss."""
    program = network.program
    found: dict[str, Site] = {}
    for step in program.steps.values():
        reads = tuple(named(program, name) for name in step.inputs)
        found.update((site.path, site) for site in step_sites(step, reads, train))
    return found


def step_sites(step: Step, reads: tuple[str, ...], train: bool) -> list[Site]:
    """The sites of one layer; the last one makes its output."""
    layer, activation = opened(step.layer)
    output = f"{step.path}/output"
    before = f"{step.path}/preactivation" if activation else output
    sites = _opened_sites(step, layer, reads, before, train)
    if activation:
        sites.append(Site(output, activation_rule(activation), (before,)))
    return sites


def _opened_sites(step: Step, layer: Layer, reads: tuple[str, ...], output: str, train: bool) -> list[Site]:
    """The sites of a layer without its activation."""
    inputs = step.input_shapes or ()
    if isinstance(layer, SeparableConv1D | SeparableConv2D):
        return _separable(step, layer, reads, output)
    if isinstance(layer, BatchNormalization):
        return _batch_norm(step, layer, reads, output, train and layer.trainable)
    if train and isinstance(layer, DROPPING):
        return [Site(output, Masked(), (*reads, f"{step.path}/mask"))]
    if train and isinstance(layer, GaussianNoise):
        return [Site(output, Lifted(batched=True), (*reads, f"{step.path}/noise"))]
    rule = rule_of(layer, inputs, step.shape or ())
    weights = tuple(f"{step.owner}/{name}" for name in layer.weights(*inputs))
    return [Site(output, rule, (*reads, *weights))]


def _separable(step: Step, layer: Any, reads: tuple[str, ...], output: str) -> list[Site]:
    """Depthwise, then pointwise."""
    inputs, shape = tuple(step.input_shapes or ()), step.shape or ()
    between = (*shape[:-1], inputs[0][-1] * layer.depth_multiplier)
    middle = f"{step.path}/depthwise"
    first = Site(middle, depthwise_rule(layer, inputs, between), (*reads, f"{step.owner}/depthwise_kernel"))
    bias = (f"{step.owner}/bias",) if layer.use_bias else ()
    last = (middle, f"{step.owner}/pointwise_kernel", *bias)
    return [first, Site(output, mixing_rule(between, layer.filters), last)]


def _batch_norm(step: Step, layer: Any, reads: tuple[str, ...], output: str, batch: bool) -> list[Site]:
    """In training the mean and the variance of the batch are sites of their own."""
    rule = rule_of(layer, step.input_shapes or (), step.shape or ())
    assert isinstance(rule, BatchNorm)
    own = [f"{step.owner}/{name}" for name in ("gamma", "beta") if getattr(layer, _SWITCH[name])]
    if not batch:
        moving = (f"{step.owner}/moving_mean", f"{step.owner}/moving_variance")
        return [Site(output, rule, (*reads, *moving, *own))]
    mean, variance = f"{step.path}/mean", f"{step.path}/variance"
    return [
        Site(mean, BatchMean(rule.axis), reads),
        Site(variance, BatchVariance(rule.axis), (*reads, mean)),
        Site(output, rule, (*reads, mean, variance, *own)),
    ]


_SWITCH = {"gamma": "scale", "beta": "center"}


def leading_to(sites: Mapping[str, Site], goal: str) -> dict[str, Site]:
    """The sites that a goal depends on; what others read has no part in its gradient."""
    needed, found = [goal], {}
    while needed:
        site = sites.get(needed.pop())
        if site is not None and site.path not in found:
            found[site.path] = site
            needed += site.reads
    return found


def with_loss(network: Network, sites: dict[str, Site], parts: tuple[Compared, ...]) -> dict[str, Site]:
    """The sites and those of the loss; a softmax that only a crossentropy reads is written with it."""
    found = dict(sites)
    for part in parts:
        if part.read != part.output:
            found[part.read] = Site(part.read, Shares(), (part.output,))
    penalties = {
        f"{path}/{name}": weight.regularizer
        for path, weights in network.declared.items()
        for name, weight in weights.items()
        if weight.regularizer is not None and weight.trainable
    }
    reads = (*(part.read for part in parts), *penalties)
    found[LOSS] = Site(LOSS, WholeLoss(parts, penalties), reads)
    uses = Sites.of(found).uses
    for part in parts:
        if len(uses[part.output]) == 1 and (site := found.get(part.output)) is not None:
            found[part.output] = replace(site, rule=_together(site.rule, part, network))
    return found


def _together(rule: Rule, part: Compared, network: Network) -> Rule:
    """Softmax or sigmoid and its crossentropy as one rule, where they fit."""
    if isinstance(part, Crossentropy) and not part.logits and type(rule) is Softmax:
        rank = len(network.shapes[part.output.removesuffix("/output")]) + 1
        return ComparedSoftmax(rule.axis, part) if rule.axis % rank == rank - 1 else rule
    if isinstance(part, Elementwise) and isinstance(rule, Pointwise) and rule.curve is CURVES["sigmoid"]:
        probable = isinstance(part.loss, losses.BinaryCrossentropy) and not part.loss.from_logits
        return ComparedSigmoid(rule.curve, part) if probable else rule
    return rule
