"""From what a person writes after --model to a network: a name, a JSON file, or a Python file."""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import inspect
import os
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from striate import applications
from striate.errors import ArgumentError, DataError, Problem, StriateError
from striate.models import Model
from striate.network import Network, from_json

MAX_JSON = 8 << 20


def find_network(source: str, **wanted: Any) -> Network:
    """The network that `source` means.

    Args:
        source: a name such as "mnist-convnet", "FILE.json", or "FILE.py:NAME". The Python file is the
            person's own program and is run; the JSON file is data and never is.
        wanted: `input_shape` and `classes`, given to a named network or to a function that takes them.

    Raises:
        StriateError: there is no such network, or it is not right.
    """
    path, colon, name = source.rpartition(":")
    if colon and path.endswith(".py"):
        return _from_python(Path(path), name, wanted)
    if source.endswith(".py"):
        cure = f"Say which: {source}:model"
        raise ArgumentError(Problem("model", f"{source} names no model in the file", "FILE.py:NAME", cure))
    if source.endswith(".json"):
        return from_json(_text(Path(source)), where=source)
    return _named(source, wanted)


def _named(name: str, wanted: dict[str, Any]) -> Network:
    """A network of `applications`, made for this input and these classes."""
    known = {_plain(each): each for each in applications.names()}
    if _plain(name) not in known:
        near = difflib.get_close_matches(_plain(name), known, n=1)
        cure = f"Did you mean {known[near[0]]}?" if near else "Or give FILE.py:NAME or FILE.json."
        if Path(name).exists():
            cure = "A file must be FILE.py:NAME, FILE.json or, where trained models may stand, FILE.striate."
        expected = f"one of {', '.join(applications.names())}"
        raise ArgumentError(Problem("model", f"there is no {name!r}", expected, cure))
    return applications.get(known[_plain(name)], **wanted).network


def _text(path: Path) -> str:
    """A JSON file's text, of bounded size."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_JSON + 1)
        text = data.decode("utf-8")
    except OSError as error:
        cure = "Correct the path."
        raise DataError(
            Problem(str(path), f"it cannot be read ({error.strerror})", "a JSON file", cure)
        ) from None
    except UnicodeDecodeError:
        raise DataError(Problem(str(path), "it is not UTF-8 text", "a JSON file", "Save it again.")) from None
    if len(data) > MAX_JSON:
        happened = f"it has more than {MAX_JSON:,} bytes"
        raise DataError(Problem(str(path), happened, "the JSON text of a network", "Choose another file."))
    return text


def _from_python(path: Path, name: str, wanted: dict[str, Any]) -> Network:
    """Run the person's file and take the thing called `name`."""
    module = _run(path)
    public = [each for each in vars(module) if not each.startswith("_")]
    if not hasattr(module, name):
        near = difflib.get_close_matches(name, public, n=1)
        cure = f"Did you mean {path}:{near[0]}?" if near else "Correct the name after the colon."
        raise ArgumentError(
            Problem("model", f"{path} has nothing called {name!r}", "a name in the file", cure)
        )
    found = getattr(module, name)
    if callable(found) and not isinstance(found, Network | Model):
        found = _called(found, path, name, wanted)
    if isinstance(found, Model):
        found = found.network
    if not isinstance(found, Network):
        happened = f"{path}:{name} is of type {type(found).__name__}"
        cure = "Name a Sequential, a Model, a network, or a function that returns one."
        raise ArgumentError(Problem("model", happened, "a model", cure))
    return found


def _run(path: Path) -> types.ModuleType:
    """Run a Python file as a module; its own folder is where it imports from."""
    if not path.is_file():
        cure = "Correct the path before the colon."
        raise DataError(Problem(str(path), "there is no such file", "a Python file", cure))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # dataclasses look their module up
    folder = str(path.parent.resolve())
    sys.path.insert(0, folder)
    try:
        _guarded(partial(spec.loader.exec_module, module), path)
    finally:
        sys.path.remove(folder)
    return module


def _called(function: Callable[..., Any], path: Path, name: str, wanted: dict[str, Any]) -> Any:
    """The result of the person's function, which may take `input_shape` and `classes` or neither."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        parameters = {}
    given = {key: value for key, value in wanted.items() if key in parameters}
    return _guarded(lambda: function(**given), path, f"{name}()")


def _guarded(action: Callable[[], Any], path: Path, what: str = "") -> Any:
    """Run the person's code; its error becomes ours, with the line of their file."""
    try:
        return action()
    except StriateError as error:
        line = _line_of(error, path)
        with _in_file(f"{path}{f', line {line}' if line else ''}"):
            raise
    except (Exception, SystemExit) as error:
        line = _line_of(error, path)
        where = f"{path}{f', line {line}' if line else ''}"
        happened = f"{what} raised " if what else ""
        said = f"{happened}{type(error).__name__}: {' '.join(str(error).split())}"
        cure = "Mend the file; --debug shows the whole traceback."
        raise ArgumentError(Problem(where, said, "a file that runs", cure)) from error


@contextlib.contextmanager
def _in_file(where: str) -> Iterator[None]:
    """Our own errors inside say in which file."""
    try:
        yield
    except StriateError as error:
        problems = [
            problem if problem.where == where else replace(problem, where=f"{where}: {problem.where}")
            for problem in error.problems
        ]
        raise type(error)(problems) from error


def _line_of(error: BaseException, path: Path) -> int | None:
    """The deepest line of the person's own file that led to the error."""
    names = (str(path), os.path.abspath(path))  # Python makes paths absolute when it runs a file
    if isinstance(error, SyntaxError) and error.filename in names:
        return error.lineno
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in names:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _plain(name: str) -> str:
    """A name without what people forget."""
    return name.casefold().replace("_", "-")
