"""How a folder of pictures is to be read: the person's choices, kept with the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from striate.errors import ArgumentError, Problem


@dataclass(frozen=True)
class PictureOptions:
    """What `datasets.image_folder` is told; None leaves a choice to the pictures themselves.

    Args:
        table: a CSV or JSON-lines file of names and targets. file_column, label_column: its columns.
        target: the kind of answer. size: (H, W). fit: "crop", "pad" or "stretch".
        channels: 1 or 3. skip_broken: go on without pictures that cannot be read.
        split_seed: decides the split; that of the run unless given.
    """

    table: str | None = None
    file_column: str | None = None
    label_column: str | None = None
    target: str | None = None
    size: tuple[int, int] | None = None
    fit: str | None = None
    channels: int | None = None
    skip_broken: bool = False
    split_seed: int | None = None

    def anchored(self) -> PictureOptions:
        """The same with the table's whole path, so that a run can be resumed from anywhere."""
        return self if self.table is None else replace(self, table=str(Path(self.table).absolute()))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values that `from_json` reads."""
        return {**asdict(self), "size": None if self.size is None else list(self.size)}

    @classmethod
    def from_json(cls, values: Any, where: str) -> PictureOptions:
        """What `to_json` wrote.

        Raises:
            ArgumentError: the fields are not those that were written.
        """
        names = [field.name for field in fields(cls)]
        found = dict(values) if isinstance(values, Mapping) else {}
        if sorted(names) != sorted(map(str, found)):
            happened = f"its fields are {', '.join(map(str, found)) or 'none'}"
            raise ArgumentError(Problem(where, happened, ", ".join(names), "Start a new run."))
        size = found["size"]
        return cls(**{**found, "size": None if size is None else tuple(size)})

    def read(
        self, path: str | Path, seed: int, progress: Callable[..., Any] | None = None, **more: Any
    ) -> Any:
        """The folder, as `datasets.image_folder` gives it; `more` are arguments of it."""
        from striate.datasets import image_folder

        given = asdict(self)
        own = given.pop("split_seed")
        return image_folder(path, **given, seed=seed if own is None else own, progress=progress, **more)
