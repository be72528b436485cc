"""Measuring: how long the works of this house take on this machine."""

from striate.tasks.bench._records import Record, sentence
from striate.tasks.bench._settings import PRECISIONS, Settings
from striate.tasks.bench.works import WORKS, measure

__all__ = ["PRECISIONS", "WORKS", "Record", "Settings", "measure", "sentence"]
