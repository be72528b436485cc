"""One process for each contender and work; it prints lines of JSON; whole trainings are timed here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pairing.environments import python_of
from pairing.plan import PROGRAMS, Contender, Work
from pairing.quiet import Watch, wait_until_quiet

Record = dict[str, Any]
SHORTEST = 5.0
"""Seconds without which no process is begun."""
STRIATE = "from striate.cli import main; main()"


@dataclass
class Bench:
    """Everything that the processes of one run share.

    Args:
        data: an .npz of MNIST for the peers. threads: how many each may use.
        quick: fewer and shorter samples. deadline: no process begins after it, as `time.monotonic` counts.
        patience: seconds to wait, unless quick, for a machine that others leave alone.
        records: what was measured. left_out: what was not, and why. failed: contenders not to try again.
    """

    data: Path
    threads: int
    quick: bool = False
    deadline: float = float("inf")
    patience: float = 30.0
    records: list[Record] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failed: set[tuple[str, Contender]] = field(default_factory=set)

    def measure(self, work: Work, contender: Contender, turn: int) -> None:
        """Run one process and keep what it printed; a failure is noted and not tried again."""
        if (work.name, contender) in self.failed:
            return
        left = self.deadline - time.monotonic()
        if left < SHORTEST:
            self._leave_out(work, contender, "no time was left")
            return
        if not self.quick:
            wait_until_quiet(min(self.patience, left))
        watch, began = Watch(), time.perf_counter()
        try:
            done = subprocess.run(
                self._command(work, contender, turn),
                env=self._environment(),
                capture_output=True,
                text=True,
                timeout=min(left, 1800),
                check=False,
            )
        except subprocess.TimeoutExpired:
            self._leave_out(work, contender, "it took too long")
            return
        if done.returncode:
            self._leave_out(work, contender, _last_words(done.stderr))
            return
        self._keep(done.stdout, turn, watch.others(), time.perf_counter() - began)

    def _keep(self, printed: str, turn: int, others: float | None, seconds: float) -> None:
        """The records of a process; a peer's whole training took what its process took."""
        for line in printed.splitlines():
            if not line.startswith("{"):
                continue
            record = json.loads(line)
            if "acc" in record:
                record.setdefault("s", round(seconds, 3))
            self.records.append({**record, "round": turn, "others": others})

    def _leave_out(self, work: Work, contender: Contender, why: str) -> None:
        self.failed.add((work.name, contender))
        self.left_out.append(f"{work.name}, {contender}: {why}")
        print(f"  left out: {self.left_out[-1]}", file=sys.stderr, flush=True)

    def _command(self, work: Work, contender: Contender, turn: int) -> list[str]:
        python = str(python_of(contender.peer))
        words = ["--quick", *work.quick_words] if self.quick else []
        if contender.peer == "striate":
            ours = ["bench", work.name, "--json", "--precision", contender.setting, *words]
            return [python, "-c", STRIATE, *ours]
        words += ["--setting", contender.setting, "--threads", str(self.threads), "--data", str(self.data)]
        if work.name == "mnist-99":
            words += ["--seed", str(turn), "--recipe", json.dumps(self._recipe())]
        return [python, str(PROGRAMS[contender.peer]), work.name, *words]

    def _recipe(self) -> Record:
        """Our recipe of this run, for the peers to train by, when it is one that they know."""
        ours = [each["recipe"] for each in self.records if each["peer"] == "striate" and "recipe" in each]
        known = [each for each in ours if (each["optimizer"], each["schedule"]) == ("adamw", "one-cycle")]
        return known[0] if known else {}

    def _environment(self) -> dict[str, str]:
        """As many threads for everyone, and no GPU that only some would use."""
        threads = str(self.threads)
        limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "STRIATE_THREADS"), threads)
        return {**os.environ, **limits, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}


def _last_words(said: str) -> str:
    """The last line of an error, which names it; ours ends with a cure."""
    lines = [line.strip() for line in said.strip().splitlines() if line.strip()] or ["it said nothing"]
    named = [line for line in lines if line.startswith("error: ")]
    return (named or lines)[-1].removeprefix("error: ")[:200]
