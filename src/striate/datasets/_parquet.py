"""Columns of a Parquet file, with pyarrow, which only this needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from striate.errors import DataError, Problem

CURE = "Fetch the data set again from a source you trust."


def read_columns(data: bytes, columns: Sequence[str], rows: int, where: str) -> list[list[Any]]:
    """The values of some columns, in the order asked for.

    Args:
        data: a Parquet file whose SHA-256 is known. columns: their names. rows: how many it must have.
        where: what messages call it.

    Raises:
        DataError: pyarrow is not installed, or it is no such file.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        cure = "Install it with: pip install 'striate[parquet]'"
        raise DataError(Problem(where, "it is a Parquet file", "pyarrow to read it with", cure)) from None
    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(data), columns=list(columns))
        found = [table.column(name).to_pylist() for name in columns]
    except (pyarrow.ArrowException, OSError, KeyError) as error:
        happened = f"the Parquet file is broken ({' '.join(str(error).split())[:100]})"
        raise DataError(Problem(where, happened, "a whole Parquet file", CURE)) from None
    if any(len(values) != rows for values in found):
        happened = f"the Parquet file has {table.num_rows:,} rows"
        raise DataError(Problem(where, happened, f"{rows:,} rows", CURE))
    return found
