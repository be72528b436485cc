"""Weights made ready once for many answers: batch norms folded into kernels, kernels packed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax

from striate import ops
from striate.layers.convolution import Conv2D
from striate.layers.dense import Dense
from striate.network._fusion import Ready, all_weights, find_chains
from striate.network.shapes import Program, Step

Prepared = Mapping[str, Any]
"""{path of a chain's first step: Ready; path of a dense layer: its packed kernel}."""


def prepare(program: Program, variables: Mapping[str, Any]) -> Prepared:
    """What answering would make of the weights at every call, made once; empty where that is nothing."""
    weights_of = partial(all_weights, params=variables.get("params", {}), state=variables.get("state", {}))
    prepared: dict[str, Any] = {}
    for path, chain in find_chains(program, train=False, answers=True).items():
        kernel, bias = chain.fold(weights_of)
        ready = Ready(_pack(kernel, chain.steps[0]), bias)
        if chain.norm is not None or isinstance(ready.kernel, ops.PackedKernel):
            prepared[path] = ready
    for step in program.steps.values():
        if type(step.layer) is Dense:
            kernel = ops.pack_kernel(weights_of(step)["kernel"])
            if isinstance(kernel, ops.PackedKernel):
                prepared[step.path] = kernel
    return prepared


def unprepared(
    program: Program, variables: Mapping[str, Mapping[str, Any]], prepared: Prepared
) -> dict[str, dict[str, Any]]:
    """The variables without those of layers whose prepared form stands for all of them."""
    chains = find_chains(program, train=False, answers=True)
    done = {step.path for path in prepared if path in chains for step in chains[path].steps}
    owners = {step.owner for step in program.steps.values() if step.path not in done}
    return {
        kind: {path: weights for path, weights in some.items() if path in owners}
        for kind, some in variables.items()
    }


def replaced(weights: dict[str, jax.Array], path: str, prepared: Prepared) -> dict[str, Any]:
    """The weights of a step outside of chains, with its packed kernel where it has one."""
    return {**weights, "kernel": prepared[path]} if path in prepared else weights


def _pack(kernel: jax.Array | ops.PackedKernel, step: Step) -> jax.Array | ops.PackedKernel:
    """The kernel of a convolution, packed if it has one group."""
    layer, shape = step.layer, step.shape
    if not isinstance(layer, Conv2D) or layer.groups != 1:
        return kernel
    dense = layer.strides == layer.dilation_rate == (1, 1)
    known = shape is not None and None not in shape
    return ops.pack_kernel(kernel, (shape[0], shape[1]) if shape and known and dense else None)
