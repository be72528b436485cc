"""What this machine offers: the facts that a report states and that help with a problem."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

PACKAGES = ("jax", "jaxlib", "numpy", "optax", "pillow", "plotly", "typer", "rich")
CLIENTS = ("npm", "pip", "apt-get")


def versions() -> dict[str, str]:
    """Versions of Striate, Python and the packages it stands on."""
    found = {"striate": _version("striate"), "python": platform.python_version()}
    return found | {name: _version(name) for name in PACKAGES}


def hardware() -> dict[str, Any]:
    """Processor, memory and the devices JAX computes on."""
    import jax

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": _memory(),
        "devices": [f"{device.platform}: {device.device_kind}" for device in jax.devices()],
    }


def facts() -> dict[str, Any]:
    """Everything that `striate doctor` shows, in plain JSON values."""
    import jax

    from striate.datasets import get, names
    from striate.datasets._home import home

    folder = home()
    return {
        "versions": versions(),
        "hardware": hardware(),
        "compute": {
            "backend": jax.default_backend(),
            "kernels": _kernels(),
            "precision": str(getattr(jax.config, "jax_default_matmul_precision", None) or "float32"),
            "threads": _threads(),
        },
        "cache": {
            "folder": str(folder),
            "bytes": _size(folder),
            "free_bytes": _free(folder),
            "writable": _writable(folder),
        },
        "compiled programs": _programs(),
        "data": {name: "here" if get(name).is_here else "to be fetched" for name in names()},
        "clients": {name: shutil.which(name) or "not found" for name in CLIENTS},
    }


def problems(found: dict[str, Any]) -> list[str]:
    """What is likely to make trouble, each a sentence with its cure."""
    said = []
    if not found["cache"]["writable"]:
        said.append(
            f"The cache folder {found['cache']['folder']} cannot be written: set STRIATE_HOME to another."
        )
    if not found["compiled programs"]["trusted"]:
        risk = found["compiled programs"]["kept"].removeprefix("off: ")
        cure = "keep others out of it, or set STRIATE_HOME to a folder of your own."
        said.append(f"Compiled programs are not kept, because {risk}: {cure}")
    memory = found["hardware"]["memory_bytes"]
    if memory is not None and memory < 2 << 30:
        said.append("There are less than 2 GB of memory: close other programs, or train with --limit.")
    return said


def _programs() -> dict[str, Any]:
    """Whether compiled programs are kept for the next process, where, and how large they are."""
    from striate.network.kept_programs import planned

    found = planned()
    place = found.folder
    return {
        "kept": found.why,
        "folder": "none" if place is None else str(place),
        "trusted": found.risk is None,
        "bytes": 0 if place is None else _size(place),
    }


def _kernels() -> str:
    """Whether our own kernels are at work, and for which instruction set."""
    import jax

    from striate.ops import _native

    found = _native.isa() if jax.default_backend() == "cpu" else None
    return "XLA" if found is None else f"native ({found}) and XLA"


def _version(name: str) -> str:
    """The installed version of a package."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"


def _memory() -> int | None:
    """Bytes of memory, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _threads() -> str:
    """How many threads XLA uses on the processor, and what limits them."""
    flags = os.environ.get("XLA_FLAGS", "")
    names = ("STRIATE_THREADS", "OMP_NUM_THREADS", "NPROC")
    limits = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    return ", ".join([*limits, *([flags] if flags else [])]) or "one for each core"


def _size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0


def _free(folder: Path) -> int | None:
    """Free bytes where the folder is, or will be."""
    try:
        return shutil.disk_usage(_existing(folder)).free
    except OSError:
        return None


def _writable(folder: Path) -> bool:
    """True when files can be made in the folder, or the folder itself."""
    return os.access(_existing(folder), os.W_OK)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((path for path in (folder, *folder.parents) if path.is_dir()), Path(sys.prefix))
