"""How long a call takes, the same way in every process that is compared."""

import os
import time
from collections.abc import Callable

clock = time.process_time if os.environ.get("STRIATE_BENCH_CLOCK") == "cpu" else time.perf_counter
"""Wall time; on a busy machine compare single threads by CPU time, which waiting does not lengthen."""


def measure(call: Callable[[], object], seconds: float = 0.25) -> dict[str, float]:
    """The shortest and the middle of repeated calls, in milliseconds."""
    call()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        begin = clock()
        call()
        times.append(1e3 * (clock() - begin))
    times.sort()
    return {"least": times[0], "middle": times[len(times) // 2]}
