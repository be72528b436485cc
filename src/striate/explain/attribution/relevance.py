"""Layer-wise relevance propagation: the score is handed back layer by layer, every layer sharing it out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate import layers
from striate.errors import ArgumentError, Problem
from striate.explain._reading import Reading
from striate.explain._tracing import trace
from striate.explain.attribution import _relevance_rules as rules
from striate.explain.attribution._aim import Target, aim_at
from striate.explain.attribution._arguments import need_between, need_choice
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._parts import readers, toward_scores, weights_of
from striate.explain.attribution._relevance_rules import Rule, Sent
from striate.explain.attribution._rows import by_rows, rows_at_once
from striate.network import Network
from striate.network.shapes import Program, Step

RULES = ("composite", "epsilon", "gamma", "zplus")


def relevance(
    reading: Reading,
    target: Target = None,
    *,
    rule: str = "composite",
    epsilon: float = 0.01,
    gamma: float = 0.25,
) -> Attribution:
    """The score, shared out over the pixels by the way it was made.

    R_i = sum_j z_ij / z_j R_j, z_ij being what i adds to z_j; the rules say which parts count

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        rule: of layers with weights: "epsilon" counts all parts, "gamma" the agreeing ones more, "zplus"
            those alone; "composite" is epsilon for dense layers and gamma for convolutions.
        epsilon: how much is added to z_j against small numbers, as a part of the layer's root mean square.
        gamma: how much more agreeing parts count.

    A batch norm behind a convolution is folded into it. Relevance that goes to biases, and what epsilon
    takes, stays in `facts`: pixels, biases and the lost part add up to the score.

    Raises:
        ArgumentError: a layer has no rule, such as a product of two branches; all are named.

    Bach et al., On pixel-wise explanations for non-linear classifier decisions by layer-wise relevance
    propagation, 2015; Montavon, Binder, Lapuschkin, Samek and Müller, an overview, 2019.
    """
    need_choice("rule", rule, RULES)
    amounts = (need_between("epsilon", epsilon, 0, 10), need_between("gamma", gamma, 0, 1e6))
    check_layers(reading.network)
    aim, program = aim_at(reading, target), _propagator(reading.network, rule, *amounts)

    def propagate(inputs: Mapping[str, jax.Array], weights: jax.Array) -> Sent:
        return program(reading.variables, inputs, weights)

    sent = Sent(*by_rows(propagate, rows_at_once(reading.network), reading.inputs, aim.weights))
    facts = {"biases": np.asarray(sent.biases), "lost": np.asarray(sent.lost)}
    settings = {"epsilon": f" ({epsilon:g})", "gamma": f" ({gamma:g})"}.get(rule, "")
    about = f"The score handed back layer by layer, by the {rule} rule{settings}."
    return Attribution("lrp", np.asarray(sent.relevance), aim, reading, about, facts=facts)


def check_layers(network: Network) -> None:
    """Refuse a network with layers that no rule treats.

    Raises:
        ArgumentError: all of them.
    """
    problems = [
        Problem(
            step.path,
            f"{type(step.layer).__name__} has no rule for relevance",
            "layers that add, scale, choose or rectify",
            "Use integrated-gradients, which any network has.",
        )
        for step in toward_scores(network).steps.values()
        if not rules.treated(step.layer)
    ]
    if problems:
        raise ArgumentError(problems)


@lru_cache(maxsize=16)
def _propagator(network: Network, rule: str, epsilon: float, gamma: float) -> Any:
    """(variables, inputs, aim's weights) -> Sent, compiled."""
    program, source = toward_scores(network), network.inputs[0].name
    norms, positive = _folded_norms(program), _nonnegative(program)

    def rule_of(step: Step) -> Rule:
        dense = isinstance(step.layer, layers.Dense)
        kind = {"composite": "epsilon" if dense else "gamma"}.get(rule, rule)
        return Rule(kind, epsilon if kind == "epsilon" else gamma, set(step.inputs) <= positive)

    def propagate(variables: Mapping[str, Any], inputs: Mapping[str, jax.Array], weights: jax.Array) -> Sent:
        values = trace(program, variables, inputs).values
        end = program.outputs[0]
        relevance = {end: values[end] * weights}
        biases, lost = jnp.zeros(len(weights)), jnp.zeros(len(weights))
        for path, step in reversed(program.steps.items()):
            if path not in relevance or path in norms.values():
                continue  # a folded convolution is treated with its batch norm
            sources, sent = _back(program, step, norms, variables, values, relevance.pop(path), rule_of)
            biases, lost = biases + sent.biases, lost + sent.lost
            for name, part in zip(sources, sent.relevance, strict=True):
                relevance[name] = relevance[name] + part if name in relevance else part
        return Sent(relevance[source], biases, lost)

    return jax.jit(propagate)


def _folded_norms(program: Program) -> dict[str, str]:
    """{path of a batch norm: path of the layer before it that takes it in}."""
    found = {}
    for path, step in program.steps.items():
        followers = readers(program, path)
        if type(step.layer) not in rules.FOLDED or len(followers) != 1 or path in program.outputs:
            continue
        norm = followers[0].layer
        if isinstance(norm, layers.BatchNormalization) and norm.axis in (-1, len(step.shape or ())):
            found[followers[0].path] = path
    return found


def _nonnegative(program: Program) -> set[str]:
    """The values that are known to hold no number below 0."""
    found: set[str] = set()
    for path, step in program.steps.items():
        if rules.nonnegative(step.layer, [name in found for name in step.inputs]):
            found.add(path)
    return found


def _back(
    program: Program,
    step: Step,
    norms: Mapping[str, str],
    variables: Mapping[str, Any],
    values: Mapping[str, jax.Array],
    given: jax.Array,
    rule_of: Any,
) -> tuple[tuple[str, ...], Sent]:
    """The names a step reads and what it hands back to each, as Sent of a tuple."""
    weights, layer = weights_of(variables, step.owner), step.layer
    if step.path in norms:
        first = program.steps[norms[step.path]]
        weights = rules.folded(first.layer, weights_of(variables, first.owner), layer, weights)
        step, layer = first, first.layer
    inputs = tuple(values[name] for name in step.inputs)
    nothing = jnp.zeros(len(given), given.dtype)
    if type(layer) in rules.PASSING:
        return step.inputs, Sent((given,), nothing, nothing)
    if type(layer) in rules.ROUTING:
        back = jax.vjp(lambda *x: layer.forward({}, *x).output, *inputs)[1](given)
        return step.inputs, Sent(back, nothing, nothing)
    if type(layer) in rules.AVERAGING:
        amount = rule_of(step).amount if rule_of(step).kind == "epsilon" else 0.0
        zero = jnp.zeros((1,), given.dtype)
        return step.inputs, rules.shared(lambda x: layer.forward({}, *x).output, inputs, given, zero, amount)
    alone = rules.normalized if isinstance(layer, layers.BatchNormalization) else rules.linear
    treat = rules.separable if type(layer) in rules.SEPARABLE else alone
    sent = treat(layer, weights, inputs[0], given, rule_of(step))
    return step.inputs, sent._replace(relevance=(sent.relevance,))
