"""What is made ready beside a training: the program of the answers, and nothing that the training feels."""

import threading

import jax
import numpy as np
from task_fixtures import *  # noqa: F403

from striate.tasks import ahead
from striate.tasks.answers import Multinomial
from striate.tasks.material import Portion
from striate.tasks.planning import untrained
from striate.tasks.trained import Trained
from striate.tasks.training_run import gathered


def joined():
    for thread in threading.enumerate():
        if thread.name == "striate-ahead":
            thread.join()


def compiled_by(work):
    """The names of the programs that were compiled meanwhile."""
    names = []

    def hear(event, duration_secs, fun_name="", **_):
        if event.endswith("backend_compile_duration"):
            names.append(fun_name)

    jax.monitoring.register_event_duration_secs_listener(hear)
    try:
        work()
    finally:
        jax.monitoring.unregister_event_duration_listener(hear)
    return names


def test_the_answers_need_no_program_any_more(tiny_order):
    material = gathered(tiny_order)
    trained = Trained(untrained(tiny_order.network, material, 91), material.answer)
    before = jax.tree.map(np.array, trained.model.variables)

    def work():
        ahead.make_ready(trained, material.test)
        joined()

    compiled_by(work)
    jax.tree.map(np.testing.assert_array_equal, before, trained.model.variables)
    pictures = material.test.some(np.arange(500))
    assert compiled_by(lambda: (trained.outputs(pictures), trained.outputs(pictures[:1]))) == []


def test_a_failure_is_left_to_whoever_needs_the_answers(tiny_order, monkeypatch):
    material = gathered(tiny_order)
    trained = Trained(untrained(tiny_order.network, material, 0), material.answer)
    monkeypatch.setattr(Trained, "outputs", lambda *given: 1 / 0)
    ahead.make_ready(trained, material.test)
    joined()


def test_nothing_is_done_with_one_core_or_without_pictures_in_memory(tiny_order, monkeypatch):
    started = []
    monkeypatch.setattr(threading.Thread, "start", started.append)
    trained = Trained(untrained(tiny_order.network, gathered(tiny_order), 0), Multinomial(("a", "b")))
    ahead.make_ready(trained, Portion(iter(()), np.zeros(3)))
    ahead.make_ready(trained, Portion(np.zeros((0, 28, 28, 1), np.uint8), np.zeros(0)))
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    ahead.make_ready(trained, gathered(tiny_order).test)
    assert started == []
