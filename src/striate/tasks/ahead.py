"""What a run needs after its training, made ready while its training is compiled: a core is idle then."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from striate.tasks.material import Portion
from striate.tasks.trained import BATCH, Trained


def make_ready(trained: Trained, test: Portion) -> None:
    """Compile the answers to the test pictures, and load what draws the curves, beside the caller.

    Args:
        trained: the model before its training; a twin of it answers. test: what will be asked.

    Nothing depends on it: whatever fails here fails again, and is told, where it is needed.
    """
    if (os.cpu_count() or 1) < 2 or not test.in_memory or not len(test):
        return
    twin = Trained(trained.model.twin(), trained.answer)
    pictures = test.some(np.arange(min(BATCH, len(test))))
    threading.Thread(target=_ready, args=(twin, pictures), name="striate-ahead").start()


def _ready(twin: Trained, pictures: np.ndarray) -> None:
    """Ask the twin as the test and the timing will ask, and import Plotly."""
    try:
        for asked in (pictures, pictures[:1]):
            twin.outputs(asked)
        _import_curves()
    except Exception:  # noqa: BLE001 - see above
        return


def _import_curves() -> Any:
    """The module that draws curves; Plotly takes its time."""
    from striate.training import _curves

    return _curves
