"""What does recording every 10th step cost a training? Epochs with and without a Recorder, in turns.

    python benchmarks/recording_overhead.py [--batch 256 128] [--steps 100] [--every 10] [--write]

mnist-convnet on real digits and cifar10-convnet on real pictures, with each size of batch. Each repeat
trains one epoch plainly and one recorded, in any order and in one process, so that a busy machine slows both
alike; everything is compiled before. What is timed is the epoch alone, from its beginning to its end:
opening the folder, saving the model beside the recording and the block of the last step come before and
after it, once a training, and are told apart. The ratio is the median over the pairs, beside it the middle
half of them. STRIATE_BENCH_CLOCK=cpu counts processor time instead.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import tempfile
from pathlib import Path
from typing import Any

import jax
import numpy as np
from _clock import clock

import striate as st
from striate import datasets
from striate.explain.recording.planning import megabytes

RESULTS = Path(__file__).parent / "results" / "recording-overhead.md"


class EpochClock(st.callbacks.Callback):
    """Seconds from the beginning of an epoch to its end."""

    def __init__(self) -> None:
        self.seconds, self._began = 0.0, 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = clock()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds = clock() - self._began


NETWORKS = {"mnist": st.applications.mnist_convnet, "cifar10": st.applications.cifar10_convnet}
"""By the data set that they are trained on."""


def epoch(
    data: str, x: np.ndarray, y: np.ndarray, batch: int, recorder: st.explain.Recorder | None
) -> tuple[float, float]:
    """Seconds of an epoch, and of the whole `fit`."""
    network, scaling = NETWORKS[data]().network, st.images.Preprocessing(x.shape[1:3], x.shape[3])
    model = st.Model.from_network(network, preprocessing=scaling, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    watch, began = EpochClock(), clock()
    callbacks = [watch] if recorder is None else [recorder, watch]
    model.fit(x, y, batch_size=batch, verbose=0, callbacks=callbacks, seed=0)
    return watch.seconds, clock() - began


def measure(data: str, batch: int, options: argparse.Namespace) -> list[str]:
    """Lines to print."""
    (x, y), _ = datasets.get(data).load()
    x = x.reshape(len(x), *NETWORKS[data]().network.inputs[0].shape)[: batch * options.steps]
    y = y.reshape(-1)[: batch * options.steps]
    pairs: list[dict[bool, tuple[float, float]]] = []
    with tempfile.TemporaryDirectory() as folder:

        def run(recorded: bool, name: str) -> tuple[float, float]:
            what = tuple(options.what.split(","))
            made = st.explain.Recorder(
                f"{folder}/{name}", what=what, steps=options.every, examples=options.examples
            )
            return epoch(data, x, y, batch, made if recorded else None)

        for recorded in (False, True):  # compiles
            run(recorded, f"first-{recorded}")
        for number in range(options.repeats):
            order = random.sample([False, True], 2)
            pairs.append({recorded: run(recorded, f"{number}-{recorded}") for recorded in order})
        log = st.explain.open_recording(f"{folder}/first-True")
        kept = f"{len(log.steps)} blocks of {megabytes(log.layout.block)}"
    return [f"{data}, batch {batch}: {line}" for line in report(pairs, options, kept)]


def report(pairs: list[dict[bool, tuple[float, float]]], options: argparse.Namespace, kept: str) -> list[str]:
    """The ratio and what it is made of."""
    plain, recorded = (statistics.median(pair[kind][0] for pair in pairs) for kind in (False, True))
    ratios = sorted(pair[True][0] / pair[False][0] for pair in pairs)
    low, high = np.quantile(ratios, (0.25, 0.75))
    extra = statistics.median(
        pair[True][1] - pair[True][0] - pair[False][1] + pair[False][0] for pair in pairs
    )
    each = 1000 * plain / options.steps
    return [
        f"ratio {statistics.median(ratios):.3f} (middle half {low:.3f} to {high:.3f}, {len(pairs)} pairs)",
        f"plain {each:.2f} ms a step, recorded {1000 * recorded / options.steps:.2f} ms",
        f"recorded: {options.what}, {options.examples} examples; {kept}",
        f"once a training: {1000 * extra:.0f} ms for the folder, the model in it and the last block",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=[256, 128])
    for name, value in (("steps", 100), ("every", 10), ("examples", 4), ("repeats", 9)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--what", default="weights,gradients,activations")
    parser.add_argument("--write", action="store_true", help=f"also write {RESULTS.name}")
    options = parser.parse_args()
    load = "/".join(f"{part:.1f}" for part in os.getloadavg())
    head = [
        f"every {options.every}th of {options.steps} steps recorded; "
        f"JAX {jax.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores, load {load}"
    ]
    works = [(data, batch) for data in NETWORKS for batch in options.batch]
    lines = head + [line for work in works for line in measure(*work, options)]
    print("\n".join(lines))
    if options.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text("# What recording costs\n\n" + "\n".join(f"- {line}" for line in lines) + "\n")


if __name__ == "__main__":
    main()
