"""Training: optimizers, schedules, losses, metrics, callbacks and the record of what happened."""

from striate.training import callbacks, losses, metrics, optimizers, schedules, utils
from striate.training.history import History
from striate.training.progress import Progress

__all__ = [
    "History",
    "Progress",
    "callbacks",
    "losses",
    "metrics",
    "optimizers",
    "schedules",
    "utils",
]
