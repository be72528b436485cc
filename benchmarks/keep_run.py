"""Keep what a run of `striate train` reached: its figures, settings, versions and hardware, as one JSON file.

    striate train FOLDER --out RUN && python benchmarks/keep_run.py NAME RUN [RUN ...]

Writes benchmarks/results/NAME.json, which holds a row for each RUN, and prints a line for each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from _keeping import keep

SETTINGS = ("model", "recipe", "tuning", "seed")


def row(run: Path) -> dict[str, Any]:
    """What was reached and how; paths of this machine stay out of it."""
    config, results = (
        json.loads((run / name).read_text("utf-8")) for name in ("config.json", "results.json")
    )
    figures = {name: results[name] for name in ("kind", "examples", "epochs")}
    measures = {each["name"]: [round(each[n], 4) for n in ("value", "low", "high", "baseline")]
                for each in results["measures"]}  # fmt: skip
    return {
        "data": Path(config["data"]).name,
        **{name: config[name] for name in SETTINGS if name in config},
        **figures,
        "value, low, high, baseline": measures,
        "seconds of training": round(results["seconds"], 1),
    }


def main() -> None:
    """Read the runs, print them, write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("runs", nargs="+", type=Path)
    given = parser.parse_args()
    rows = [row(run) for run in given.runs]
    keep(given.name, {"runs": rows})
    for each in rows:
        value = each["value, low, high, baseline"].get("accuracy", ["?"])[0]
        print(
            f"{each['model']:>16}: accuracy {value}, {each['epochs']} epochs, {each['seconds of training']} s"
        )


if __name__ == "__main__":
    main()
