"""From any failure to one sentence, a cure and an exit code: 2 misuse, 1 failed, 130 Ctrl-C."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import typer
from rich.text import Text

from striate.cli._terminal import inert, messages
from striate.errors import StriateError, TrainingError

ClickError: Any = typer.BadParameter.__mro__[2]
"""Every error of the command line itself; found by descent, for newer Typers bring a Click of their own."""

OK, FAILED, MISUSE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


class Interrupted(Exception):
    """Ctrl-C ended the work in good order, and the person has been told."""


def guarded(run: Callable[[], Any], debug: bool) -> int:
    """Run the command line and return its exit code; `debug` lets every traceback through."""
    try:
        code = run()
    except BrokenPipeError:
        _close_output()
        return PIPE_CLOSED
    except SystemExit as left:  # Rich leaves with 1 when the reader of a pipe is gone
        return PIPE_CLOSED if left.code == 1 else MISUSE
    except (KeyboardInterrupt, typer.Abort):
        _report("stopped by Ctrl-C", "")
        return INTERRUPTED
    except Interrupted:
        return INTERRUPTED
    except Exception as error:
        if debug and not isinstance(error, ClickError):
            raise
        return _explained(error)
    return code if isinstance(code, int) else OK


def _explained(error: Exception) -> int:
    """Print what went wrong and choose the exit code."""
    if isinstance(error, StriateError):
        _report(str(error), "")
        return FAILED if isinstance(error, TrainingError) else MISUSE
    if isinstance(error, ClickError):
        if not _sentence(error):  # no command was named, and the help has been shown
            return MISUSE
        _report(_sentence(error), _usage_cure(error))
        return MISUSE
    if isinstance(error, OSError):
        said = f"{error.filename or 'the system'}: {error.strerror or error}"
        _report(said, "Check the path, and your right to use it.")
        return MISUSE
    if isinstance(error, MemoryError):
        _report("there is not enough memory", "Use a smaller --batch-size or --limit.")
        return FAILED
    said = " ".join(str(error).split())
    cure = "This is a fault of Striate: run it again with --debug and report what you see."
    _report(f"{type(error).__name__}: {said}", cure)
    return FAILED


def _sentence(error: Any) -> str:
    """A usage error's message without its full stop."""
    return " ".join(error.format_message().split()).rstrip(".")


def _usage_cure(error: Any) -> str:
    """Where to read how it is used."""
    context = getattr(error, "ctx", None)
    return f"See: {context.command_path} --help" if context is not None else "See: striate --help"


def _report(text: str, cure: str) -> None:
    """One error on standard error."""
    said = Text("error: ", style="bold red") + Text(inert(text), style="")
    console = messages()
    console.print(said, soft_wrap=not console.is_terminal)
    if cure:
        console.print(Text(f"  {inert(cure)}"), soft_wrap=not console.is_terminal)


def _close_output() -> None:
    """The reader is gone: keep Python from complaining when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
