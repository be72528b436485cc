"""The house rules that a machine can hold: lengths, lazy imports, words that have no place here."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src" / "striate").rglob("*.py"))
LONGEST_FILE = 300
LONGEST_FUNCTION = 50


def functions(path: Path) -> list[ast.FunctionDef]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return [node for node in nodes if isinstance(node, ast.FunctionDef)]


def body_lines(node: ast.FunctionDef) -> int:
    """The lines of a function without its docstring: a long explanation is no fault."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_files_and_functions_stay_short(path):
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
    long = [node.name for node in functions(path) if body_lines(node) > LONGEST_FUNCTION]
    assert long == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src").rglob("__init__.py")), ids=lambda path: path.parent.name
)
def test_init_files_hold_nothing_but_names(path):
    allowed = (ast.ImportFrom, ast.Import, ast.Assign, ast.Expr)
    nodes = ast.parse(path.read_text()).body
    assert [type(node).__name__ for node in nodes if not isinstance(node, allowed)] == []


@pytest.mark.parametrize("program", ["import striate", "import striate.cli"])
def test_heavy_imports_wait_until_they_are_needed(program):
    heavy = "{'jax', 'optax', 'plotly', 'PIL', 'safetensors', 'numpy'}"
    code = f"import sys; {program}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_package_ships_its_types_and_its_stub():
    assert (ROOT / "src" / "striate" / "py.typed").exists()
    assert (ROOT / "src" / "striate" / "__init__.pyi").exists()


def test_no_evaluation_and_no_pickle_anywhere_in_the_source():
    forbidden = re.compile(r"\b(pickle|marshal|shelve|dill|joblib)\b|(?<![\w.])(eval|exec)\(")
    guilty = [str(path.relative_to(ROOT)) for path in SOURCES if forbidden.search(_code_only(path))]
    assert guilty == []


def _code_only(path: Path) -> str:
    """The source without docstrings and comments, so that a rule may be named where it is explained."""
    return ast.unparse(_without_docstrings(ast.parse(path.read_text())))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            body[0] = ast.Pass()
    return tree
