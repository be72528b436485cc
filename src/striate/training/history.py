"""What happened during a training: its numbers epoch by epoch, and their curves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from striate.training._callback import Callback, Logs
from striate.training._loggers import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go


class History(Callback):
    """The record that `fit` gives back.

    `history` maps each name in the logs to its values; `epoch` lists the epochs, counted from 0, `epochs_of`
    those of each name, since a validation may come every few epochs; `params` holds the facts of the run.

    >>> record = History()
    >>> record.on_train_begin()
    >>> record.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
    >>> record.history
    {'loss': [0.5], 'val_loss': [0.75]}
    """

    note: str = ""
    """Why the training ended early, as a sentence."""

    MEMORY: ClassVar[tuple[str, ...]] = ("history", "epoch", "epochs_of")

    def __init__(self) -> None:
        """Nothing happened yet."""
        self.reset()

    def reset(self) -> None:
        """An empty record."""
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self.note = ""
        self.epochs_of: dict[str, list[int]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Note the numbers of the epoch."""
        self.epoch.append(epoch)
        for name, value in plain(logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self.epochs_of.setdefault(name, []).append(epoch)

    def plot(self, title: str = "") -> go.Figure:
        """A figure with a panel for each number: training solid, validation dashed; hovering shows values.

        Args:
            title: above the panels.

        Returns:
            A Plotly figure; `.show()` opens it in a browser, notebooks display it.
        """
        from striate.training._curves import curves

        return curves(self.epochs_of, self.history, title)

    def save(self, path: str | os.PathLike[str], title: str = "") -> Path:
        """Write the figure as one HTML file that needs no network.

        Args:
            path: the file. title: above the panels.

        Returns:
            The path.
        """
        from striate.formats.atomic import write_atomically

        page = self.plot(title).to_html(include_plotlyjs=True, full_html=True)
        write_atomically(path, page.encode("utf-8"))
        return Path(path)

    def __repr__(self) -> str:
        """The last value of each number."""
        last = ", ".join(
            f"{name}={values[-1]:.4g}" for name, values in self.history.items() if _is_number(values[-1])
        )
        return f"History({len(self.epoch)} epochs{': ' if last else ''}{last})"


def _is_number(value: Any) -> bool:
    """Whether a logged value is one number."""
    return isinstance(value, float | int)
