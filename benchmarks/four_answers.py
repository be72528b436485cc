"""The four kinds of answer on real pictures: each model's measures beside those of its baseline.

    python benchmarks/four_answers.py --pictures 2000 --epochs 10

Pictures are written as PNG files into a folder that is thrown away, with class folders or a table, and go the
way of `striate train FOLDER`: binary (cats and ships of CIFAR-10), multinomial (handwritten digits),
continuous (by how many degrees a digit was turned), count (how many digits lie on a canvas). The last line is
JSON, which is also kept in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _keeping import keep
from PIL import Image

from striate import datasets
from striate.tasks import Outcome, PictureOptions, Wishes, begin, carry_out, plan

PAIR = ("cat", "ship")
MOST_DEGREES, CANVAS, MOST_DIGITS = 60.0, 64, 5


def binary(folder: Path, count: int, random: np.random.Generator) -> PictureOptions:
    """Two classes of CIFAR-10, a folder each."""
    (x, y), _ = datasets.get("cifar10").load()
    names = datasets.get("cifar10").info.class_names
    for name in PAIR:
        rows = np.flatnonzero(y.reshape(-1) == names.index(name))
        for row in random.permutation(rows)[: count // 2]:
            write(folder / "pictures" / name / f"{row}.png", x[row])
    return PictureOptions()


def multinomial(folder: Path, count: int, random: np.random.Generator) -> PictureOptions:
    """Digits, a folder each."""
    for number, (digit, label) in enumerate(digits(count, random)):
        write(folder / "pictures" / str(label) / f"{number}.png", digit)
    return PictureOptions()


def continuous(folder: Path, count: int, random: np.random.Generator) -> PictureOptions:
    """Digits turned by an angle that the table says."""
    rows = []
    for number, (digit, _) in enumerate(digits(count, random)):
        degrees = round(float(random.uniform(-MOST_DEGREES, MOST_DEGREES)), 2)
        turned = Image.fromarray(digit).rotate(degrees, Image.Resampling.BILINEAR)
        write(folder / "pictures" / f"{number}.png", np.asarray(turned))
        rows.append((f"{number}.png", degrees))
    return table(folder, "degrees", rows)


def count(folder: Path, count: int, random: np.random.Generator) -> PictureOptions:
    """From no digit to five at random places of a canvas; they may overlap."""
    source, rows = digits(count * MOST_DIGITS, random), []
    for number in range(count):
        many = int(random.integers(0, MOST_DIGITS + 1))
        canvas = np.zeros((CANVAS, CANVAS), np.uint8)
        for _ in range(many):
            digit = next(source)[0]
            top, left = random.integers(0, CANVAS - 28, 2)
            part = canvas[top : top + 28, left : left + 28]
            np.maximum(part, digit, out=part)
        write(folder / "pictures" / f"{number}.png", canvas)
        rows.append((f"{number}.png", many))
    return table(folder, "count", rows)


WORKS: dict[str, Callable[[Path, int, np.random.Generator], PictureOptions]] = {
    "binary": binary,
    "multinomial": multinomial,
    "continuous": continuous,
    "count": count,
}


def digits(count: int, random: np.random.Generator) -> Iterator[tuple[np.ndarray, int]]:
    """Handwritten digits and what they are, in a random order."""
    (x, y), _ = datasets.get("mnist").load()
    for row in random.permutation(len(x))[:count]:
        yield x[row], int(y[row])


def write(path: Path, pixels: np.ndarray) -> None:
    """A PNG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def table(folder: Path, column: str, rows: list[tuple[str, Any]]) -> PictureOptions:
    """A CSV table beside the pictures."""
    path = folder / "answers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", column), *rows])
    return PictureOptions(table=str(path))


def measure(kind: str, pictures: int, epochs: int, seed: int) -> dict[str, Any]:
    """One kind: pictures written, network trained, measures said."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = WORKS[kind](folder, pictures, np.random.default_rng(seed))
        planned = plan(Wishes(str(folder / "pictures"), epochs=epochs, seed=seed, pictures=options))
        assert kind == planned.material.answer.KIND
        start = time.perf_counter()
        outcome = carry_out(begin(planned.order, folder / "run", planned.material), planned.order)
        return said(kind, outcome, time.perf_counter() - start)


def said(kind: str, outcome: Outcome, seconds: float) -> dict[str, Any]:
    """Print the measures, and give them as JSON values."""
    assert outcome.evaluation is not None
    scored = outcome.evaluation.scored
    print(f"{kind}: {scored.headline()}; {outcome.epochs} epochs, {seconds:.0f} s")
    for each in scored.measures:
        if each.margin is not None:
            margin = "{:.4g} ({:.4g} to {:.4g})".format(*each.margin)
            verdict = "better" if each.beats_baseline else "NOT better"
            row = f"  {each.name:24} {each.value:8.4g}  baseline {each.baseline:8.4g}"
            print(f"{row}  margin {margin}: {verdict}", flush=True)
    return {"kind": kind, "seconds": round(seconds, 1), "epochs": outcome.epochs, **scored.to_json()}


def main() -> None:
    """All four, one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=2000, help="in all, of each kind")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", default=list(WORKS), choices=list(WORKS))
    words = parser.parse_args()
    found = [measure(kind, words.pictures, words.epochs, words.seed) for kind in words.kinds]
    if len(found) == len(WORKS):
        print(keep("four_answers", {"pictures": words.pictures, "seed": words.seed, "runs": found}))


if __name__ == "__main__":
    main()
