"""A nursery of processes that save a model and a checkpoint again and again until they are killed.

Run as a program by test_crash_safety.py. It imports once and forks a saver for every line it reads, so that
twenty-five kills take seconds. For each it prints the process id, waits until the saver is dead, and prints
"dead".
"""

import itertools
import os
import sys
from pathlib import Path

import numpy as np

from striate.formats import save_checkpoint, save_model
from striate.layers import Dense
from striate.network import sequential

SIZE = 400


def network():
    """A network whose file has 650 kB, so that writing it takes a while."""
    return sequential([Dense(SIZE, name="wide")], input_shape=(SIZE,))


def content(number):
    """Weights that all hold the number of the save."""
    kernel, bias = (np.full(shape, number, np.float32) for shape in ((SIZE, SIZE), (SIZE,)))
    return {"params": {"wide": {"kernel": kernel, "bias": bias}}, "state": {}}


def save(folder, number):
    """Save both files with this number in every weight and in the record."""
    save_model(folder / "model.striate", network(), content(number), training={"number": number})
    save_checkpoint(folder / "checkpoint.striate", content(number), {"number": number})


def main():
    """Fork a saver for every line: "<folder> <first number>"."""
    for line in sys.stdin:
        folder, first = line.split()
        child = os.fork()
        if child == 0:
            for number in itertools.count(int(first)):
                save(Path(folder), number)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    main()
