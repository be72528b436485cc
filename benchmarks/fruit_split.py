"""How much of the error on the photographs of fruit is their split? One head, two divisions of the pictures.

    python benchmarks/fruit_split.py [--side 224] [--turns 3]

The test photographs come from other visits to shops than the training ones, and each is there twice. Here a
linear head learns on kept features of ResNet-50: once on the training photographs as given, tested on the 661
different test photographs; and then, with the same numbers of pictures, on a random division of all of them.
"""

from __future__ import annotations

import argparse

import numpy as np

import striate as st
from striate.datasets import fruits


def accuracy(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray) -> float:
    """Of a linear head on features of length 8."""
    head = st.Sequential([st.Input((x.shape[1],)), st.layers.Dense(14, activation="softmax")], seed=0)
    head.compile(st.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    unit, unit_test = (8 * a / np.linalg.norm(a, axis=1, keepdims=True) for a in (x, x_test))
    head.fit(unit, y, batch_size=len(x), epochs=300, verbose=0, seed=0)
    return head.evaluate(unit_test, y_test, verbose=0, return_dict=True)["accuracy"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    (x, y), (x_test, y_test) = fruits.load_data(size=given.side)
    _, different = np.unique(x_test.reshape(len(x_test), -1), axis=0, return_index=True)
    x_test, y_test = x_test[different], y_test[different]
    shape = (given.side, given.side, 3)
    backbone = st.applications.resnet50(
        weights="imagenet-keras", convention="keras", input_shape=shape
    ).features()
    pictures, labels = np.concatenate([x, x_test]), np.concatenate([y, y_test]).astype(np.int32)
    features = np.asarray(backbone.predict(pictures, batch_size=32, verbose=0))
    order, count = np.arange(len(pictures)), len(x)
    for turn in range(given.turns + 1):
        rest = (features[order[count:]], labels[order[count:]])
        reached = accuracy(features[order[:count]], labels[order[:count]], *rest)
        name = "as given" if turn == 0 else f"at random, {turn}"
        print(
            f"{name:>12}: {100 * reached:.1f} % of {len(rest[1])} pictures, {count} to learn from", flush=True
        )
        order = np.random.default_rng(turn).permutation(len(pictures))


if __name__ == "__main__":
    main()
