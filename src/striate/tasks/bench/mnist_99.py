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

from striate.errors import ArgumentError, Problem, TrainingError
from striate.tasks.bench._records import Record, machine
from striate.tasks.bench._settings import Settings

CHILD = "striate.cli._cold_start"
"""The program that is measured: the command line with a stopwatch in it."""

PARTS = ("import", "data", "compile", "train", "test", "exit")


def measure(settings: Settings, words: Sequence[str] = ()) -> Iterator[Record]:
    """A record for each seed: the seconds of the whole process and of its parts, and the test accuracy.

    import: Python, packages, arguments. data: reading the digits, drawing the weights. compile: whatever XLA
    traces and compiles, at any time. train: the steps. test: the test digits, the model's file, the report.
    exit: the rest.

    Args:
        settings: how; `repeats` is the number of seeds, 1 unless given, and `batch` goes to the command.
        words: further arguments of `striate train mnist`.

    Raises:
        TrainingError: the command failed.
    """
    if settings.precision != "float32":
        happened = f"got {settings.precision!r}, and the command trains in float32"
        raise ArgumentError(Problem("--precision", happened, "float32", "Leave --precision out."))
    batch = [] if settings.batch is None else ["--batch-size", str(settings.batch)]
    for seed in range(settings.repeats or 1):
        with tempfile.TemporaryDirectory() as folder:
            yield _run(seed, Path(folder), [*batch, *words])


def _run(seed: int, folder: Path, words: Sequence[str]) -> Record:
    """One process from its start to its end; its cache folder is empty, so that it compiles everything."""
    command = ["train", "mnist", "--seed", str(seed), "--out", str(folder / "run"), *words]
    report = folder / "parts.json"
    environment = {**os.environ, "STRIATE_COLD_REPORT": str(report), "STRIATE_HOME": str(folder / "home")}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    began = time.time()
    environment["STRIATE_COLD_BEGAN"] = repr(began)
    done = subprocess.run(
        [sys.executable, "-m", CHILD, *command], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.time() - began
    if done.returncode or not report.is_file():
        raise _failed(done)
    parts = json.loads(report.read_text("utf-8"))
    results = json.loads((folder / "run" / "results.json").read_text("utf-8"))
    config = json.loads((folder / "run" / "config.json").read_text("utf-8"))
    return _record(seed, seconds, parts, results, config)


def _record(
    seed: int, seconds: float, found: dict[str, Any], results: dict[str, Any], config: dict[str, Any]
) -> Record:
    """One flat record."""
    parts = {**found["parts"], "exit": seconds - sum(found["parts"].values())}
    return {
        "work": "mnist-99",
        "peer": "striate",
        "setting": "float32",
        "shape": [28, 28, 1],
        "precision": "float32",
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
