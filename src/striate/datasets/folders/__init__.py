"""Folders of a person's own pictures: found, checked, decoded into a cache, and split."""

from striate.datasets.folders._saying import BrokenPictures as BrokenPictures
from striate.datasets.folders.batches import Batches as Batches
from striate.datasets.folders.description import ArraySplit as ArraySplit
from striate.datasets.folders.description import PictureFolder as PictureFolder
from striate.datasets.folders.folder import image_folder as image_folder
from striate.datasets.folders.labels import TargetKind as TargetKind
from striate.datasets.folders.labels import class_counts as class_counts
from striate.datasets.folders.rows import Rows as Rows
from striate.datasets.folders.walking import Broken as Broken

__all__ = [
    "ArraySplit",
    "Batches",
    "Broken",
    "BrokenPictures",
    "PictureFolder",
    "Rows",
    "TargetKind",
    "class_counts",
    "image_folder",
]
