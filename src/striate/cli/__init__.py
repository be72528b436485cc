"""The command line: it parses, calls a task, and prints."""

from striate.cli._app import main as main

__all__ = ["main"]
