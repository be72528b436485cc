"""How a recording begins: what is selected, where it goes, and how many steps will fit."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Mapping
from typing import NamedTuple

from striate.errors import ArgumentError, FormatError, Problem, StriateError
from striate.explain.recording._index import INDEX, MODEL, PROBE
from striate.explain.recording._layout import Layout
from striate.explain.recording._selecting import ON, Selection, select, value_shapes
from striate.explain.recording._settings import Settings
from striate.explain.recording.observing import Observe, observer
from striate.explain.recording.planning import (
    Plan,
    SizeEstimate,
    block_bytes,
    head_bytes,
    megabytes,
    thinned,
)
from striate.explain.recording.probing import Probe, probe_of, write_probe
from striate.explain.recording.writing import Scribe, Writer
from striate.formats import save_model
from striate.network import Network, to_json
from striate.training._steps import Steps
from striate.training.loop import Run

FILE_TEXT = 1500
"""Bytes that an estimate allows for the headers of the files that are written once."""


class Session(NamedTuple):
    """What recording a training needs.

    Args:
        selection: which arrays. probe: the examples that stay the same, where there are some.
        scribe: who writes. plan: when. looks: on what numbers are taken, and the program that takes them.
    """

    selection: Selection
    probe: Probe | None
    scribe: Scribe
    plan: Plan
    looks: Mapping[str, Observe]


def begin(settings: Settings, run: Run, writer: Writer | None, resumed_at: int | None) -> Session:
    """Open the folder and lay down the plan.

    Args:
        settings: of the recorder. run: the training. writer: of an earlier training with the same recorder.
        resumed_at: how many steps were recorded when the training that goes on was saved; None for a new one.

    Raises:
        ArgumentError: names that are not known, a folder that holds a recording, a limit that is too small.
        DataError: examples that do not fit. FormatError: a recording that cannot be gone on with.
    """
    network = run.programs.steps.network
    selection = select(network, settings.layers, settings.what, settings.on)
    probe = _probe(settings, run, selection)
    examples = {"probe": settings.count if probe is None else len(probe.batch.inputs[0])}
    examples["batch"] = settings.count
    if selection.runs and "batch" in selection.on:
        examples["batch"] = min(settings.count, len(run.feeder.batch(0).inputs[0]))
    layout = layout_for(settings, network, selection, examples)
    if writer is None and resumed_at is not None and (settings.path / INDEX).is_file():
        writer = Writer.reopen(settings.path, resumed_at)
    before = 0 if writer is None else sum(step < run.begun for step in writer.steps)
    size, plan = planned(settings, layout, network, run.begun, _end(run), before)
    if writer is None:
        writer = _new(settings, run, layout, probe)
    elif writer.layout != layout:
        cure = "Record the same arrays of the same network, or give another folder."
        happened = "it holds other arrays than this recorder would add"
        raise FormatError(Problem(str(settings.path), happened, "the same arrays", cure))
    if plan.known is not None and len(plan.known) < (size.wanted or 0):
        _tell(settings, size)
    return Session(
        selection, probe, Scribe(writer), plan, _looks(selection, run.programs.steps, settings.count)
    )


def _looks(selection: Selection, steps: Steps, examples: int) -> dict[str, Observe]:
    """A program for the probe, the batch, or both; none where nothing but weights is recorded."""
    values = selection.values if "activations" in selection.what else ()
    gradients = "gradients" in selection.what
    wanted = selection.on if selection.runs else ()
    return {on: observer(steps, values, gradients, on == "batch", examples) for on in wanted}


def estimate(settings: Settings, network: Network, steps: int) -> SizeEstimate:
    """How large the recording of so many steps becomes."""
    selection = select(network, settings.layers, settings.what, settings.on)
    layout = layout_for(settings, network, selection, dict.fromkeys(ON, settings.count))
    return planned(settings, layout, network, 0, steps, 0)[0]


def layout_for(
    settings: Settings, network: Network, selection: Selection, examples: Mapping[str, int]
) -> Layout:
    """The block of a step."""
    entries = selection.entries(network, value_shapes(network) if selection.runs else {}, examples)
    return Layout(settings.dtype, entries)


def planned(
    settings: Settings, layout: Layout, network: Network, first: int, end: int | None, before: int
) -> tuple[SizeEstimate, Plan]:
    """How large it becomes, and which steps are recorded.

    Args:
        settings, layout, network: of the recording.
        first, end: the steps between which recording happens; None where nobody knows the end.
        before: steps that are recorded already.

    Raises:
        ArgumentError: not one step fits into the limit, or not all of them where that was demanded.
    """
    block, once = block_bytes(layout), _once(settings, layout, network)
    room = (settings.limit - once) // block - before
    if room < 1:
        happened = f"{megabytes(settings.limit)} have no room for a step of {megabytes(block)}"
        happened += f" beside {megabytes(once + before * block)}"
        cure = "Raise limit_bytes, record fewer layers or examples, or use dtype='float16'."
        raise ArgumentError(Problem("Recorder.limit_bytes", happened, "room for one step at least", cure))
    if end is None:
        return SizeEstimate(block, once, None, room, settings.limit, layout.dtype), Plan(settings.wanted)
    wanted = tuple(step for step in range(first, end + 1) if settings.wanted(step))
    kept = wanted[:: thinned(len(wanted), room)] if settings.over_limit == "thin" else wanted
    size = SizeEstimate(block, once, len(wanted), min(len(kept), room), settings.limit, layout.dtype)
    if settings.over_limit == "refuse" and len(wanted) > room:
        happened = f"{len(wanted)} steps of {megabytes(block)} would exceed {megabytes(settings.limit)}"
        cure = "Raise limit_bytes, record fewer steps, or say over_limit='thin'."
        raise ArgumentError(Problem("Recorder.limit_bytes", happened, f"at most {room} steps", cure))
    return size, Plan(settings.wanted, kept)


def _probe(settings: Settings, run: Run, selection: Selection) -> Probe | None:
    """The probe, if something is recorded on one."""
    if selection.runs and "batch" in selection.on and run.feeder.sample(1) is None:
        cure = "Give x and y as arrays, or record on='probe' with examples=(x, y)."
        happened = "it is 'batch', and the training reads its batches from an iterable"
        raise ArgumentError(Problem("Recorder.on", happened, "a training on arrays", cure))
    if not selection.runs or "probe" not in selection.on:
        return None
    return probe_of(run, settings.examples, "gradients" in selection.what)


def _new(settings: Settings, run: Run, layout: Layout, probe: Probe | None) -> Writer:
    """A new folder, with the model and the probe beside the recording."""
    where = settings.path
    if (where / INDEX).exists() and not settings.overwrite:
        cure = "Give another folder, or overwrite=True."
        raise ArgumentError(Problem(str(where), "it holds a recording", "a new folder", cure))
    writer = Writer.create(where, layout)
    extras = {"preprocessing": run.model.preprocessing, "class_names": run.model.class_names}
    with contextlib.suppress(StriateError):  # a network with a function of the user's own cannot be kept
        save_model(where / MODEL, run.model.network, run.variables(), **extras)
    if probe is not None:
        write_probe(where / PROBE, probe)
    return writer


def _end(run: Run) -> int | None:
    """The last step of the training, counted over all epochs."""
    if run.feeder.steps is None:
        return None
    return run.done + max(run.epochs - run.epoch, 0) * run.feeder.steps


def _once(settings: Settings, layout: Layout, network: Network) -> int:
    """Bytes of what does not grow: the first line, the model and the probe."""
    with contextlib.suppress(StriateError):
        text = len(to_json(network).encode())
        model = 4 * network.count_parameters() + 2 * text + 120 * len(network.declared)
        shapes = [*(network.shapes[spec.name] for spec in network.inputs), *network.output_shapes]
        count = settings.count if any(entry.on == "probe" for entry in layout.entries) else 0
        probe = 4 * count * sum(math.prod(shape) for shape in shapes)
        return head_bytes(layout) + model + probe + FILE_TEXT
    return head_bytes(layout) + FILE_TEXT


def _tell(settings: Settings, size: SizeEstimate) -> None:
    """Say that not every wanted step is recorded."""
    happened = f"{size.wanted} steps would exceed the limit, so only {size.kept} are recorded"
    cure = f"Raise limit_bytes for more. It becomes {size}."
    problem = Problem(str(settings.path), happened, "room for every step", cure, "warning")
    warnings.warn(str(problem), stacklevel=2)
