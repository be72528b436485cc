"""What goes with weights and is no weight: preprocessing and class names, from small JSON files."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from striate.errors import FormatError, Problem
from striate.formats import SavedModel
from striate.formats._places import shown
from striate.formats._record import class_name_problems
from striate.formats.safetensors_file import opened
from striate.images import Preprocessing
from striate.network._strict_json import MAX_BYTES, parse_json


@dataclass(frozen=True)
class Beside:
    """What a person gives beside the weights.

    Args:
        preprocessing: how pictures become the input, or None. class_names: of the outputs, or None.
    """

    preprocessing: Preprocessing | None = None
    class_names: tuple[str, ...] | None = None

    @classmethod
    def read(
        cls, preprocessing: str | os.PathLike[str] | None, class_names: str | os.PathLike[str] | None
    ) -> Beside:
        """Read the files that are named.

        Raises:
            FormatError: a file is not what it should be.
        """
        recipe = None
        if preprocessing is not None:
            recipe = Preprocessing.from_json(_json(preprocessing), shown(preprocessing))
        return cls(recipe, None if class_names is None else _names(class_names))

    def added_to(self, saved: SavedModel) -> SavedModel:
        """The model with these in the place of its own."""
        recipe, names = self.preprocessing or saved.preprocessing, self.class_names or saved.class_names
        return replace(saved, preprocessing=recipe, class_names=names)


def _names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """A list of texts, one for each output."""
    values, where = _json(path), shown(path)
    if not isinstance(values, list) or not values:
        cure = 'Write for instance ["cat", "dog"], in the order of the outputs.'
        raise FormatError(Problem(where, f"it holds a {type(values).__name__}", "a list of names", cure))
    if problems := class_name_problems(values, where):
        raise FormatError(problems)
    return tuple(values)


def _json(path: str | os.PathLike[str]) -> Any:
    """The values of a JSON file of bounded size."""
    with opened(path) as file:
        return parse_json(file.read(MAX_BYTES + 1), shown(path))
