"""Which explanations pass their checks on which networks? A table of methods and checks, computed.

    python benchmarks/explanation_badges.py mnist=RUN cifar10=RUN [--images 16] [--twin 2000] [--write]

Each RUN is a run's folder or a model file, trained on the data set before the "=". Every method of
`striate.explain.attribution.METHODS` is checked on the same test pictures with every check that applies;
label randomisation trains a twin on shuffled labels. "yes" and "no" are the verdicts, a number alone is a
measure without a bar, and an empty cell a check that does not apply.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

import jax
import numpy as np

import striate as st
from striate import datasets
from striate.errors import StriateError
from striate.explain import CheckReport
from striate.explain.attribution import METHODS
from striate.tasks.run_folder import model_file

RESULTS = Path(__file__).parent / "results" / "explanation-badges.md"


def table_of(data: str, run: str, images: int, twin: int) -> list[str]:
    """The lines of one network's table."""
    model = st.load(model_file(run))
    (x_train, y_train), (x_test, _) = datasets.get(data).load()
    pictures = _shaped(model, x_test[:images])
    training = (_shaped(model, x_train[:twin]), y_train.reshape(-1)[:twin].astype(np.int32))
    said: dict[str, CheckReport | str] = {}
    for name in METHODS:
        began = time.perf_counter()
        try:
            said[name] = st.explain.check(model, name, pictures, training=training)
        except StriateError as error:
            said[name] = error.problems[0].happened
        print(f"{data} {name}: {time.perf_counter() - began:.0f} s", flush=True)
    reports = [report for report in said.values() if isinstance(report, CheckReport)]
    checks = list(dict.fromkeys(badge.check for report in reports for badge in report.badges))
    head = f"| method | {' | '.join(checks)} |"
    lines = [f"## {model.name} on {data}", "", head, "|---" * (len(checks) + 1) + "|"]
    return [*lines, *(_row(name, report, checks) for name, report in said.items()), ""]


def _shaped(model: st.Model, x: np.ndarray) -> np.ndarray:
    """Pictures with their channel axis."""
    return x.reshape(len(x), *(model.network.inputs[0].shape or ()))


def _row(name: str, report: CheckReport | str, checks: list[str]) -> str:
    """One method: each check's verdict and value, or why it does not apply to this network."""
    if isinstance(report, str):
        return f"| {name} | {report} |" + " |" * (len(checks) - 1)
    said = {badge.check: badge for badge in report.badges}
    cells = []
    for check in checks:
        badge = said.get(check)
        word = "" if badge is None or badge.holds is None else "yes " if badge.holds else "no "
        cells.append("" if badge is None else f"{word}{badge.figure:.2g}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="DATA=RUN")
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--twin", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    options = parser.parse_args()
    lines = [
        "# Explanations and their checks",
        "",
        f"{options.images} test pictures, {platform.machine()}, JAX {jax.__version__}, "
        "`python benchmarks/explanation_badges.py`.",
        "",
    ]
    for pair in options.runs:
        data, _, run = pair.partition("=")
        lines += table_of(data, run, options.images, options.twin)
    print("\n".join(lines))
    if options.write:
        RESULTS.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
