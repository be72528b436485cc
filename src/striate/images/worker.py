"""The program that decodes pictures for others: JSON lines in and out, pixels straight into a file.

Run as `python -m striate.images.worker`. It holds no state between tasks and ends when its input does, so it
outlives neither its task nor whoever started it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import sys
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from striate.errors import DataError
from striate.images._recipe_rules import AnyFit
from striate.images.fitting import fitted, may_shrink
from striate.images.header import read_header
from striate.images.looks import look
from striate.images.reading import bytes_of, decoded

Facts = dict[str, Any]
"""What is known about one picture after a task; {"reason": …} when it cannot be used."""


def survey(task: Facts) -> list[Facts]:
    """SHA-256 and header of each file of a task.

    Args:
        task: {"root", "names", "max_pixels"}.
    """
    return [_facts(_surveyed, task, name) for name in task["names"]]


def decode(task: Facts) -> list[Facts]:
    """Decode each file of a task and write its pixels to its place.

    Args:
        task: {"root", "names", "sha256", "places", "file", "size", "channels", "fit", "max_pixels"}: the
            pixels of a picture go to its place, in bytes, in the file.
    """
    flags = os.O_WRONLY | getattr(os, "O_BINARY", 0)
    descriptor = os.open(task["file"], flags)
    try:
        return [
            _facts(_decoded, task, name, digest, place, descriptor)
            for name, digest, place in zip(task["names"], task["sha256"], task["places"], strict=True)
        ]
    finally:
        os.close(descriptor)


TASKS: dict[str, Callable[[Facts], list[Facts]]] = {"survey": survey, "decode": decode}


def _facts(do: Callable[..., Facts], task: Facts, name: str, *more: Any) -> Facts:
    """The facts of a picture, or why it cannot be used."""
    try:
        return do(task, os.path.join(task["root"], *name.split("/")), *more)
    except DataError as error:
        problem = error.problems[0]
        plain = problem.expected.startswith("a ")  # such as "a whole file", which goes without saying
        return {"reason": problem.happened if plain else f"{problem.happened}; expected {problem.expected}"}
    except MemoryError:
        return {"reason": "there is not enough memory to decode it"}


def _surveyed(task: Facts, path: str) -> Facts:
    """One file's SHA-256 and header."""
    _, data = bytes_of(path)
    header = read_header(data, max_pixels=task["max_pixels"])
    digest = hashlib.sha256(data).hexdigest()
    size = {"height": header.height, "width": header.width, "bytes": len(data)}
    return {"sha256": digest, "grey": header.grey, **size}


def _decoded(task: Facts, path: str, digest: str, place: int, descriptor: int) -> Facts:
    """One file's pixels in their place, and their checksum, size and look."""
    name, data = bytes_of(path)
    if hashlib.sha256(data).hexdigest() != digest:
        return {"reason": "it was changed while it was being read"}
    size: tuple[int, int] = tuple(task["size"])
    fit: AnyFit = task["fit"]
    picture, box, height, width = decoded(name, data, task["max_pixels"], size if may_shrink(fit) else None)
    pixels = np.ascontiguousarray(fitted(picture, size, task["channels"], fit, box))
    _write(descriptor, pixels, place)
    return {"crc": zlib.crc32(pixels.data), "height": height, "width": width, "look": look(pixels)}


def _write(descriptor: int, pixels: np.ndarray, place: int) -> None:
    """Write all of it, wherever the file stands."""
    os.lseek(descriptor, place, os.SEEK_SET)
    rest = pixels.data.cast("B")
    while len(rest):
        rest = rest[os.write(descriptor, rest) :]


def main() -> None:
    """Answer each line of the input with a line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this decides when it ends
    answers, sys.stdout = sys.stdout, sys.stderr  # nothing else may speak among the answers
    for line in sys.stdin:
        task = json.loads(line)
        _limit_memory(task.get("memory"))
        answers.write(json.dumps(TASKS[task["task"]](task)) + "\n")
        answers.flush()


def _limit_memory(memory: int | None) -> None:
    """Let the system refuse what a decoder asks for beyond reason, where it can."""
    if memory is None or sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    main()
