"""Worker programs: the same answers as without them, bounded memory, and crashes that cost one picture."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from folder_fixtures import blobs, save

from striate.datasets.folders import crew as crew_module
from striate.datasets.folders.crew import CRASHED, Crew, Task, usable_cores

PIXELS = 10**8


@pytest.fixture
def folder(tmp_path):
    for number in range(6):
        save(tmp_path / f"{number}.png", blobs(number))
    (tmp_path / "broken.png").write_bytes(b"x")
    return tmp_path


def survey(folder, *names, **options):
    return Task("survey", names, {"root": str(folder), "max_pixels": PIXELS}, **options)


def answers(crew, tasks):
    return {
        name: fact for task, facts in crew.work(tasks) for name, fact in zip(task.names, facts, strict=True)
    }


def test_programs_answer_as_this_process_does(folder):
    tasks = [survey(folder, f"{number}.png", "broken.png") for number in range(6)]
    with Crew(0, PIXELS) as alone, Crew(2, PIXELS) as crew:
        expected = answers(alone, tasks)
        assert answers(crew, tasks) == expected
        assert answers(crew, tasks) == expected  # the same programs do more work
    assert expected["broken.png"] == {"reason": "it is not recognized as a picture"}
    assert expected["0.png"]["height"] == 24


PRETENDER = """
import json, os, signal, sys
for line in sys.stdin:
    task = json.loads(line)
    for name in task["names"]:
        if "kill" in name:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "hang" in name:
            signal.pause()
    print(json.dumps([{"name": name, "pid": os.getpid()} for name in task["names"]]), flush=True)
"""


@pytest.fixture
def pretender(monkeypatch):
    """Programs that crash or hang at certain names."""

    def started():
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, "-c", PRETENDER], **pipes)

    monkeypatch.setattr(crew_module, "_started", started)


def test_a_crash_costs_the_picture_at_fault_and_no_other(pretender):
    tasks = [
        Task("survey", ("a", "kill", "b"), {}),
        Task("survey", ("c", "d"), {}),
        Task("survey", ("kill2",), {}),
    ]
    with Crew(1, PIXELS) as crew:
        found = answers(crew, tasks)
    assert {name for name, fact in found.items() if fact == {"reason": CRASHED}} == {"kill", "kill2"}
    assert {name for name, fact in found.items() if fact.get("name") == name} == {"a", "b", "c", "d"}


def test_a_decoder_that_never_ends_is_ended(pretender, monkeypatch):
    monkeypatch.setattr(crew_module, "SLOWEST", 0.5)
    with Crew(1, PIXELS) as crew:
        found = answers(crew, [Task("survey", ("a", "hang"), {})])
    assert found["hang"] == {"reason": CRASHED}
    assert found["a"]["name"] == "a"


def test_lists_of_details_are_cut_for_single_pictures():
    task = Task("decode", ("a", "b"), {"places": [1, 2], "size": (3, 4), "root": "r"}, 5, "tag")
    assert task.single(1) == Task("decode", ("b",), {"places": [2], "size": (3, 4), "root": "r"}, 5, "tag")


def test_no_more_memory_is_held_than_allowed(monkeypatch):
    held, most, lock = [0], [0], threading.Lock()

    def answered(program, task):
        with lock:
            held[0] += task.cost
            most[0] = max(most[0], held[0])
        time.sleep(0.005)
        with lock:
            held[0] -= task.cost
        return [{}] * len(task.names)

    monkeypatch.setattr(crew_module, "_answered", answered)
    costs = [30, 50, 70, 20, 100, 10, 60, 40] * 4
    with Crew(4, 100) as crew:
        assert len(list(crew.work(Task("x", ("a",), {}, cost) for cost in costs))) == len(costs)
    assert 70 < most[0] <= 100


def test_one_that_needs_more_than_everything_runs_alone(monkeypatch):
    monkeypatch.setattr(crew_module, "_answered", lambda program, task: [{}])
    with Crew(2, 10) as crew:
        assert len(list(crew.work(Task("x", ("a",), {}, 99) for _ in range(5)))) == 5


def test_leaving_early_sends_everybody_home(folder):
    with Crew(2, PIXELS) as crew:
        for _ in crew.work(survey(folder, "1.png") for _ in range(1000)):
            break
        programs = [each._program for each in crew._programs]
    assert all(program is None or program.poll() is not None for program in programs)
    assert not [thread for thread in threading.enumerate() if thread.name == "striate-worker"]


def test_an_error_in_making_tasks_is_raised(folder):
    def tasks():
        yield survey(folder, "1.png")
        raise KeyError("oops")

    with pytest.raises(KeyError, match="oops"), Crew(2, PIXELS) as crew:
        list(crew.work(tasks()))


def test_a_program_ends_when_whoever_started_it_is_killed(folder):
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import test_crew as t;"
        "c = t.Crew(1, t.PIXELS); next(c.work([t.survey(sys.argv[2], '1.png')] * 9));"
        "print(c._programs[0]._program.pid, flush=True); time.sleep(60)"
    )
    words = [sys.executable, "-c", code, str(Path(__file__).parent), str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        process.kill()
    for _ in range(100):
        if not _runs(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the program lives on")


def _runs(pid):
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_programs_ignore_ctrl_c_and_leave_it_to_whoever_started_them(folder):
    with Crew(1, PIXELS) as crew:
        list(crew.work([survey(folder, "1.png")]))
        crew._programs[0]._program.send_signal(signal.SIGINT)
        found = answers(crew, [survey(folder, "2.png")])
    assert "sha256" in found["2.png"]


def test_programs_do_without_jax():
    code = "import sys, striate.images.worker; print(sorted({'jax', 'optax', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_memory_of_a_program_is_limited_by_the_system(folder):
    code = (
        "import resource, striate.images.worker as w; w._limit_memory(2**30);"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{2**30}\n"


def test_usable_cores():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
