"""Names of programs that draw a network as we do but call its parts otherwise; a table for each."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Renames:
    """How one program's names become ours.

    Args:
        title: whose names they are.
        rules: (pattern of a part of a name, what stands for it), tried one after the other.
    """

    title: str
    rules: tuple[tuple[str, str], ...]

    def apply(self, name: str) -> str:
        """The name with every rule applied."""
        for pattern, replacement in self.rules:
            name = re.sub(pattern, replacement, name)
        return name


TABLES: tuple[Renames, ...] = ()
"""Every table; the first whose names are all known is taken."""


def renamed(names: Mapping[str, str], known: Collection[str]) -> tuple[str, dict[str, str] | None]:
    """Whose names these are, and {name: our name}; None when they are ours already or nobody's.

    Args:
        names: in the file. known: names that the network wants.
    """
    missing = len(set(known) - set(names))
    for table in TABLES if missing else ():
        changed = {name: table.apply(name) for name in names}
        if len(set(changed.values())) == len(changed) and len(set(known) - set(changed.values())) < missing:
            return table.title, changed
    return "", None
