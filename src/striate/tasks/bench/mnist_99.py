"""From a cold process to a trained network: `striate train mnist`, by the wall clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from striate.errors import Problem, TrainingError
from striate.tasks.bench._records import Record, machine
from striate.tasks.bench._settings import Settings

CHILD = "striate.cli._cold_start"
"""The program that is measured: the command line with a stopwatch in it."""
RECIPE = ("--recipe", "quick")

PARTS = ("import", "data", "compile", "train", "test", "exit")


def measure(settings: Settings, words: Sequence[str] = ()) -> Iterator[Record]:
    """Two records for each seed: the seconds of the whole process and of its parts, and the test accuracy.

    The first process of a seed finds no compiled program, as on a machine that never trained; the second one,
    whose record has "again" as its pass, finds those that the first one kept.

    import: Python, packages, arguments. data: reading the digits, drawing the weights. compile: whatever XLA
    traces and compiles, at any time. train: the steps. test: the test digits, the model's file, the report.
    exit: the rest.

    Args:
        settings: how; `repeats` is the number of seeds, 1 unless given; `batch` and `precision` go to the
            command.
        words: further arguments of `striate train mnist`, which follows the recipe "quick" unless they name
            another.

    Raises:
        TrainingError: the command failed.
    """
    batch = [] if settings.batch is None else ["--batch-size", str(settings.batch)]
    recipe = () if "--recipe" in words else RECIPE
    how = [*recipe, "--precision", settings.precision, *batch, *words]
    for seed in range(settings.repeats or 1):
        with tempfile.TemporaryDirectory() as folder:
            for turn in ("first", "again"):
                yield _run(seed, Path(folder), turn, how)


def _run(seed: int, folder: Path, turn: str, words: Sequence[str]) -> Record:
    """One process from its start to its end; what it compiles is kept for the next one of its seed alone."""
    command = ["train", "mnist", "--seed", str(seed), "--out", str(folder / turn), *words]
    report = folder / "parts.json"
    environment = {**os.environ, "STRIATE_COLD_REPORT": str(report), "STRIATE_HOME": str(folder / "home")}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    environment["STRIATE_COMPILE_CACHE"] = "1"
    began = time.time()
    environment["STRIATE_COLD_BEGAN"] = repr(began)
    done = subprocess.run(
        [sys.executable, "-m", CHILD, *command], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.time() - began
    if done.returncode or not report.is_file():
        raise _failed(done)
    parts = json.loads(report.read_text("utf-8"))
    results = json.loads((folder / turn / "results.json").read_text("utf-8"))
    config = json.loads((folder / turn / "config.json").read_text("utf-8"))
    found = _record(seed, seconds, parts, results, config)
    return {"work": "mnist-99", "pass": turn, **found} if turn == "again" else found


def _record(
    seed: int, seconds: float, found: dict[str, Any], results: dict[str, Any], config: dict[str, Any]
) -> Record:
    """One flat record."""
    parts = {**found["parts"], "exit": seconds - sum(found["parts"].values())}
    return {
        "work": "mnist-99",
        "peer": "striate",
        "setting": config["recipe"]["precision"],
        "shape": [28, 28, 1],
        "precision": config["recipe"]["precision"],
        "seed": seed,
        "s": round(seconds, 3),
        "acc": results["accuracy"],
        "parts": {name: round(parts[name], 3) for name in PARTS},
        "recipe": config["recipe"],
        "peak_mb": found["peak_mb"],
        **machine(),
    }


def _failed(done: subprocess.CompletedProcess[str]) -> TrainingError:
    """The error of a command that did not end well; its own last words tell why."""
    said = " ".join(done.stderr.split())[-400:] or "it said nothing"
    cure = "Run it yourself: striate train mnist"
    problem = Problem(
        "mnist-99", f"the command ended with code {done.returncode} ({said})", "a training", cure
    )
    return TrainingError(problem)
