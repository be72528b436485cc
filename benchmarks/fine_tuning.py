"""Accuracy on the photographs of fruit from a trained network, and the same from scratch beside it.

    python benchmarks/fine_tuning.py --from mobilenet-v2 --learn all --epochs 12

Every run is what `striate train FRUITS --from NAME` does, or `striate train FRUITS` for the one from scratch,
in a folder of its own that is thrown away. The last line is JSON with versions and hardware, which is also
kept in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import datetime
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from striate.datasets import fruits
from striate.tasks import Wishes, begin, carry_out, doctor, plan

RESULTS = Path(__file__).parent / "results"


def measure(wishes: Wishes) -> dict[str, Any]:
    """One whole run: its accuracy, its epochs, its seconds of training and of everything."""
    start = time.perf_counter()
    planned = plan(wishes)
    with tempfile.TemporaryDirectory() as folder:
        path = begin(planned.order, Path(folder) / "run", planned.material)
        outcome = carry_out(path, planned.order, material=planned.material, tell=print)
    assert outcome.evaluation is not None
    scored = outcome.evaluation.scored
    found = {
        "network": planned.order.model_name,
        "from": wishes.source,
        "learn": wishes.learn,
        "accuracy": scored.value("accuracy"),
        "loss": round(scored.value("log loss"), 5),
        "examples": scored.examples,
        "epochs": outcome.epochs,
        "seconds_training": round(outcome.seconds, 1),
        "seconds": round(time.perf_counter() - start, 1),
        "recipe": planned.order.recipe.to_json(),
    }
    print(
        f"{found['network']:>20}: {100 * found['accuracy']:.2f} % in {found['seconds_training']:.0f} s",
        flush=True,
    )
    return found


def main() -> None:
    """Train both and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="source", default="mobilenet-v2", help="trained weights to begin from")
    parser.add_argument(
        "--learn", default="all", help="what learns once the head does: all, none, or a layer"
    )
    parser.add_argument("--epochs", type=int, help="after the head; the recipe's unless given")
    parser.add_argument("--augment", help="none, light or strong; the recipe's unless given")
    parser.add_argument("--lr", type=float, help="the highest rate; the recipe's unless given")
    parser.add_argument("--no-scratch", action="store_true", help="leave the run from scratch out")
    words = parser.parse_args()
    data = str(fruits.load_files())
    changes = {"epochs": words.epochs, "augment": words.augment, "lr": words.lr}
    runs = [measure(Wishes(data, source=words.source, learn=words.learn, **changes))]
    if not words.no_scratch:
        runs.append(measure(Wishes(data)))
    result = {
        "work": f"fine-tuning on fruits from {words.source}",
        "runs": runs,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": doctor.versions(),
        "hardware": doctor.hardware(),
    }
    RESULTS.mkdir(exist_ok=True)
    name = f"fine_tuning_{words.source.partition('/')[0].replace('-', '_')}_{words.learn}.json"
    (RESULTS / name).write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
