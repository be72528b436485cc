"""Another framework's answers, from a process of its own: arrays go in and come out as `.npz` files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

PYTHON = os.environ.get("STRIATE_PEERS", "")


def ask(script: str, folder: Path, *words: str, **arrays: np.ndarray) -> Mapping[str, np.ndarray]:
    """Run a script beside this file in the peers' environment.

    Args:
        script: its file name; it is called with the path of the arrays, the path to write its answers to as
            `.npz`, and the words.
        folder: an empty one for the files. words: more arguments. arrays: what the script is to read.
    """
    if not PYTHON:
        pytest.skip("the peers' environment is not named: run `make peers`")
    given, answers = folder / "given.npz", folder / "answers.npz"
    np.savez(given, **arrays)
    program = [PYTHON, str(Path(__file__).parent / script), str(given), str(answers), *words]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(answers, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
