"""The folder of a run: which file is what, how a new one is chosen, and how its settings are read back."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.errors import ArgumentError, DataError, Problem
from striate.formats import write_atomically
from striate.network._strict_json import parse_json

FORMAT = 1
MAX_CONFIG = 8 << 20


@dataclass(frozen=True)
class RunFolder:
    """A run's files.

    Args:
        path: the folder.
    """

    path: Path

    @property
    def config(self) -> Path:
        """All settings, network included, as JSON."""
        return self.path / "config.json"

    @property
    def csv(self) -> Path:
        """The numbers of each epoch as a table."""
        return self.path / "metrics.csv"

    @property
    def jsonl(self) -> Path:
        """The same, one JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def curves(self) -> Path:
        """The same as a figure to hover over."""
        return self.path / "curves.html"

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.path / "model.striate"

    @property
    def checkpoint(self) -> Path:
        """The state of a run that is not finished; gone when it is."""
        return self.path / "checkpoint.striate"

    @property
    def augmented(self) -> Path:
        """What the network sees while it trains, as a picture."""
        return self.path / "augmented.png"

    @property
    def report(self) -> Path:
        """One page about the run."""
        return self.path / "report.html"

    @property
    def results(self) -> Path:
        """What the test pictures showed, as JSON."""
        return self.path / "results.json"

    def write_config(self, values: Mapping[str, Any]) -> None:
        """Write the settings, whole or not at all."""
        write_json(self.config, {"format": FORMAT, **values})

    def read_config(self) -> dict[str, Any]:
        """The settings that `write_config` wrote.

        Raises:
            StriateError: there are none, or they are not what was written.
        """
        where = str(self.config)
        try:
            with self.config.open("rb") as file:
                text = file.read(MAX_CONFIG + 1)
        except OSError as error:
            raise _broken(where, f"it cannot be read ({error.strerror})") from None
        values = parse_json(text, where)
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise _broken(where, f"it is not of format {FORMAT}")
        return values


def new_folder(name: str, out: str | Path | None = None, base: str | Path = "runs") -> RunFolder:
    """Make the folder for a new run: `out`, or the next free `runs/<name>-<number>`.

    Raises:
        ArgumentError: `out` holds something already, or cannot be made.
    """
    if out is not None:
        return _chosen(Path(out))
    for number in itertools.count(1):
        path = Path(base) / f"{name}-{number}"
        try:
            path.mkdir(parents=True, exist_ok=False)
        except FileExistsError:
            continue
        except OSError as error:
            raise _not_made(path, error) from None
        return RunFolder(path)
    raise AssertionError("numbers never end")


def refuse_taken(out: str | Path | None) -> None:
    """Refuse a folder that holds something, before a long work begins; nothing is made yet.

    Raises:
        ArgumentError: it does.
    """
    if out is not None and Path(out).is_dir() and any(Path(out).iterdir()):
        raise _taken(Path(out))


def existing_folder(path: str | Path) -> RunFolder:
    """The folder of a run that was begun.

    Raises:
        DataError: it is no folder of a run.
    """
    folder = RunFolder(Path(path))
    if not folder.config.is_file():
        cure = "Give the folder of a run, such as runs/mnist-1."
        raise DataError(
            Problem(str(path), "it is not the folder of a run", "a folder with config.json", cure)
        )
    return folder


def model_file(path: str | Path) -> Path:
    """The model file that a person means: the file itself, or that of a run's folder.

    Raises:
        DataError: there is none; a run that is not finished is named as such.
    """
    path = Path(path)
    if not path.is_dir():
        if path.exists():
            return path
        cure = "Give a run's folder or a .striate file."
        raise DataError(Problem(str(path), "there is no such file or folder", "a trained model", cure))
    folder = RunFolder(path)
    if folder.model.is_file():
        return folder.model
    if folder.checkpoint.is_file():
        cure = f"Finish it with: striate train --resume {path}"
        raise DataError(Problem(str(path), "the run is not finished", "a run with model.striate", cure))
    cure = "Give a run's folder or a .striate file."
    raise DataError(Problem(str(path), "the folder holds no model.striate", "a run's folder", cure))


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON values for people and programs, whole or not at all."""
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode("utf-8"))


def _chosen(path: Path) -> RunFolder:
    """The folder that was asked for, when it is free."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        taken = any(path.iterdir())
    except OSError as error:
        raise _not_made(path, error) from None
    if taken:
        raise _taken(path)
    return RunFolder(path)


def _taken(path: Path) -> ArgumentError:
    """The error of a folder that holds something."""
    cure = f"Choose another folder, or continue a run with: striate train --resume {path}"
    return ArgumentError(Problem("--out", f"{path} is not empty", "a new or empty folder", cure))


def _not_made(path: Path, error: OSError) -> ArgumentError:
    """The error of a folder that cannot be made."""
    cure = "Choose another place with --out."
    return ArgumentError(
        Problem(str(path), f"it cannot be made ({error.strerror})", "a writable folder", cure)
    )


def _broken(where: str, happened: str) -> DataError:
    """The error of a config.json that was harmed."""
    return DataError(
        Problem(where, happened, "the settings of a run", "Start a new run; this one cannot be resumed.")
    )
