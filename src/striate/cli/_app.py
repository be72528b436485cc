"""The commands and their one way in; nothing heavy is imported before a command runs."""

from __future__ import annotations

import atexit
import gc
import shutil
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from striate.cli import (
    _convert,
    _data,
    _doctor,
    _ensemble,
    _evaluate,
    _explain,
    _index,
    _predict,
    _search,
    _summary,
    _train,
)
from striate.cli._errors import guarded
from striate.cli.bench import bench

COLUMNS = shutil.get_terminal_size().columns
NARROW = COLUMNS < 70
"""In a narrow terminal Rich's boxes would cut the names of options, and plain help is clearer."""

app = typer.Typer(
    name="striate",
    help="Convolutional neural networks you can see through.",
    epilog="Begin with: striate train mnist",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None if NARROW else "rich",
    context_settings={"help_option_names": ["-h", "--help"], "terminal_width": max(36, COLUMNS - 1)},
)
app.command("train")(_train.train)
app.command("evaluate")(_evaluate.evaluate)
app.command("predict")(_predict.predict)
app.command("search")(_search.search)
app.command("ensemble")(_ensemble.ensemble)
app.command("summary")(_summary.summary)
app.command("explain")(_explain.explain)
app.command("see")(_explain.see)
app.command("index")(_index.index)
app.command("similar")(_index.similar)
app.command("convert")(_convert.convert)
app.add_typer(_data.app, name="data")
app.command("doctor")(_doctor.doctor)
app.command("bench")(bench)


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0, 1 failed, 2 misuse, 130 Ctrl-C.

    Args:
        words: what follows `striate`; the process's own arguments unless given.
    """
    given = list(sys.argv[1:] if words is None else words)
    debug = "--debug" in given
    given = [word for word in given if word != "--debug"]  # it may stand anywhere
    _spare_the_collector()
    sys.exit(guarded(lambda: app(given, prog_name="striate", standalone_mode=False), debug))


def _spare_the_collector() -> None:
    """Let Python look for cycles of garbage more rarely, and not once more before it ends.

    Importing JAX and tracing make very many small objects that stay; a short training need not look through
    them again and again.
    """
    gc.set_threshold(50_000, 20, 50)
    atexit.register(gc.freeze)


def _version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"striate {version('striate')}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Convolutional neural networks you can see through."""
