"""Test accuracy of a recipe on MNIST over several seeds, with the seconds each run took.

    python benchmarks/mnist_accuracy.py --recipe default --seeds 5

Every run is what `striate train mnist --seed N` does, in a folder of its own that is thrown away. The last
line is JSON with versions and hardware, which is also kept in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from _keeping import keep

from striate import datasets
from striate.tasks import Order, begin, carry_out, find_network, recipes
from striate.tasks.material import example_shape

NETWORK = "mnist-convnet"


def measure(recipe: recipes.Recipe, seed: int) -> dict[str, Any]:
    """One whole run: its accuracy, its epochs, its seconds of training and of everything."""
    info = datasets.get("mnist").info
    network = find_network(NETWORK, input_shape=example_shape(info), classes=info.classes)
    order = Order("mnist", network, recipe, seed=seed, model_name=NETWORK)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = carry_out(begin(order, Path(folder) / "run"), order)
        lines = outcome.folder.jsonl.read_text("utf-8").splitlines()
    assert outcome.evaluation is not None
    return {
        "seed": seed,
        "accuracy": outcome.evaluation.scored.value("accuracy"),
        "loss": round(outcome.evaluation.scored.value("log loss"), 5),
        "epochs": outcome.epochs,
        "held_out_accuracy": [round(json.loads(line)["val_accuracy"], 4) for line in lines],
        "seconds_training": round(outcome.seconds, 1),
        "seconds": round(time.perf_counter() - start, 1),
    }


def main() -> None:
    """Train with every seed and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="default", choices=list(recipes.RECIPES))
    parser.add_argument("--seeds", type=int, default=5, help="how many: 0, 1, 2, …")
    words = parser.parse_args()
    recipe = recipes.get(words.recipe)
    print(f"{NETWORK} on mnist, recipe {recipe.name}: {recipe.about}")
    print(f"{'seed':>4} {'accuracy':>9} {'loss':>8} {'epochs':>6} {'training s':>10} {'all s':>6}")
    runs = []
    for seed in range(words.seeds):
        found = measure(recipe, seed)
        runs.append(found)
        shown = f"{seed:>4} {100 * found['accuracy']:>7.2f} % {found['loss']:>8.4f} {found['epochs']:>6}"
        print(f"{shown} {found['seconds_training']:>10.1f} {found['seconds']:>6.1f}", flush=True)
    finish(recipe, runs)


def finish(recipe: recipes.Recipe, runs: list[dict[str, Any]]) -> None:
    """Print the mean and keep everything as JSON."""
    shares = [run["accuracy"] for run in runs]
    mean, spread = statistics.mean(shares), statistics.stdev(shares) if len(shares) > 1 else 0.0
    seconds = statistics.median(run["seconds"] for run in runs)
    print(f"mean {100 * mean:.3f} % ± {100 * spread:.3f} (standard deviation), median {seconds:.1f} s a run")
    result = {
        "work": f"mnist accuracy, recipe {recipe.name}",
        "mean_accuracy": round(mean, 6),
        "deviation": round(spread, 6),
        "lowest": min(shares),
        "median_seconds": seconds,
        "recipe": recipe.to_json(),
        "runs": runs,
    }
    print(keep(f"mnist_accuracy_{recipe.name}", result))


if __name__ == "__main__":
    main()
