"""What every peer shares: its arguments, its clock, its data, and the lines of JSON it prints.

A peer measures what `striate bench` measures and prints the same keys, so that lines can be paired by work,
pass, shape and precision. It runs in an environment of its own that has NumPy and the peer, nothing of ours.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

CONVOLUTIONS = (
    (32, 32, 64, 64, 3, 1),
    (32, 16, 128, 128, 3, 1),
    (8, 56, 64, 64, 3, 1),
    (8, 56, 64, 256, 1, 1),
    (8, 28, 128, 128, 3, 1),
    (8, 28, 128, 128, 3, 2),
    (8, 14, 256, 256, 3, 1),
    (8, 7, 512, 512, 3, 1),
    (8, 224, 3, 64, 7, 2),
    (4, 224, 64, 64, 3, 1),
    (256, 28, 1, 32, 3, 1),
)
"""(images, side, channels, filters, kernel, strides); the padding is kernel // 2 on every side."""

IMAGES = {"mnist": (28, 28, 1), "cifar": (32, 32, 3), "resnet50": (224, 224, 3)}
CLASSES = {"mnist": 10, "cifar": 10, "resnet50": 1000}
STEPS = {"mnist": (60, 20), "cifar": (30, 8), "resnet50": (6, 2)}
"""Steps of a sample, and of a quick one."""
BATCHES = {
    "mnist-step": (256,),
    "cifar-step": (128,),
    "resnet50-train": (8,),
    "resnet50-infer": (1, 8),
    "mnist-infer": (1, 256),
}
RECIPE = {"epochs": 5, "batch_size": 128, "learning_rate": 0.003, "weight_decay": 0.01, "held_out": 50}
"""A good recipe for MNIST: AdamW, one cycle of the rate; `held_out` of each thousand are not trained on."""


def arguments(peer: str, settings: Sequence[str], works: Sequence[str]) -> argparse.Namespace:
    """The command line of a peer."""
    parser = argparse.ArgumentParser(prog=peer)
    parser.add_argument("work", choices=works)
    parser.add_argument("--setting", choices=settings, default=settings[0])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--batch", type=int)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", type=Path, help="an .npz of MNIST: x_train, y_train, x_test, y_test")
    parser.add_argument("--recipe", type=json.loads, default={}, help="changes of RECIPE, as JSON")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    given.peer, given.name = peer, given.work.split("-")[0]
    given.recipe = {**RECIPE, **{name: given.recipe[name] for name in RECIPE if name in given.recipe}}
    return given


def batches(given: argparse.Namespace) -> tuple[int, ...]:
    """The batches to measure."""
    return BATCHES[given.work] if given.batch is None else (given.batch,)


def steps(given: argparse.Namespace) -> int:
    """Training steps of a sample."""
    return STEPS[given.name][given.quick]


def samples(given: argparse.Namespace, usual: int) -> int:
    """How many samples to take."""
    return given.repeats or (min(usual, 3) if given.quick else usual)


def seconds(given: argparse.Namespace, usual: float) -> float:
    """How long a sample of calls takes."""
    return usual / 5 if given.quick else usual


def examples(given: argparse.Namespace, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Scaled pictures (N, H, W, C) float32 and classes (N,) int64: digits for MNIST, else noise."""
    if given.name == "mnist" and given.data is not None:
        with np.load(given.data) as file:
            x, y = file["x_train"][:count, ..., None], file["y_train"][:count]
    else:
        rng = np.random.default_rng(0)
        x = rng.integers(0, 256, (count, *IMAGES[given.name]), np.uint8)
        y = rng.integers(0, CLASSES[given.name], count)
    return scaled(x), y.astype(np.int64)


def digits(given: argparse.Namespace) -> tuple[np.ndarray, ...]:
    """x_train, y_train, x_test, y_test for a whole training; the held-out ones are left out."""
    with np.load(given.data) as file:
        x, y, x_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    kept = len(x) - len(x) * given.recipe["held_out"] // 1000
    return (
        scaled(x[:kept, ..., None]),
        y[:kept].astype(np.int64),
        scaled(x_test[..., None]),
        y_test.astype(np.int64),
    )


def scaled(pixels: np.ndarray) -> np.ndarray:
    """Pixels 0..255 as float32 0..1, with no copy more than it needs."""
    numbers = pixels.astype(np.float32)
    numbers /= 255
    return numbers


def time_calls(
    call: Callable[[], Any], count: int, span: float, wait: Callable[[], Any] | None = None
) -> list[float]:
    """Milliseconds of a call, each sample the mean of as many calls as fill `span` seconds.

    Args:
        call: what is measured. count: how many samples. span: seconds of each.
        wait: makes sure that the work is done, where calls return before.
    """
    mean_of(call, 3, wait)
    took = mean_of(call, 1, wait) / 1000
    inner = max(1, round(span / max(took, 1e-7)))
    return [mean_of(call, inner, wait) for _ in range(count)]


def mean_of(call: Callable[[], Any], count: int, wait: Callable[[], Any] | None = None) -> float:
    """Milliseconds of one call among `count`."""
    began = time.perf_counter()
    for _ in range(count):
        call()
    if wait is not None:
        wait()
    return 1000 * (time.perf_counter() - began) / count


def tell(
    given: argparse.Namespace,
    times: Sequence[float],
    shape: Sequence[int],
    precision: str,
    packages: Sequence[str],
    **facts: Any,
) -> None:
    """Print one line of JSON about a measurement."""
    times_told = {
        "ms": round(statistics.median(times), 5),
        "min": round(min(times), 5),
        "samples": [round(each, 5) for each in times],
    }
    _print(given, shape, precision, packages, **facts, **times_told)


def tell_training(
    given: argparse.Namespace, accuracy: float, precision: str, packages: Sequence[str]
) -> None:
    """Print one line of JSON about a whole training; who started the process adds its seconds."""
    _print(given, IMAGES["mnist"], precision, packages, acc=accuracy, seed=given.seed, recipe=given.recipe)


def _print(
    given: argparse.Namespace, shape: Sequence[int], precision: str, packages: Sequence[str], **facts: Any
) -> None:
    record = {
        "work": given.work,
        "peer": given.peer,
        "setting": given.setting,
        "shape": list(shape),
        "precision": precision,
        **facts,
        "peak_mb": peak_megabytes(),
        "device": given.device,
        "threads": given.threads,
        "versions": {"python": sys.version.split()[0], **{name: _version(name) for name in packages}},
    }
    print(json.dumps(record), flush=True)


def peak_megabytes() -> float:
    """The most memory this process has held, in 10^6 bytes; /proc leaves out what its parent held."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6, 1)
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6, 1)


def permutations(given: argparse.Namespace, total: int, size: int) -> Iterator[Iterator[np.ndarray]]:
    """For each epoch its batches as rows of the data, shuffled; a short last one too."""
    rng = np.random.default_rng(given.seed)
    for _ in range(given.recipe["epochs"]):
        order = rng.permutation(total)
        yield (order[start : start + size] for start in range(0, total, size))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
