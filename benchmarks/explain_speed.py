"""Integrated gradients and occlusion beside Captum's, on the same weights and pictures, in turns.

    STRIATE_PEERS=PYTHON python benchmarks/explain_speed.py [--pictures 16] [--repeats 9] [--write]

PYTHON is the interpreter of an environment with torch and captum (`make peers` makes `.venv-peers`). The
network is cifar10-convnet. Both sides have compiled or warmed up before the first timing; a round is ours,
then theirs. Captum runs with its best setting of those tried: channels last or not, and the number of
perturbations or steps at once. What is told is the median of the rounds and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import jax
import numpy as np
from _clock import clock

import striate as st
from striate.explain import read

RESULTS = Path(__file__).parent / "results" / "explain-speed.md"
PEER = Path(__file__).parent / "peers" / "captum_peer.py"
WORKS: dict[str, dict[str, Any]] = {
    "integrated-gradients": {"steps": 64},
    "occlusion": {"window": 4, "stride": 2},
}


class Captum:
    """The other side: a process that waits, computes once when it is asked, and tells the seconds."""

    def __init__(self, python: str, folder: Path, model: st.Model, x: np.ndarray, target: np.ndarray) -> None:
        """Hand over weights and pictures."""
        weights = {
            f"{path}/{name}": np.asarray(array)
            for path, some in model.variables["params"].items()
            for name, array in some.items()
        }
        np.savez(folder / "given.npz", x=x, target=target, **weights)
        words = [python, str(PEER), str(folder)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, work: str) -> dict[str, Any]:
        """Seconds and values of one attribution."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(work + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def values(self, folder: Path, work: str) -> np.ndarray:
        """What it found last."""
        return np.load(folder / f"{work}.npy", allow_pickle=False)


def ours(model: st.Model, x: np.ndarray, target: np.ndarray, work: str) -> tuple[float, np.ndarray]:
    """Seconds and values of one attribution, pictures handed over anew."""
    began = clock()
    found = st.explain.attribute(read(model, x), method=work, target=target, **WORKS[work])
    values = np.asarray(found.values)
    return clock() - began, values


def apart(values: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, relative; where we have one value for a place, Captum repeats it."""
    same = values[..., None] if values.ndim < theirs.ndim else values
    return float(np.abs(same - theirs).max() / np.abs(values).max())


def compare(options: argparse.Namespace, folder: Path) -> list[str]:
    """A line for each work."""
    model = st.applications.cifar10_convnet()
    x = np.random.default_rng(0).normal(size=(options.pictures, 32, 32, 3)).astype(np.float32)
    target = np.arange(options.pictures) % 10
    captum = Captum(os.environ["STRIATE_PEERS"], folder, model, x, target)
    lines = []
    for work in WORKS:
        setting = captum.ask(work)["setting"]
        values = ours(model, x, target, work)[1]
        difference = apart(values, captum.values(folder, work))
        rounds = [
            (ours(model, x, target, work)[0], captum.ask(work)["seconds"]) for _ in range(options.repeats)
        ]
        mine, theirs = (statistics.median(side) for side in zip(*rounds, strict=True))
        ratio = f"{mine / theirs:.2f}"
        lines.append(
            f"| {work} | {1e3 * mine:.0f} | {1e3 * theirs:.0f} | {ratio} | {difference:.1e} | {setting} |"
        )
    captum.process.kill()
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = compare(options, Path(folder))
    lines = [
        "# Explanations beside Captum's",
        "",
        f"cifar10-convnet, {options.pictures} pictures, median of {options.repeats} rounds in turns; "
        f"{platform.machine()}, {os.cpu_count()} cores, JAX {jax.__version__}.",
        "",
        "| work | ours, ms | Captum, ms | ratio | largest difference | Captum's setting |",
        "|---|---|---|---|---|---|",
        *rows,
    ]
    print("\n".join(lines))
    if options.write:
        RESULTS.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
