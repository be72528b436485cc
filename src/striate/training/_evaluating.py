"""Loss and metrics of a model on data, as `Model.evaluate` gives them."""

from __future__ import annotations

from typing import Any

from striate.errors import ArgumentError
from striate.training._compiled import Compiled
from striate.training._fitting import DEFAULT_BATCH, make_evaluator
from striate.training._hooks import Hooks, callback_problems, listed
from striate.training.progress import Progress


def evaluate(
    model: Any,
    compiled: Compiled,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    callbacks: Any,
    progress: Progress,
) -> dict[str, Any]:
    """The numbers by name, "loss" first.

    Args:
        model: told to the callbacks; its weights are measured. compiled: its programs.
        x, y, sample_weight: arrays, or an iterable of batches as x.
        batch_size: examples at once. steps: only so many batches. callbacks: told of beginning and end.
        progress: told of every look.
    """
    if problems := callback_problems(callbacks):
        raise ArgumentError(problems)
    evaluator = make_evaluator(compiled.wanted(), x, y, sample_weight, batch_size, steps)
    size = batch_size or DEFAULT_BATCH
    hooks = Hooks(
        [*listed(callbacks), progress], model, {"steps": evaluator.steps, "epochs": 1, "batch_size": size}
    )
    logs: dict[str, Any] = {}
    with progress:
        hooks.call("on_test_begin", {})
        for evaluated in evaluator.looks(compiled.programs, model.variables):
            logs = compiled.objective.logs(evaluated.sums)
            progress.on_chunk_end(int(evaluated.step), logs)
        hooks.call("on_test_end", logs)
    return logs
