"""Callbacks that write the numbers of each epoch into files."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from striate.formats.json_lines import append_json_line
from striate.training._callback import Callback, Logs


class _Log(Callback):
    """A file that grows by the epoch; each epoch is in the file before the next one begins.

    A run that goes on from a checkpoint cuts off what was written after it, so no epoch is there twice.
    """

    MEMORY: ClassVar[tuple[str, ...]] = ("size", "keys")

    def __init__(self, filename: str | os.PathLike[str], append: bool) -> None:
        """Nothing is opened before the first epoch is over."""
        self.filename = Path(filename)
        self.append = append
        self.reset()

    def reset(self) -> None:
        """Nothing written yet."""
        self.size: int | None = None
        self.keys: list[str] = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write the epoch."""
        self._prepare()
        self.write(epoch, logs or {})
        self.size = self.filename.stat().st_size

    def write(self, epoch: int, logs: dict[str, Any]) -> None:
        """Add one epoch to the end of the file."""
        raise NotImplementedError

    def _prepare(self) -> None:
        """Cut the file to its size after the epoch before; the first time, empty it unless appending."""
        self.filename.parent.mkdir(parents=True, exist_ok=True)
        there = self.filename.stat().st_size if self.filename.exists() else 0
        wanted = (there if self.append else 0) if self.size is None else self.size
        if there > wanted:
            os.truncate(self.filename, wanted)
        self.size = min(there, wanted)


class CSVLogger(_Log):
    """A table with a row for each epoch: `epoch` counted from 0, then the logs in alphabetical order.

    Args:
        filename: the file; it is overwritten unless `append`. separator: between columns.
        append: go on at the end of the file, without a second header.

    As in Keras the columns are those of the first epoch, and those of a validation that comes later are there
    already, filled with "NA".
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        """Nothing is opened before the first epoch is over."""
        super().__init__(filename, append)
        self.separator = separator

    def write(self, epoch: int, logs: dict[str, Any]) -> None:
        """Add a row, and the header before the first one."""
        if not self.keys:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.separator)
        if not self.size:
            writer.writerow(["epoch", *self.keys])
        writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            file.write(text.getvalue())


class JSONLogger(_Log):
    """A log with a JSON object for each epoch: {"epoch": 0, "loss": …}; NaN and infinities become null.

    Args:
        filename: the file; it is overwritten unless `append`. append: go on at the end of the file.
    """

    def __init__(self, filename: str | os.PathLike[str], append: bool = False) -> None:
        """Nothing is opened before the first epoch is over."""
        super().__init__(filename, append)

    def write(self, epoch: int, logs: dict[str, Any]) -> None:
        """Add a line."""
        append_json_line(self.filename, {"epoch": epoch, **plain(logs)})


def plain(logs: Mapping[str, Any]) -> dict[str, Any]:
    """Logs as Python numbers and nested lists of them."""
    return {
        name: np.asarray(value).tolist() if np.ndim(value) else _number(value) for name, value in logs.items()
    }


def _number(value: Any) -> Any:
    """A Python number from any kind of number."""
    return value.item() if hasattr(value, "item") else value


def _cell(value: Any) -> Any:
    """One cell: a number or text as it is, an array in brackets and quotes as Keras writes it."""
    if isinstance(value, str) or np.ndim(value) == 0:
        return _number(value)
    return f'"[{", ".join(map(str, np.asarray(value).tolist()))}]"'
