"""Compiled programs that outlive the process: JAX's own cache, in a folder that nobody else can write to.

A compiled program is code, and whoever can change it decides what this process runs. So the folder must
belong to the user, with everything above it; JAX keeps the entries, and each process that begins to compile
first looks at what lies there: damaged entries go, and so do the oldest when there are too many. Nothing of
this can fail a training: without a folder to trust, programs are compiled anew, as they always were.

`STRIATE_COMPILE_CACHE=0` switches it off; a cache that the person has set up in JAX is left alone.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
from jaxlib import version

from striate.network import _program_folder

VARIABLE = "STRIATE_COMPILE_CACHE"
LEAST_SECONDS = 0.1
"""Programs that compile sooner are not worth a file."""
_JAX_SECONDS = 1.0
"""JAX's own least time; any other was set by the person."""
_MESSAGE = "Error (reading|writing) persistent compilation cache entry"


@dataclass(frozen=True)
class Kept:
    """Whether compiled programs are kept, and where.

    Args:
        folder: where, or None when they are not kept. why: in words, for `striate doctor`.
        ours: whether the folder is Striate's, and not one that the person gave JAX.
        risk: what keeps the folder from being trusted, or None.
    """

    folder: Path | None
    why: str
    ours: bool = False
    risk: str | None = None


@functools.cache
def keep_programs() -> Kept:
    """Let JAX keep what it compiles from now on, if that is safe; done once, before the first program.

    Returns:
        What came of it. Nothing is raised, whatever the disk does.
    """
    found = planned()
    if found.folder is None or not found.ours:
        return found
    try:
        folder = _program_folder.make(found.folder, _machine())
        _program_folder.tidy(found.folder, folder)
    except OSError as error:
        return _untrusted(error.strerror or str(error))
    if _setting("jax_persistent_cache_min_compile_time_secs") == _JAX_SECONDS:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", LEAST_SECONDS)
    # XLA's further caches are for GPUs, and their paths would be part of what a program is known by.
    jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
    # An entry that cannot be read or written costs a compilation; a warning would only disturb.
    warnings.filterwarnings("ignore", _MESSAGE)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    return found


def planned() -> Kept:
    """What `keep_programs` will do, without touching the disk or JAX's settings."""
    from striate.datasets._home import home

    if keep_programs.cache_info().currsize:
        return keep_programs()
    if os.environ.get(VARIABLE) == "0":
        return Kept(None, f"off: {VARIABLE}=0")
    if not _setting("jax_enable_compilation_cache"):
        return Kept(None, "off: switched off in JAX's settings")
    if own := _setting("jax_compilation_cache_dir"):
        return Kept(Path(own), "on, as JAX's settings say")
    if jax.default_backend() != "cpu":
        return Kept(None, f"off: programs for {jax.default_backend()} are not kept")
    folder = _program_folder.below(home())
    risk = _program_folder.risk(folder)
    return _untrusted(risk) if risk else Kept(folder, "on", ours=True)


def _untrusted(risk: str) -> Kept:
    """Off, because the folder cannot be used."""
    return Kept(None, f"off: {risk}", risk=risk)


def _setting(name: str) -> Any:
    """One of JAX's settings."""
    return getattr(jax.config, name)


def _machine() -> str:
    """A name for all that a program is compiled for besides what JAX looks at: processor, cores, versions."""
    try:
        with Path("/proc/cpuinfo").open("rb") as file:
            processor = file.read(1 << 14).split(b"\n\n")[0]
    except OSError:
        processor = platform.processor().encode()
    steady = [line for line in processor.splitlines() if not line.startswith((b"cpu MHz", b"bogomips"))]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    said = [sys.platform, platform.machine(), cores, os.environ.get("NPROC"), jax.__version__]
    return hashlib.sha256(b"\n".join([*steady, repr([*said, version.__version__]).encode()])).hexdigest()[:16]
