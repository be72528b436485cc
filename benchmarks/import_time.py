"""How long a person waits before anything happens: medians over fresh processes, beside installed peers.

python benchmarks/import_time.py [--repeats 9]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import striate": [sys.executable, "-c", "import striate"],
    "import striate, with its layers and models": [
        sys.executable,
        "-c",
        "import striate as st; st.layers.Conv2D; st.Sequential",
    ],
    "import jax.numpy": [sys.executable, "-c", "import jax.numpy"],
    "import keras (JAX backend)": [sys.executable, "-c", "import keras"],
    "striate --help": [os.path.join(os.path.dirname(sys.executable), "striate"), "--help"],
}


def seconds(command: list[str]) -> float:
    """Wall seconds of one fresh process."""
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def main() -> None:
    """Run every command in turn, again and again, and print one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repeats):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    for name, samples in times.items():
        print(
            json.dumps(
                {"work": name, "s": round(statistics.median(samples), 3), "min": round(min(samples), 3)}
            )
        )


if __name__ == "__main__":
    main()
