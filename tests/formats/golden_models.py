"""The models behind the golden files, one file for each released format version and model.

A golden file is written once, when its format version is released, and never again. Run this file as a
program to write those that are missing.
"""

import json
from pathlib import Path

import numpy as np

from striate.formats import save_checkpoint, save_model
from striate.images import Preprocessing
from striate.layers import BatchNormalization, Concatenate, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from striate.layers.regularizers import L2
from striate.network import Input, graph, sequential

FOLDER = Path(__file__).parent.parent / "data" / "golden"
VERSION = 1


def numbers(shape, offset=0.0):
    """Numbers between 0.1 and 1 that depend on nothing but their place: the same on every machine."""
    count = int(np.prod(shape))
    return ((np.arange(count) * 7 % 19 + 2) / 20 + offset).astype(np.float32).reshape(shape)


def filled(network):
    """Variables of a network, filled with those numbers; kernels of both signs."""
    variables = {"params": {}, "state": {}}
    for path, weights in network.declared.items():
        for name, weight in weights.items():
            section = variables["params" if weight.trainable else "state"]
            offset = -0.5 if "kernel" in name else 0.0
            section.setdefault(path, {})[name] = numbers(weight.shape, offset)
    return variables


def convnet():
    """A chain of the usual layers with everything a model file can hold."""
    layers = [
        Conv2D(4, 3, activation="relu", kernel_regularizer=L2(1e-4), name="conv1"),
        BatchNormalization(name="norm1"),
        MaxPooling2D(2, name="pool1"),
        Flatten(name="flatten1"),
        Dropout(0.25, name="dropout1"),
        Dense(3, activation="softmax", name="scores"),
    ]
    network = sequential(layers, input_shape=(8, 8, 3), name="convnet")
    extra = {
        "preprocessing": Preprocessing(size=(8, 8), mean=(0.5, 0.4, 0.3), std=0.25, fit="crop"),
        "class_names": ("cat", "dog", "Ω <b>"),
        "training": {"epochs": 2, "history": {"loss": [1.5, 0.75]}, "seed": 0},
    }
    return network, extra


def branches():
    """A graph with a shared layer, a nested network, a frozen layer and two outputs."""
    tower = sequential([Conv2D(2, 3, padding="same", name="inner")], input_shape=(6, 6, 1), name="tower")
    shared = Conv2D(2, 3, padding="same", name="shared")
    x = Input((6, 6, 1), name="image")
    left, right = shared(x), tower(x)
    again = Conv2D(1, 1, name="narrow", trainable=False)(Concatenate(name="join")([left, right]))
    features = Flatten(name="flat")(shared(again))
    return graph(x, [Dense(2, name="out")(features), again], name="branches"), {}


MODELS = {"convnet": convnet, "branches": branches}


def example(network):
    """Two examples of input."""
    return numbers((2, *network.inputs[0].shape), offset=-0.4)


def outputs(network, variables):
    """What the network gives for them, as nested lists."""
    output = network.apply(variables, example(network)).output
    return [np.asarray(one).tolist() for one in (output if isinstance(output, tuple) else (output,))]


def checkpoint():
    """A tree of arrays of several types, and a record."""
    tree = {
        "params": {"conv1": {"kernel": numbers((3, 3, 1, 2))}},
        "optimizer": (np.int32(7), {"mu": numbers((3,)), "key": np.array([1, 2**32 - 1], np.uint32)}),
        "best": np.float32(np.inf),
    }
    return tree, {"epoch": 3, "rate": 1e-3, "history": {"loss": [0.5, 0.25]}, "early": None}


def main():
    """Write the golden files that are missing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in MODELS.items():
        network, extra = make()
        path = FOLDER / f"{name}-{VERSION}.striate"
        if not path.exists():
            save_model(path, network, filled(network), **extra)
            told = json.dumps(outputs(network, filled(network)))
            path.with_suffix(".json").write_text(told + "\n")
    path = FOLDER / f"checkpoint-{VERSION}.striate"
    if not path.exists():
        save_checkpoint(path, *checkpoint())


if __name__ == "__main__":
    main()
