"""SECURITY.md promises nothing without a test: every row names tests that exist, or says it is not built."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| threat")
]


@cache
def functions_in(path):
    """The names of the test functions of a module."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_page_has_its_rows():
    assert len(ROWS) >= 30
    assert all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_row_has_its_test_or_says_that_it_is_not_built(row):
    _, promise, cell = row
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", cell)
    assert named or promise == "not built yet"
    missing = [f"{path}::{name}" for path, name in named if name not in functions_in(path)]
    assert missing == []
