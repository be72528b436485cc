"""The clock that measurements read: wall time, or processor time on a busy machine."""

import os
import time

clock = time.process_time if os.environ.get("STRIATE_BENCH_CLOCK") == "cpu" else time.perf_counter
"""Wall time; on a busy machine compare single threads by CPU time, which waiting does not lengthen."""
