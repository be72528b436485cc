"""Striate beside torch, Keras on TensorFlow, Flax, ONNX Runtime and OpenVINO, in turn in one run.

    python benchmarks/side_by_side.py [--quick] [--rounds 3] [--works mnist-step,convs] [--peers torch,flax]

Each peer gets an environment of its own under `.bench/`, made once. Then, round after round, every
contender does a work in a process of its own, one after the other (A B C A B C), so that a machine that grows
busy slows all alike. The numbers are medians over the rounds; the ratio within a run is what counts. Table,
JSON and page go to `benchmarks/results/`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pairing.environments import FOLDER, REQUIREMENTS, python_of
from pairing.plan import WORKS, Contender, Work
from pairing.processes import Bench
from pairing.results import aims, peaks, rows
from pairing.table import aims_text, text

RESULTS = Path(__file__).parent / "results"
QUICK_SECONDS = 165.0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round of short samples, in under three minutes"
    )
    parser.add_argument("--rounds", type=int, help="turns of everyone; 3, quick 1")
    parser.add_argument("--works", type=lambda text: text.split(","), help="only these")
    parser.add_argument("--peers", type=lambda text: text.split(","), help="only these, beside Striate")
    parser.add_argument("--patience", type=float, default=30.0, help="seconds to wait for a quiet machine")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    for name, known in (("works", [work.name for work in WORKS]), ("peers", list(REQUIREMENTS))):
        if unknown := set(getattr(given, name) or ()) - set(known):
            parser.error(
                f"--{name}: there is no {', '.join(sorted(unknown))}; choose from {', '.join(known)}"
            )
    return given


def mnist_file() -> Path:
    """MNIST as plain arrays, for peers that have no Striate."""
    path = FOLDER / "mnist.npz"
    if not path.is_file():
        FOLDER.mkdir(exist_ok=True)
        program = (
            "import sys, numpy; from striate.datasets import mnist; (a, b), (c, d) = mnist.load_data(); "
            "numpy.savez(sys.argv[1], x_train=a, y_train=b, x_test=c, y_test=d)"
        )
        subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    return path


def contenders(work: Work, given: argparse.Namespace) -> list[Contender]:
    """Who does a work in this run: those that were asked for and whose environment could be made."""
    chosen = work.quick if given.quick else work.contenders
    wanted = [each for each in chosen if given.peers is None or each.peer in ("striate", *given.peers)]
    return [each for each in wanted if python_of(each.peer) is not None]


def machine(given: argparse.Namespace) -> dict[str, Any]:
    """Where this was measured."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return {
        "processor": (names or [platform.processor() or "unknown"])[0],
        "threads": given.threads,
        "instructions": ", ".join(
            flag for flag in flags if flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
        ),
        "system": f"{platform.system()} {platform.machine()}",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
    }


def run(given: argparse.Namespace) -> Bench:
    """All processes of all rounds."""
    plan = [
        (work, contenders(work, given)) for work in WORKS if given.works is None or work.name in given.works
    ]
    deadline = time.monotonic() + QUICK_SECONDS if given.quick else float("inf")
    bench = Bench(mnist_file().resolve(), given.threads, given.quick, deadline, given.patience)
    for work, everyone in plan:
        for turn in range(given.rounds or (1 if given.quick else 3)):
            for contender in everyone:
                began = time.monotonic()
                bench.measure(work, contender, turn)
                took = f"{time.monotonic() - began:.0f} s"
                print(f"{work.name}, {contender}, round {turn + 1}: {took}", file=sys.stderr, flush=True)
    return bench


def result(bench: Bench, given: argparse.Namespace) -> dict[str, Any]:
    """Everything that is written down."""
    found = rows(bench.records)
    shares = [record["others"] for record in bench.records if record["others"] is not None]
    others = f"{100 * max(shares):.0f} % at most" if shares else "unknown"
    return {
        "machine": {**machine(given), "taken by others": others},
        "quick": given.quick,
        "versions": {record["peer"]: record["versions"] for record in bench.records},
        "peak": {name: round(rate, 1) for name, rate in peaks(found).items()},
        "aims": aims(found),
        "rows": found,
        "left_out": bench.left_out,
        "records": bench.records,
    }


def write(made: dict[str, Any], folder: Path) -> None:
    """Table, JSON and page."""
    from pairing.page import page

    name = "side_by_side_quick" if made["quick"] else "side_by_side"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    (folder / f"{name}.txt").write_text(report(made) + "\n", "utf-8")
    (folder / f"{name}.html").write_text(page(made), "utf-8")
    print(f"\nwritten: {folder / name}.txt, .json, .html")


def report(made: dict[str, Any]) -> str:
    """What is printed: machine, table, aims, and what was left out."""
    facts = [f"{name}: {value}" for name, value in made["machine"].items()]
    limits = [f"measured peak, {name}: {rate:,.0f} GFLOP/s" for name, rate in made["peak"].items()]
    left_out = ["left out:", *(f"  {line}" for line in made["left_out"])] if made["left_out"] else []
    parts = [*facts, *limits, "", text(made["rows"]), "", aims_text(made["aims"]), *left_out]
    return "\n".join(parts)


def main() -> None:
    """Measure, compare, print, write."""
    given = arguments()
    made = result(run(given), given)
    print(report(made))
    write(made, given.out)


if __name__ == "__main__":
    main()
