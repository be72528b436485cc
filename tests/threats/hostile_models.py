"""Hostile model files, loaded by a process that is watched and kept on a short leash.

Run as a program by test_model_files.py. An audit hook lets nothing pass but reading files; memory is traced;
the system ends the process when a file takes too much memory or processor time, which its parent sees.

    hostile_models.py corpus FOLDER     every forged file
    hostile_models.py mutations COUNT   honest files with a few bytes changed
    hostile_models.py headers           headers of the worst kinds that the caps let through
"""

import json
import random
import resource
import signal
import sys
import tempfile
import tracemalloc
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from forged_models import FORGERIES
from forging import Forge, packed

from striate.errors import FormatError
from striate.formats import load_model
from striate.network._strict_json import MAX_BYTES, MAX_VALUES

ADDRESS_SPACE = 8 * 2**30
SECONDS_A_FILE = 10
SMALL = 2 * 2**20
LARGE = 64 * 2**20
"""What a file may take on top of twice its size: ordinary files, and headers full of tiny values."""

HARMLESS = {"object.__getattr__", "object.__setattr__", "sys._getframe", "builtins.id", "gc.get_objects"}
seen = []
watching = False


def watch(event, arguments):
    """Remember every event that loading data does not need."""
    if not watching or event in HARMLESS:
        return
    if event == "open" and arguments[1] in ("r", "rb", None) and not arguments[2] & 3:
        return
    seen.append((event, repr(arguments)[:200]))


def load(path, data, allowance):
    """Load one file under the hook; tell its error, if any, and the memory it took beyond twice its size."""
    global watching
    path.write_bytes(data)
    seen.clear()
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_A_FILE)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    watching = True
    try:
        load_model(path)
        said = None
    except FormatError as error:
        said = str(error)
    finally:
        watching = False
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    beyond = tracemalloc.get_traced_memory()[1] - before - 2 * len(data)
    if seen:
        sys.exit(f"{path.name}: {seen}")
    if beyond > allowance:
        sys.exit(f"{path.name}: it took {beyond} bytes more than twice its size")
    return said, beyond


def warm_up(folder):
    """Load an honest and a forged file, so that everything that is ever imported has been."""
    for data in (
        Forge().file(),
        FORGERIES["layer-with-an-unknown-field"](),
        FORGERIES["header-is-no-json"](),
    ):
        (folder / "warm.striate").write_bytes(data)
        try:
            load_model(folder / "warm.striate")
        except FormatError:
            continue


def corpus(folder):
    """Load every forged file and print what was said of it."""
    said = {}
    for name, make in FORGERIES.items():
        heavy = name.startswith("header-with-") or "unrolls" in name
        said[name], _ = load(folder / f"{name}.striate", make(), LARGE if heavy else SMALL)
    print(json.dumps(said))


def mutated(data, random_numbers):
    """The file with a few bytes changed, doubled, removed, swapped or cut off."""
    raw = bytearray(data)
    for _ in range(random_numbers.randint(1, 4)):
        place, other = random_numbers.randrange(len(raw)), random_numbers.randrange(len(raw))
        match random_numbers.randrange(7):
            case 0:
                raw[place] = random_numbers.randrange(256)
            case 1:
                raw[place] ^= 1 << random_numbers.randrange(8)
            case 2:
                raw[place:place] = raw[other : other + random_numbers.randrange(1, 40)]
            case 3 if len(raw) > 60:
                del raw[place : place + random_numbers.randrange(1, 20)]
            case 4:
                raw[place] = random_numbers.choice(b'{}[],:"\\019-eE.')
            case 5:
                raw[place], raw[other] = raw[other], raw[place]
            case 6 if random_numbers.random() < 0.1:
                del raw[max(60, place) :]
    return bytes(raw)


def with_lengths_mended(data, random_numbers):
    """The file mutated inside of its header, with the length in front right again, to get deeper."""
    length = int.from_bytes(data[:8], "little")
    header = mutated(data[8 : 8 + length], random_numbers).rstrip(b" ")
    return packed(header, data[8 + length :])


def with_values_replaced(random_numbers):
    """A file whose record is valid JSON with one value replaced by something odd, and both sums right."""
    forge = Forge()
    odd = [
        None,
        True,
        -1,
        0,
        2**62,
        1e300,
        "",
        "..",
        "os.system",
        [],
        {},
        [[]],
        {"class_name": "Dense"},
        "\0",
        [0] * 9,
    ]
    place = random_numbers.choice([forge.record, forge.architecture()])
    for _ in range(random_numbers.randrange(7)):
        inner = [
            value
            for value in (place.values() if isinstance(place, dict) else place)
            if value and isinstance(value, dict | list)
        ]
        place = random_numbers.choice(inner) if inner else place
    key = (
        random_numbers.choice(sorted(place))
        if isinstance(place, dict)
        else random_numbers.randrange(len(place))
    )
    place[key] = random_numbers.choice(odd)
    return forge.file() if isinstance(forge.record["architecture"], dict) else Forge().file()


def mutations(folder, count):
    """Load that many changed files; print how many were loaded and refused."""
    random_numbers = random.Random(7)
    honest = Forge().file()
    loaded = refused = 0
    for number in range(count):
        match number % 3:
            case 0:
                data = mutated(honest, random_numbers)
            case 1:
                data = with_lengths_mended(honest, random_numbers)
            case _:
                data = with_values_replaced(random_numbers)
        said, _ = load(folder / "m.striate", data, SMALL)
        loaded, refused = loaded + (said is None), refused + (said is not None)
    print(loaded, refused)


def worst_headers():
    """Headers that keep to every cap and make as many objects as they can."""
    count = MAX_VALUES - 10
    yield "objects", b'{"a":[' + b"{}," * (count // 2) + b"{}]}"
    yield "nested-keys", b"{" + b",".join(b'"%06d":{"":1}' % n for n in range(count // 2)) + b"}"
    yield "one-wide-text", '{"a":"x😀'.encode() + b"x" * (MAX_BYTES - 40) + b'"}'


def headers(folder):
    """Load them all and print what each took beyond twice its size."""
    for name, header in worst_headers():
        said, beyond = load(folder / f"{name}.striate", packed(header), LARGE)
        print(name, len(header), beyond, (said or "loaded").splitlines()[0][:90])


def main():
    """Run one of the three jobs."""
    warnings.simplefilter("ignore")
    job = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        warm_up(folder)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        tracemalloc.start()
        sys.addaudithook(watch)
        if job == "corpus":
            corpus(folder)
        elif job == "mutations":
            mutations(folder, int(sys.argv[2]))
        else:
            headers(folder)


if __name__ == "__main__":
    main()
