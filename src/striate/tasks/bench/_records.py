"""What a measurement is told as: one flat record, which is one line of JSON."""

from __future__ import annotations

import functools
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from striate.network import Network
from striate.ops import _native
from striate.tasks import doctor
from striate.tasks.bench._settings import Settings

Record = dict[str, Any]


def record(work: str, samples: Sequence[float], settings: Settings, gflop: float, **facts: Any) -> Record:
    """A measurement in milliseconds.

    Args:
        work: its name. samples: milliseconds; the median counts.
        settings: how it was measured. gflop: 10^9 floating-point operations of one step or call.
        facts: what else belongs to it, such as shape and batch.
    """
    ms = statistics.median(samples)
    return {
        "work": work,
        "peer": "striate",
        "setting": settings.precision,
        **facts,
        "precision": settings.precision,
        "ms": round(ms, 5),
        "min": round(min(samples), 5),
        "samples": [round(sample, 5) for sample in samples],
        "gflop": float(f"{gflop:.6g}"),
        "gflops": float(f"{1000 * gflop / ms:.5g}"),
        "peak_mb": peak_megabytes(),
        **machine(),
    }


@functools.cache
def machine() -> Record:
    """Device, threads and versions."""
    hardware, versions = doctor.hardware(), doctor.versions()
    wanted = ("striate", "python", "jax", "jaxlib", "numpy")
    return {
        "device": jax.devices()[0].platform,
        "device_name": _device_name(hardware),
        "cores": hardware["cores"],
        "kernels": _kernels(),
        "versions": {name: versions[name] for name in wanted},
    }


def peak_megabytes() -> float | None:
    """The most memory this process has held so far, in 10^6 bytes; None where the system does not tell.

    Linux tells it in /proc without what the parent process held; `getrusage` counts that in.
    """
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        kibibytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return _peak_by_getrusage()
    return round(kibibytes * 1024 / 1e6, 1)


def training_gflop(network: Network, batch: int) -> float:
    """Of one step: forward, weights' and inputs' gradients; the first layer's input needs none."""
    rows = [row for row in network.rows() if row.macs]
    return 2e-9 * batch * (3 * sum(row.macs for row in rows) - rows[0].macs)


def inference_gflop(network: Network, batch: int) -> float:
    """Of one forward pass."""
    return 2e-9 * batch * network.totals.macs


def sentence(found: Record) -> str:
    """A record as a line for people.

    >>> sentence({"work": "peak", "shape": [64, 64], "precision": "float32", "ms": 0.25, "min": 0.2,
    ...           "gflops": 812.0})
    'peak 64x64 float32: 0.25 ms (least 0.2), 812 GFLOP/s'
    """
    shape = "x".join(map(str, found["shape"]))
    named = " ".join(str(found[key]) for key in ("work", "pass") if key in found)
    if "s" in found:
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in found["parts"].items())
        return f"{named} seed {found['seed']}: {100 * found['acc']:.2f} % in {found['s']:.1f} s ({parts})"
    rate = f"{found['gflops']:,.0f} GFLOP/s"
    return f"{named} {shape} {found['precision']}: {found['ms']:.4g} ms (least {found['min']:.4g}), {rate}"


def _device_name(hardware: dict[str, Any]) -> str:
    """The processor's name, or that of what stands beside it."""
    first = jax.devices()[0]
    return hardware["processor"] if first.platform == "cpu" else first.device_kind


def _kernels() -> str:
    """Whose convolutions may run: "native, avx512" and the like, or "XLA"."""
    found = _native.isa() if jax.default_backend() == "cpu" else None
    return "XLA" if found is None else f"native, {found}"


def _peak_by_getrusage() -> float | None:
    """The peak where there is no /proc: kilobytes, on a Mac bytes."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6, 1)
