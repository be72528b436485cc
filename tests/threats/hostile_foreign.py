"""Hostile files of other frameworks, read by a process that is watched and kept on a short leash.

Run as a program by test_foreign_files.py. An audit hook lets nothing pass but reading files; memory is
traced; the system ends the process when a file takes too much memory or processor time, as its parent sees.

    hostile_foreign.py corpus            every forged file
    hostile_foreign.py mutations COUNT   honest files with a few bytes changed
    hostile_foreign.py worst             files of the worst kinds that the caps let through
"""

import contextlib
import io
import json
import random
import resource
import signal
import sys
import tempfile
import time
import tracemalloc
import warnings
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))
import hostile_models
import numpy as np
from forged_foreign import FORGERIES, written
from forged_foreign_hdf5 import VARS, honest, made, named
from hostile_models import ADDRESS_SPACE, LARGE, SECONDS_A_FILE, SMALL, mutated, seen, watch

from foreign_writing import (
    WEIGHT,
    numpy_array,
    opcodes,
    safetensors,
    stream,
    tensor,
    tfjs_files,
    torch_files,
    torch_legacy,
    torch_zip,
    zipped,
)
from striate.errors import FormatError
from striate.formats import read_tensors

HUNGRY = ("many-dictionaries", "many-memories", "many-entries")
HEAVY = ("stream-of", "stream-nested", "zip-of-thirty", "keras-with-a-configuration-too-long")


def load(path, size, allowance):
    """Read one file under the hook; tell its error, if any, and the memory it took beyond twice its size."""
    seen.clear()
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_A_FILE)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    hostile_models.watching = True
    try:
        read_tensors(path)
        said = None
    except FormatError as error:
        said = str(error)
    finally:
        hostile_models.watching = False
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    beyond = tracemalloc.get_traced_memory()[1] - before - 2 * size
    if seen:
        sys.exit(f"{path.name}: {seen}")
    if beyond > allowance:
        sys.exit(f"{path.name}: it took {beyond} bytes more than twice its size")
    return said, beyond


def seconds(path):
    """The processor time that a file takes while memory is not traced; once more if the machine was busy."""
    took = _seconds(path)
    return took if took < 0.6 else min(took, _seconds(path))


def _seconds(path):
    """The processor time of one reading."""
    begun = time.process_time()
    with contextlib.suppress(FormatError):
        read_tensors(path)
    return time.process_time() - begun


def honest_files():
    """A small honest file of every kind, by name."""
    buffer = io.BytesIO()
    np.savez(buffer, w=WEIGHT, b=WEIGHT.T)
    return {
        "torch": torch_zip(),
        "legacy": torch_legacy(),
        "npz": buffer.getvalue(),
        "arrays": stream({"a": {"kernel": numpy_array(WEIGHT), "bias": numpy_array(WEIGHT[0])}}),
        "hdf5": made(named),
        "hdf5-new": made(packed, libver=("v108", "v108")),
        "hdf5-chunks": made(packed),
        "hdf5-old": made(keras_2),
        "keras": zipped({"config.json": b'{"a": [1, 2]}', "model.weights.h5": made(honest)}),
        "safetensors": safetensors(
            {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}, bytes(24)
        ),
        "tfjs": tfjs_files(),
    }


def packed(file):
    """Two variables in chunks, one of them packed."""
    array = np.arange(60, dtype="f4").reshape(6, 10)
    file.create_dataset(f"{VARS}/0", data=array, chunks=(4, 4), compression="gzip", shuffle=True)
    file.create_dataset(f"{VARS}/1", data=array, chunks=(3, 10))


def keras_2(file):
    """Named weights of a layer, and a configuration."""
    file.attrs["layer_names"] = [b"one"]
    file.attrs["model_config"] = '{"class_name": "Model"}'
    file.create_group("one").attrs["weight_names"] = [b"kernel:0", b"bias:0"]
    file["one/kernel:0"], file["one/bias:0"] = WEIGHT, WEIGHT[0]


def changed(name, data, random_numbers):
    """The file with a few bytes changed; archives often inside of an entry, with all sums right again."""
    if isinstance(data, dict):
        file = random_numbers.choice(sorted(data))
        return {**data, file: mutated(data[file], random_numbers)}
    if data.startswith(b"PK") and random_numbers.random() < 0.7:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {entry: archive.read(entry) for entry in archive.namelist()}
        entry = random_numbers.choice(sorted(files))
        files[entry] = mutated(files[entry] or b"x" * 9, random_numbers)
        return zipped(files)
    return mutated(data, random_numbers)


def corpus(folder):
    """Read every forged file and print what was said of it."""
    said = {}
    for name, make in FORGERIES.items():
        path, size = written(folder, name, make())
        said[name], _ = load(path, size, LARGE if name.startswith(HEAVY) else SMALL)
    print(json.dumps(said))


def mutations(folder, count):
    """Read that many changed files; print how many of each kind were read and refused."""
    random_numbers = random.Random(7)
    kinds = honest_files()
    counts = {name: [0, 0] for name in kinds}
    for number in range(count):
        name = list(kinds)[number % len(kinds)]
        with tempfile.TemporaryDirectory(dir=folder) as one:
            path, size = written(one, "m", changed(name, kinds[name], random_numbers))
            said, _ = load(path, size, SMALL)
        counts[name][said is not None] += 1
    print(json.dumps(counts))


def many_groups(count):
    """Fills a file with that many layers, each with a name in a heap."""

    def fill(file):
        honest(file)
        for number in range(count):
            file.create_group(f"layers/{number}/vars").attrs["name"] = f"layer {number}"

    return fill


def worst_files():
    """Files that keep to most caps and make as much work as they can."""
    yield "many-names", stream({f"name {number}": None for number in range(160_000)})
    yield "many-dictionaries", b"\x80\x02](" + b"}" * 240_000 + b"e."
    yield "many-marks", b"\x80\x02" + b"(" * 400_000
    yield "many-memories", b"\x80\x02N" + b"\x94" * 490_000 + b"."
    yield "many-tuples", b"\x80\x02N" + b"\x85" * 490_000 + b"."
    yield "many-texts", b"\x80\x02](" + b"X\x64\0\0\0" + b"x" * 100 + b"e" + b"." + b"x" * 10
    value = opcodes(tensor("0", WEIGHT))
    tensors = b"".join(opcodes(f"t{number}") + value for number in range(12_000))
    yield "many-tensors", torch_zip(b"\x80\x02}(" + tensors + b"u.")
    yield "many-storages", torch_zip(storages={str(number): bytes(4) for number in range(9_000)})
    yield "many-entries", zipped({f"{number}.npy": b"" for number in range(9_000)})
    yield "many-groups", made(many_groups(1_500))
    yield (
        "many-levels-of-json",
        b'{"weightsManifest":' + b"[" * 63 + b"1," * 249_000 + b"1" + b"]" * 63 + b"}",
    )
    yield "packed-zeros", zipped(torch_files(), method=zipfile.ZIP_DEFLATED)


def worst(folder):
    """Read them all; print the seconds of each. Memory is traced for the hungriest, for that is slow."""
    tracemalloc.stop()
    for name, data in worst_files():
        path, size = written(folder, name, data)
        beyond = 0
        if name in HUNGRY:
            tracemalloc.start()
            beyond = load(path, size, LARGE)[1]
            tracemalloc.stop()
        print(name, size, beyond, f"{seconds(path):.3f}")


def main():
    """Run one of the three jobs."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, data in honest_files().items():  # so that everything that is ever imported has been
            read_tensors(written(folder, f"honest-{kind}", data)[0])
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        tracemalloc.start()
        sys.addaudithook(watch)
        job, *rest = sys.argv[1:]
        {"corpus": corpus, "mutations": mutations, "worst": worst}[job](folder, *map(int, rest))


if __name__ == "__main__":
    main()
