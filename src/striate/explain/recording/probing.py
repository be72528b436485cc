"""The examples that a recording looks at: a few that stay the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.formats import write_safetensors
from striate.training._batches import Batch
from striate.training._scaling import wanted_by
from striate.training.loop import Run


class Probe(NamedTuple):
    """Fixed examples.

    Args:
        batch: inputs and targets, on the host. names: of the network's inputs and outputs, in order.
    """

    batch: Batch
    names: tuple[tuple[str, ...], tuple[str, ...]]


def probe_of(run: Run, examples: Any, targets: bool) -> Probe:
    """The probe of a training.

    Args:
        run: the training. examples: a number, x, or (x, y). targets: whether they are needed.

    Raises:
        ArgumentError: a number without arrays to take them from, or no targets where they are needed.
        DataError: arrays that do not fit the network.
    """
    network = run.programs.steps.network
    names = tuple(spec.name for spec in network.inputs), tuple(network.outputs)
    if isinstance(examples, int):
        batch = run.feeder.sample(examples)
        if batch is None:
            cure = "Give the probe as arrays: examples=(x, y)."
            happened = f"got {examples}, and the training reads its batches from an iterable"
            raise ArgumentError(Problem("Recorder.examples", happened, "arrays", cure))
        return Probe(jax.device_get(batch._replace(weights=())), names)
    x, y = examples if isinstance(examples, tuple) and len(examples) == 2 else (examples, None)
    if targets and y is None:
        cure = 'Give examples=(x, y), or leave "gradients" out of what.'
        happened = "it holds no targets, and gradients are to be recorded"
        raise ArgumentError(Problem("Recorder.examples", happened, "(x, y)", cure))
    kinds = run.programs.steps.objective.kinds if y is not None else ()
    wanted = wanted_by(network, run.model.preprocessing, kinds)
    return Probe(wanted.prepare(x, y, where="examples: "), names)


def write_probe(path: Path, probe: Probe) -> None:
    """Keep the probe beside the recording: "inputs/<name>" and "targets/<name>"."""
    arrays = {f"inputs/{name}": a for name, a in zip(probe.names[0], probe.batch.inputs, strict=True)}
    if probe.batch.targets:
        arrays |= {f"targets/{name}": a for name, a in zip(probe.names[1], probe.batch.targets, strict=True)}
    write_safetensors(path, {name: np.asarray(array) for name, array in arrays.items()})
