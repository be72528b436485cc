"""Where one convolution hands its answer to others as numbers of sixteen bits, in programs that only answer.

Their kernels round what they read anyway, so nothing is lost but digits of what is added at the end of a
branch, and half the bytes are written and read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from striate import ops
from striate.network._fusion import Chain, Ready
from striate.network._preparing import Prepared
from striate.network.shapes import Program

WHOLE = 32
"""Channels that the kernels read at a time."""


def narrow_chains(program: Program, chains: Mapping[str, Chain], prepared: Prepared) -> frozenset[str]:
    """The chains, by path, whose answer only kernels read that are packed for numbers of sixteen bits."""
    if not prepared or not ops.takes_halves():
        return frozenset()
    half = {path: chain for path, chain in chains.items() if _is_half(prepared.get(path))}
    known = {read for chain in half.values() for read in _reads(chain)}
    reads = {(step.path, name) for step in program.steps.values() for name in step.inputs}
    others = {name for _, name in reads - known} | set(program.outputs)
    return frozenset(path for path, chain in half.items() if _may_narrow(chain, others))


def _is_half(ready: Any) -> bool:
    return isinstance(ready, Ready) and isinstance(ready.kernel, ops.PackedKernel) and ready.kernel.half


def _reads(chain: Chain) -> Iterator[tuple[str, str]]:
    """(step, what it reads) for all that a chain reads from without."""
    first, *rest = chain.steps
    yield first.path, first.inputs[0]
    if chain.addend is not None:
        yield from ((step.path, chain.addend) for step in rest if chain.addend in step.inputs)


def _may_narrow(chain: Chain, others: set[str]) -> bool:
    """True if nobody else reads the answer, which must be whole vectors and no maximum."""
    last = chain.steps[-1]
    whole = last.shape is not None and last.shape[-1] is not None and last.shape[-1] % WHOLE == 0
    return whole and not chain.pool and last.path not in others
