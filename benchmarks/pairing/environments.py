"""An environment for each peer, made once and kept in `.bench/` beside this folder."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".bench"
REQUIREMENTS = {
    "torch": ("torch==2.13.0", "numpy"),
    "torch-loader": ("torch==2.13.0", "numpy", "pillow"),
    "keras-tf": ("tensorflow-cpu", "keras"),
    "flax": ("jax", "flax", "optax"),
    "onnxruntime": ("onnxruntime", "onnx"),
    "openvino": ("openvino", "onnx"),
}
"""What pip installs. An index may hold a torch of several gigabytes for GPUs: let pip see its CPU build."""


@functools.cache
def python_of(peer: str) -> Path | None:
    """The interpreter of a peer's environment, made if it is missing; None when that fails, which is told.

    Args:
        peer: a key of REQUIREMENTS, or "striate", which runs where this runs.
    """
    if peer == "striate":
        return Path(sys.executable)
    folder = FOLDER / peer
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    mark, wanted = folder / "installed.txt", "\n".join(REQUIREMENTS[peer])
    if mark.is_file() and mark.read_text() == wanted:
        return python
    return python if _make(peer, folder, python) and mark.write_text(wanted) else None


def _make(peer: str, folder: Path, python: Path) -> bool:
    """Make the environment; True when it is there."""
    print(f"making an environment for {peer}: {' '.join(REQUIREMENTS[peer])}", file=sys.stderr, flush=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], [*install, *REQUIREMENTS[peer]]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            print(f"{peer} is left out: {last[0]}", file=sys.stderr, flush=True)
            return False
    return True
