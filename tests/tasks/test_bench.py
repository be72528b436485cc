"""What is measured and how it is told; no test looks at how long anything took, only that it was counted."""

import json

import numpy as np
import pytest
from task_fixtures import *  # noqa: F403

from striate import applications
from striate.errors import ArgumentError, TrainingError
from striate.layers import Conv2D, Dense, Flatten
from striate.network import sequential
from striate.tasks.bench import (
    WORKS,
    Settings,
    cifar_step,
    convs,
    measure,
    mnist_99,
    mnist_infer,
    mnist_step,
    peak,
    resnet50_infer,
    resnet50_train,
    sentence,
)
from striate.tasks.bench import _records as records
from striate.tasks.bench import _timing as timing
from striate.training.optimizers import SGD

TINY = Settings(batch=4, repeats=2, quick=True)


@pytest.fixture(scope="module")
def small_network():
    layers = [Conv2D(2, 3, strides=2, activation="relu"), Flatten(), Dense(3, activation="softmax")]
    return sequential(layers, input_shape=(8, 8, 3), name="small")


def assert_whole(found, work, shape, samples=2):
    """Every key that others pair our lines by, and numbers that belong together."""
    assert (found["work"], found["peer"], found["precision"]) == (work, "striate", "float32")
    assert found["shape"] == shape
    assert len(found["samples"]) == samples
    assert 0 < found["min"] <= found["ms"]
    assert found["gflops"] == pytest.approx(1000 * found["gflop"] / found["ms"], rel=0.02)
    assert found["device"] == "cpu"
    assert found["peak_mb"] > 50
    assert set(found["versions"]) == {"striate", "python", "jax", "jaxlib", "numpy"}
    assert json.loads(json.dumps(found)) == found
    assert f" {found['ms']:.4g} ms" in sentence(found)


def test_mnist_step(tiny_network):
    (found,) = mnist_step.measure(TINY, tiny_network)
    assert_whole(found, "mnist-step", [4, 28, 28, 1])
    assert (found["batch"], found["steps"]) == (4, 20)


@pytest.mark.parametrize(
    ("work", "name", "steps"), [(cifar_step, "cifar-step", 8), (resnet50_train, "resnet50-train", 2)]
)
def test_steps_on_noise(work, name, steps, small_network):
    (found,) = work.measure(TINY, small_network)
    assert_whole(found, name, [4, 8, 8, 3])
    assert found["steps"] == steps


@pytest.mark.parametrize(("work", "name"), [(mnist_infer, "mnist-infer"), (resnet50_infer, "resnet50-infer")])
def test_answers(work, name, small_network):
    one, several = work.measure(Settings(repeats=2, quick=True), small_network)
    assert_whole(one, name, [1, 8, 8, 3])
    assert_whole(several, name, [several["batch"], 8, 8, 3])
    assert several["gflop"] > one["gflop"]


def test_convolutions_in_three_passes():
    found = list(convs.measure(Settings(repeats=1, quick=True), [(2, 9, 3, 4, 3, 2)]))
    assert [each["pass"] for each in found] == ["forward", "dW", "dx"]
    for each in found:
        assert_whole(each, "convs", [2, 9, 3, 4, 3, 2], samples=1)
    assert {each["gflop"] for each in found} == {1.08e-05}


def test_the_three_passes_compute_what_they_say():
    """Of y = conv(x, k): dW and dx against a linear map, for which <dy, y> = <k, dW> = <x, dx>."""
    calls = convs._passes((2, 5, 3, 4, 3, 1), "float32")
    y, by_kernel, by_image = (np.asarray(calls[name](), np.float64) for name in ("forward", "dW", "dx"))
    assert (y.shape, by_kernel.shape, by_image.shape) == ((2, 5, 5, 4), (3, 3, 3, 4), (2, 5, 5, 3))
    x, kernel, dy = (np.asarray(cell, np.float64) for cell in _cells(calls))
    assert np.vdot(kernel, by_kernel) == pytest.approx(np.vdot(dy, y), rel=1e-4, abs=1e-5)
    assert np.vdot(x, by_image) == pytest.approx(np.vdot(dy, y), rel=1e-4, abs=1e-5)


def _cells(calls):
    """The arrays x, kernel and dy that the calls hold."""
    names = calls["dx"].__code__.co_freevars
    held = dict(zip(names, (cell.cell_contents for cell in calls["dx"].__closure__), strict=True))
    return held["x"], held["kernel"], held["incoming"]


def test_the_table_of_convolutions_is_the_promised_one():
    assert len(convs.SHAPES) == len(set(convs.SHAPES)) == 11
    assert convs._gflop(32, 32, 64, 64, 3, 1) == pytest.approx(2.416, abs=1e-3)
    assert convs._gflop(8, 224, 3, 64, 7, 2) == pytest.approx(2e-9 * 8 * 112**2 * 49 * 3 * 64)


def test_peak():
    (found,) = peak.measure(Settings(batch=32, repeats=1, quick=True))
    assert_whole(found, "peak", [32, 32], samples=1)
    assert found["gflop"] == pytest.approx(2e-9 * 32**3)


def test_operations_of_a_step():
    """Three times the forward pass, but for the image's gradient in the first layer."""
    network = applications.mnist_convnet().network
    assert network.totals.macs == 2_794_240
    first = 26 * 26 * 9 * 32
    assert records.training_gflop(network, 256) == pytest.approx(2e-9 * 256 * (3 * 2_794_240 - first))
    assert records.inference_gflop(network, 2) == pytest.approx(4e-9 * 2_794_240)


def test_samples_of_a_call_are_means_of_many(monkeypatch):
    """A clock that goes on by 2 ms with each call shows that calls, not samples, are counted."""
    calls, now = [], [0.0]

    def call():
        calls.append(1)
        now[0] += 0.002

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    assert timing.time_calls(call, 3, 0.02) == pytest.approx([2.0] * 3)
    assert len(calls) == 4 + 3 * 10  # four to warm up


def test_the_first_epoch_is_not_counted(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    clock = timing.StepClock()
    clock.set_params({"steps": 10})
    for epoch, seconds in enumerate((5.0, 0.3, 0.2)):
        clock.on_epoch_begin(epoch)
        now[0] += seconds
        clock.on_epoch_end(epoch)
    assert clock.samples == pytest.approx([30.0, 20.0])


def test_a_cold_training_tells_its_parts(tmp_path):
    words = ["--epochs", "1", "--limit", "256", "--model", str(_tiny_json(tmp_path))]
    first, again = mnist_99.measure(Settings("bfloat16", batch=64), words)
    for found in (first, again):
        assert list(found["parts"]) == ["import", "data", "compile", "train", "test", "exit"]
        assert all(seconds > 0 for seconds in found["parts"].values())
        assert sum(found["parts"].values()) == pytest.approx(found["s"], abs=0.01)
        assert 0 <= found["acc"] <= 1
        assert (found["seed"], found["recipe"]["epochs"], found["recipe"]["batch_size"]) == (0, 1, 64)
        assert (found["recipe"]["name"], found["peak_mb"] > 50) == ("quick", True)
        assert found["precision"] == found["setting"] == "bfloat16"
    assert ("pass" in first, again["pass"], again["acc"]) == (False, "again", first["acc"])
    assert sentence(first).startswith(f"mnist-99 seed 0: {100 * first['acc']:.2f} % in ")
    assert sentence(again).startswith("mnist-99 again seed 0: ")


def _tiny_json(folder):
    from striate.network import to_json

    layers = [Conv2D(4, 7, strides=7, activation="relu"), Flatten(), Dense(10, activation="softmax")]
    path = folder / "tiny.json"
    path.write_text(to_json(sequential(layers, input_shape=(28, 28, 1), name="tiny")))
    return path


def test_a_cold_training_that_fails_says_why():
    with pytest.raises(TrainingError) as caught:
        next(mnist_99.measure(Settings(), ["--epochs", "-1"]))
    said = str(caught.value)
    assert said.startswith("mnist-99: the command ended with code 2 (error: epochs: got -1; expected")
    assert said.endswith("; expected a training.\n  Run it yourself: striate train mnist")


def test_works_are_known_by_name():
    assert list(WORKS) == [
        "mnist-step", "cifar-step", "resnet50-train", "resnet50-infer",
        "mnist-infer", "convs", "mnist-99", "peak",
    ]  # fmt: skip
    with pytest.raises(ArgumentError) as caught:
        measure("mnist-steps", Settings())
    assert str(caught.value) == (
        f"WORK: there is no 'mnist-steps'; expected one of {', '.join(WORKS)}.\n  Did you mean mnist-step?"
    )


def test_settings_out_of_their_rule_are_told_at_once():
    with pytest.raises(ArgumentError) as caught:
        Settings("float16", 0, 1001)
    assert str(caught.value) == (
        "3 problems:\n"
        "1. --precision: got 'float16'; expected one of float32, bfloat16.\n  Choose one of them.\n"
        "2. --batch: got 0; expected a whole number from 1 to 65,536.\n  Give for instance --batch 8.\n"
        "3. --repeats: got 1001; expected a whole number from 1 to 1,000.\n  Give for instance --repeats 8."
    )


def test_a_batch_for_fixed_shapes_is_refused():
    with pytest.raises(ArgumentError) as caught:
        next(convs.measure(Settings(batch=3)))
    assert str(caught.value) == (
        "--batch: convs has shapes of its own; expected no batch.\n  Leave --batch out."
    )


def test_optimizer_of_resnet_has_momentum(monkeypatch, small_network):
    """The peers train with SGD and momentum 0.9 too."""
    seen = []
    monkeypatch.setattr(resnet50_train, "time_steps", lambda *given: seen.append(given))
    list(resnet50_train.measure(TINY, small_network))
    assert seen[0][2] == SGD(0.01, momentum=0.9)
