"""Precision at 10 on the photographs of fruit: features of a trained network against raw pixels.

    python benchmarks/retrieval.py --model resnet50

Every photograph asks for the ten nearest of all others, by cosine; precision is the share of them that show
the same kind of fruit. Copies are left out first, for a copy would find itself. Pixels are those of the
photograph at 32x32, as they are and with the mean photograph taken away. The last line is JSON, which is also
kept in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from _keeping import keep

from striate import datasets
from striate.datasets import fruits
from striate.images import Preprocessing
from striate.tasks.nearest import precision_at, unit
from striate.tasks.retrieval import Embedder

K, SIDE = 10, 32


def main() -> None:
    """Measure and print a row for each kind of vector."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet50", help="trained weights, a run or a .striate file")
    words = parser.parse_args()
    embedder = Embedder.find(words.model)
    path = fruits.load_files()
    folder = datasets.image_folder(path, preprocessing=embedder.preprocessing)
    rows = np.sort(np.unique(folder.sha256, axis=0, return_index=True)[1])
    labels = folder.targets[rows]
    began = time.perf_counter()
    vectors = embedder.vectors(folder.read(rows))
    seconds = time.perf_counter() - began
    small = datasets.image_folder(path, preprocessing=Preprocessing((SIDE, SIDE), 3, fit="crop"))
    pixels = small.read(rows).reshape(len(rows), -1).astype(np.float32)
    found = {
        f"features of {embedder.source}": precision_at(vectors, labels, K),
        "raw pixels": precision_at(unit(pixels), labels, K),
        "pixels less their mean": precision_at(unit(pixels - pixels.mean(axis=0)), labels, K),
        "chance": float(np.mean([(np.sum(labels == each) - 1) / (len(labels) - 1) for each in labels])),
    }
    print(f"{len(rows):,} different photographs of {len(folder.class_names)} kinds, precision at {K}")
    for name, precision in found.items():
        print(f"{name:>40} {100 * precision:6.2f} %")
    result = {
        "work": f"retrieval of fruits, {embedder.source}",
        "pictures": len(rows),
        "precision_at_10": {name: round(precision, 5) for name, precision in found.items()},
        "seconds_for_features": round(seconds, 1),
    }
    print(keep(f"retrieval_{words.model.partition('/')[0].replace('-', '_')}", result))


if __name__ == "__main__":
    main()
