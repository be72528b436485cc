"""How often the loop looks, and how Ctrl-C waits."""

import os
import signal
import threading

import pytest

from striate.training import _pace
from striate.training._pace import Interruption, Pace, rest


def test_the_pace_grows_slowly_towards_a_quarter_of_a_second():
    pace, seen = Pace(), []
    for _ in range(5):
        seen.append(pace.steps)
        pace.record(pace.steps, pace.steps * 0.01)
    assert seen == [1, 4, 16, 25, 25]
    pace.record(25, 25 * 0.1)
    assert pace.steps == 2
    pace.record(2, 60.0)
    assert pace.steps == 1
    pace.record(0, 1.0)
    assert pace.steps == 1


def test_some_want_every_step():
    pace = Pace(always_one=True)
    pace.record(1, 1e-9)
    assert pace.steps == 1


def test_the_device_gets_a_moment_that_nobody_notices(monkeypatch):
    rests = []
    monkeypatch.setattr(_pace.time, "sleep", rests.append)
    for seconds in (0.004, 0.05, 50.0):
        rest(seconds)
    assert rests == [0.00004, 0.0005, 0.001]


def test_the_first_ctrl_c_waits_and_the_second_does_not():
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handlers_of_the_program_and_other_threads_are_left_alone():
    def mine(number, frame):
        pass

    before = signal.signal(signal.SIGINT, mine)
    try:
        with Interruption():
            assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)
    seen = []

    def work():
        with Interruption() as interruption:
            seen.append((interruption.asked, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, signal.default_int_handler)]
