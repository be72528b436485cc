"""Folders of tiny pictures whose colours say what they are, and networks that compile at once."""

import csv

import numpy as np
import pytest
from PIL import Image

from striate.layers import Dense, Flatten
from striate.network import sequential, to_json
from striate.tasks import Wishes, begin, carry_out, plan

__all__ = ["pets", "pets_run"]

COLOURS = {"cat": (200, 80, 60), "dog": (60, 180, 90), "owl": (70, 90, 200), "fox": (220, 200, 30)}


def draw(path, colour, number, size=(8, 8)):
    """A noisy picture of about this colour; every number gives another one."""
    noise = np.random.default_rng(number).normal(0, 40, (*size, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(noise + colour, 0, 255).astype(np.uint8)).save(path)


def paint(folder, names=("cat", "dog", "owl"), count=20, size=(8, 8), shift=0, start=0):
    """A folder for each class."""
    for k, name in enumerate(names):
        for number in range(start, start + count):
            colour = np.add(COLOURS[name], shift)
            draw(folder / name / f"{name}{number:03d}.png", colour, 1000 * k + number, size)
    return folder


def tabled(folder, kind, count=60):
    """Pictures and a table of what is to be answered, which their colours tell."""
    rows = []
    for number in range(count):
        red = (37 * number) % 256
        draw(folder / "files" / f"{number:03d}.png", (red, 255 - red, 120), number)
        value = {
            "binary": "bright" if red > 127 else "dark",
            "multilabel": "|".join(name for name, on in (("hot", red > 100), ("odd", red > 180)) if on),
            "continuous": f"{red / 10:.2f}",
            "count": str(red // 50),
        }[kind]
        rows.append((f"{number:03d}.png", value))
    with (folder / "answers.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "count" if kind == "count" else "answer"), *rows])
    return folder / "files", folder / "answers.csv"


def net(path, units, activation):
    """The file of a network of one dense layer."""
    layers = [Flatten(), Dense(units, activation=activation, name="answer")]
    path.write_text(to_json(sequential(layers, input_shape=(8, 8, 3), name="flat")))
    return str(path)


@pytest.fixture(scope="session")
def pets(tmp_path_factory):
    """Sixty pictures in three classes."""
    return paint(tmp_path_factory.mktemp("folders") / "pets")


@pytest.fixture(scope="session")
def pets_run(pets, tmp_path_factory):
    """A whole run on them, and its plan."""
    base = tmp_path_factory.mktemp("pets-run")
    wishes = Wishes(str(pets), net(base / "net.json", 3, "softmax"), epochs=6, batch_size=16, lr=0.01, seed=3)
    planned = plan(wishes)
    return planned, carry_out(begin(planned.order, base / "run", planned.material), planned.order)
