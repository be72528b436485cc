"""How fast a folder of JPEG files becomes batches, and in how much memory, beside PyTorch's DataLoader.

    python benchmarks/folder_throughput.py [--count 4000] [--workers 2] [--rounds 3] [--torch PYTHON]
    python benchmarks/folder_throughput.py --memory [--count 100000]

The files are parts of real photographs (the data set `fruits`), cut out at random and saved again at 348
pixels a side, so that no two are the same: our cache knows files by their bytes and has to decode every
one. Our first pass is everything that `image_folder` does: walking, hashing, checking, decoding, writing
the cache, looking for look-alikes, splitting. It decodes JPEG files at a fraction of their size where that
leaves 1.5 times the size wanted; the loader beside it decodes in full, as people write it. Both load in
turns, processes of their own, with as many workers. The second command makes files by hard links and
compares the memory for a tenth of them with that for all: it may grow by names and labels, some 300 bytes a
file, and by nothing else. Memory is the proportional share (PSS) of all processes together, sampled twenty
times a second. --write keeps the records in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pairing.environments import python_of
from PIL import Image

SIDE, BATCH = 96, 64
RESULTS = Path(__file__).parent / "results"
PEER = Path(__file__).parent / "peers" / "torch_loader_peer.py"
Record = dict[str, Any]


def ours(folder: str, workers: int, batch: int) -> None:
    """Load a folder as a user would, and print what each pass took; the process that is measured."""
    import striate as st

    began = time.perf_counter()
    pictures = st.datasets.image_folder(
        folder, size=SIDE, fit="stretch", workers=workers, memory=2**28, validation=0, test=0
    )
    _tell("everything, once", len(pictures), began)
    batches = pictures.split("train").batches(batch, seed=0)
    for epoch in (1, 2):
        began = time.perf_counter()
        _tell(f"epoch {epoch} from the cache", sum(len(x) for x, _ in batches), began)


def _tell(what: str, images: int, began: float) -> None:
    seconds = time.perf_counter() - began
    print(json.dumps({"who": "striate", "pass": what, "images": images, "s": seconds}), flush=True)


def make_files(folder: Path, count: int, by_links: bool) -> None:
    """Class folders with `count` JPEG files, all different, or hard links to a few hundred photographs."""
    from striate.datasets import fruits

    photographs = sorted(fruits.load_files().glob("train/*/*.jpg"))
    draw = random.Random(1)
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        place = folder / photograph.parent.name / f"{number:06}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        if not by_links:
            cut_out(photograph, draw).save(place, "JPEG", quality=90)
        elif number < len(photographs):
            shutil.copyfile(photograph, place)
        else:
            place.hardlink_to(place.with_name(f"{number % len(photographs):06}.jpg"))


def cut_out(photograph: Path, draw: random.Random) -> Image.Image:
    """A part of a photograph, at least half as wide and high, at the size of the whole."""
    with Image.open(photograph) as whole:
        width, height = (side * draw.uniform(0.5, 1) for side in whole.size)
        left, top = draw.uniform(0, whole.width - width), draw.uniform(0, whole.height - height)
        box = (left, top, left + width, top + height)
        return whole.resize((348, 348), Image.Resampling.BICUBIC, box=box)


class Memory:
    """The most memory that a process and its children held together, in 10^6 bytes."""

    def __init__(self, pid: int) -> None:
        self.most, self._pid, self._done = 0.0, pid, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.most = max(self.most, sum(map(_share, _family(self._pid))) / 1e6)

    def stop(self) -> float:
        """The peak."""
        self._done.set()
        self._thread.join()
        return round(self.most, 1)


def _family(pid: int) -> Iterator[int]:
    """A process and everything it started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


def _share(pid: int) -> float:
    """A process' proportional share of memory, in bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(1024.0 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def run(command: list[str], home: Path) -> list[Record]:
    """Run one process to its end; its records, each with the process' peak."""
    environment = {**os.environ, "STRIATE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    before = processor_seconds()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    memory = Memory(process.pid)
    said, _ = process.communicate()
    facts = {"peak_mb": memory.stop(), "cpu_s_of_all_passes": round(processor_seconds() - before, 2)}
    if process.returncode:
        raise SystemExit(f"{command[1]} failed")
    return [{**json.loads(line), **facts} for line in said.splitlines()]


def processor_seconds() -> float:
    """What all finished children, and theirs, have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def striate(folder: Path, workers: int, home: Path) -> list[Record]:
    """Ours, with an empty cache."""
    shutil.rmtree(home, ignore_errors=True)
    words = [sys.executable, __file__, "--ours", str(folder), "--workers", str(workers)]
    return run(words, home)


def compare(folder: Path, given: argparse.Namespace) -> list[Record]:
    """Both in turns."""
    make_files(folder / "files", given.count, by_links=False)
    python = given.torch or python_of("torch-loader")
    records: list[Record] = []
    for turn in range(given.rounds):
        records += [
            {**each, "round": turn} for each in striate(folder / "files", given.workers, folder / "home")
        ]
        if python is not None:
            words = [
                str(python),
                str(PEER),
                str(folder / "files"),
                "--side",
                str(SIDE),
                "--batch",
                str(BATCH),
            ]
            peer = run([*words, "--workers", str(given.workers)], folder / "home")
            records += [{**each, "round": turn} for each in peer]
    return records


def grow(folder: Path, given: argparse.Namespace) -> list[Record]:
    """Ours with a tenth of the files, then with all."""
    records: list[Record] = []
    for count in (given.count // 10, given.count):
        make_files(folder / str(count), count, by_links=True)
        records += striate(folder / str(count), given.workers, folder / "home")
    return records


def show(records: list[Record]) -> None:
    """A line for each contender and pass: the median of the rounds."""
    keys = list(dict.fromkeys((each["who"], each["pass"], each["images"]) for each in records))
    for who, what, images in keys:
        chosen = [
            each for each in records if (each["who"], each["pass"], each["images"]) == (who, what, images)
        ]
        speed = statistics.median(each["images"] / each["s"] for each in chosen)
        peak = max(each["peak_mb"] for each in chosen)
        print(f"{who:8} {what:24} {images:8,} pictures {speed:10,.0f} a second {peak:8.0f} MB at most")
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Make the files, measure, print, and with --write keep the records."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, help="files: 4,000, or 100,000 with --memory")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--torch", type=Path, help="a Python that has torch and Pillow; else one is made")
    parser.add_argument("--memory", action="store_true", help="how memory grows with the number of files")
    parser.add_argument("--folder", type=Path, help="where to put the files while it runs")
    parser.add_argument("--write", action="store_true", help="save the records in benchmarks/results/")
    parser.add_argument("--ours", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ours:
        ours(given.ours, given.workers, BATCH)
        return
    given.count = given.count or (100_000 if given.memory else 4_000)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        records = (grow if given.memory else compare)(Path(folder), given)
    show(records)
    if given.write:
        name = "folder_memory" if given.memory else "folder_throughput"
        lines = "".join(json.dumps(each) + "\n" for each in records)
        (RESULTS / f"{name}.jsonl").write_text(lines)


if __name__ == "__main__":
    main()
