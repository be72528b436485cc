"""The files of a recording: bounded, torn, forged, on a full disk; and what is said about each."""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
import tracemalloc
import warnings

import numpy as np
import pytest

import striate as st
from striate import layers
from striate.errors import ArgumentError, DataError, FormatError, StriateError
from striate.explain import Recorder, open_recording
from striate.explain.recording import writing
from striate.explain.recording._index import INDEX, VALUES
from striate.explain.recording._layout import Entry, Layout
from striate.explain.recording._slices import covering
from striate.explain.recording.writing import Scribe, Writer


def untrained():
    """A tiny network whose programs all tests share."""
    parts = [st.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)]
    model = st.Sequential(parts, seed=1)
    model.compile("sgd", "mse")
    return model


def trained(recorder, epochs=2, **more):
    """Six steps an epoch."""
    model = untrained()
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(44, 4, 4, 1)).astype(np.float32), rng.normal(size=(44, 3)).astype(np.float32)
    given = {"x": x, "y": y, "batch_size": 8, "epochs": epochs, "verbose": 0, "seed": 1} | more
    model.fit(callbacks=[recorder], **given)
    return model


def folder_size(path):
    return sum(file.stat().st_size for file in path.iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A recording of weights at steps 0, 4, 8 and 12."""
    path = tmp_path_factory.mktemp("recording") / "run"
    trained(Recorder(path, what="weights", steps=4))
    return path


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "run")


def test_the_size_is_known_beforehand_and_kept(tmp_path):
    for number, (dtype, what) in enumerate(
        [("float32", ("weights", "gradients", "activations")), ("float16", "weights")]
    ):
        recorder = Recorder(tmp_path / str(number), what=what, steps=1, dtype=dtype)
        trained(recorder)
        estimate = recorder.size_estimate(untrained(), 12)
        assert (estimate.wanted, estimate.kept) == (13, 13)
        found = folder_size(tmp_path / str(number))
        assert found <= estimate.total < found + 3500
        log = recorder.recording
        item = {"float32": 4, "float16": 2}[dtype]
        numbers = sum(entry.size for entry in log.layout.entries)
        scales = 4 * len(log.layout.entries) if dtype == "float16" else 0
        assert (tmp_path / str(number) / VALUES).stat().st_size == 13 * (item * numbers + scales)


def test_a_limit_thins_out_evenly_and_says_so(tmp_path):
    recorder = Recorder(tmp_path / "run", what="weights", steps=1, limit_bytes=5_000)
    with pytest.warns(UserWarning, match="would exceed") as told:
        trained(recorder)
    log = recorder.recording
    assert log.steps == tuple(range(0, 13, log.steps[1]))
    assert folder_size(tmp_path / "run") <= 5_000
    size = str(recorder.size_estimate(untrained(), 12))
    assert str(told[0].message) == (
        f"{tmp_path}/run: 13 steps would exceed the limit, so only {len(log.steps)} are recorded; "
        "expected room for every step.\n"
        f"  Raise limit_bytes for more. It becomes {size}."
    )
    assert size.endswith(" each (float32): 4.63 kB, within the limit of 5 kB")


def test_a_limit_may_end_the_recording_loudly(tmp_path):
    recorder = Recorder(tmp_path / "run", what="weights", steps=1, limit_bytes=5_000, over_limit="stop")
    with pytest.warns(UserWarning, match="stops after") as told:
        trained(recorder, 4)
    log = recorder.recording
    assert log.steps == tuple(range(len(log.steps)))
    assert 3 < len(log.steps) < 25
    assert folder_size(tmp_path / "run") <= 5_000
    assert str(told[0].message) == (
        f"{tmp_path}/run: recording stops after {len(log.steps)} steps: another step would exceed 5 kB; "
        "expected room for every step.\n  Raise limit_bytes."
    )


def test_a_limit_may_refuse_before_the_training(tmp_path):
    with pytest.raises(ArgumentError) as refused:
        trained(Recorder(tmp_path / "run", what="weights", steps=1, limit_bytes=5_000, over_limit="refuse"))
    assert "13 steps of " in str(refused.value)
    assert str(refused.value).endswith("Raise limit_bytes, record fewer steps, or say over_limit='thin'.")
    with pytest.raises(ArgumentError) as refused:
        trained(Recorder(tmp_path / "run", steps=1, limit_bytes=3000))
    assert str(refused.value).startswith("Recorder.limit_bytes: 3 kB have no room for a step of ")
    assert not (tmp_path / "run").exists()


def test_an_unknown_end_stops_at_the_limit(tmp_path):
    x, y = np.ones((8, 4, 4, 1), np.float32), np.ones((8, 3), np.float32)

    class Unknown:
        def __iter__(self):
            return iter([(x, y)] * 20)

    recorder = Recorder(tmp_path / "run", what="weights", steps=1, limit_bytes=5_000)
    with pytest.warns(UserWarning, match="stops after"):
        trained(recorder, 1, x=Unknown(), y=None, batch_size=None)
    assert folder_size(tmp_path / "run") <= 5_000


def test_every_torn_tail_is_passed_over_and_cut_off(folder, tmp_path):
    log = open_recording(folder)
    expected = [log.value("dense1/kernel", step) for step in log.steps]
    block, lines = log.layout.block, (folder / INDEX).read_bytes().splitlines(keepends=True)
    whole, values = b"".join(lines), (folder / VALUES).read_bytes()
    cuts = [(whole, values[:cut]) for cut in range(3 * block, 4 * block, 7)]
    cuts += [(whole[:cut], values) for cut in range(len(whole) - len(lines[-1]), len(whole))]
    cuts += [(whole, values + b"\0" * 99), (whole + b'{"step": 16, "ep', values + values[:100])]
    path = tmp_path / "torn"
    path.mkdir()
    for index, numbers in cuts:
        (path / INDEX).write_bytes(index)
        (path / VALUES).write_bytes(numbers)
        log = open_recording(path)
        steps = 4 if len(index) >= len(whole) and len(numbers) >= len(values) else 3
        assert log.steps == (0, 4, 8, 12)[:steps]
        for step, array in zip(log.steps, expected, strict=False):
            np.testing.assert_array_equal(log.value("dense1/kernel", step), array)
        writer = Writer.reopen(path, 99)
        writer.append(20, 3, {entry: np.full(entry.shape, 7.0) for entry in writer.layout.entries})
        log = open_recording(path)
        assert log.steps == (*(0, 4, 8, 12)[:steps], 20)
        assert (log.value("conv1/bias", 20) == 7).all()
        assert (path / VALUES).stat().st_size == (steps + 1) * block


WRITING = """
import sys, pathlib, numpy as np
from striate.explain.recording._layout import Entry, Layout
from striate.explain.recording.writing import Writer
folder, entry = pathlib.Path(sys.argv[1]), Entry("a", "", (300_000,))
whole = (folder / "index.jsonl").exists()
writer = Writer.reopen(folder, 10**9) if whole else Writer.create(folder, Layout("float32", (entry,)))
print("begun", flush=True)
for step in range(writer.last + 1, 10**6):
    writer.append(step, 0, {entry: np.full(entry.shape, step, np.float32)})
"""


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_whole_steps(tmp_path):
    rng, before = np.random.default_rng(), 0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITING, str(tmp_path / "run")], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.3))
        process.kill()
        process.wait()
        process.stdout.close()
        log = open_recording(tmp_path / "run")
        assert log.steps == tuple(range(len(log.steps)))
        assert len(log.steps) >= before
        for step in log.steps[-5:]:
            assert (log.value("a", step) == step).all()
        before = len(log.steps)
    assert before > 12


def test_slices_are_those_of_the_whole_and_read_little_more(folder, monkeypatch):
    log, rng = open_recording(folder), np.random.default_rng()
    whole = log.value("conv1/kernel", 8)
    assert log.part("conv1/weights", 8, (1, 2, 0, 1)) == whole[1, 2, 0, 1]
    for _ in range(200):
        index = tuple(_random_index(rng, size) for size in whole.shape[: rng.integers(0, 5)])
        np.testing.assert_array_equal(log.part("conv1/kernel", 8, index), whole[index])
    assert covering((100, 50, 20), (3, slice(10, 12)), "a").count == 40
    assert covering((100, 50, 20), (-1, -1, -1), "a").start == 99_999
    series = log.series("conv1/kernel", (0, slice(None), 0, 1))
    np.testing.assert_array_equal(series, [log.value("conv1/kernel", s)[0, :, 0, 1] for s in log.steps])


def _random_index(rng, size):
    if rng.random() < 0.5:
        return int(rng.integers(-size, size))
    ends = [None if rng.random() < 0.3 else int(rng.integers(-size - 1, size + 2)) for _ in range(2)]
    return slice(*ends, int(rng.choice([-2, -1, 1, 2])))


def test_half_precision_keeps_three_digits_of_tiny_and_huge_numbers(tmp_path):
    entries = (Entry("a", "", (1000,)), Entry("b", "", (3,)), Entry("c", "", (2, 2)))
    rng = np.random.default_rng()
    writer = Writer.create(tmp_path / "run", Layout("float16", entries))
    for step, scale in enumerate([1e-30, 1e-9, 1.0, 1e9, 1e30]):
        a = (rng.uniform(0.1, 1, 1000) * rng.choice([-1, 1], 1000) * scale).astype(np.float32)
        odd = np.array([np.inf, np.nan, -np.inf], np.float32)
        writer.append(step, 0, {entries[0]: a, entries[1]: odd, entries[2]: np.zeros((2, 2))})
        log = open_recording(tmp_path / "run")
        np.testing.assert_allclose(log.value("a", step), a, rtol=2**-10)
        np.testing.assert_array_equal(log.value("b", step), odd)
        assert not log.value("c", step).any()
        np.testing.assert_array_equal(log.part("a", step, slice(5, 9)), log.value("a", step)[5:9])


def test_a_damaged_number_is_noticed(copy):
    log = open_recording(copy)
    place = log.layout.block + log.layout.starts[1] + 2
    with (copy / VALUES).open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))
    name = log.names[1]
    with pytest.raises(FormatError) as refused:
        log.value(name, 4)
    assert str(refused.value) == (
        f"{copy}, {name}, step 4: its numbers are not those written; expected the numbers that the index "
        "vouches for.\n  Record again, or use another copy of the folder."
    )
    assert log.value(name, 8).size


def _head(**changes):
    return {"striate_recording": 1, "dtype": "float32", "entries": [["a", "", [2]]]} | changes


FORGED = {
    "empty": ("", "its first line has the fields []"),
    "no JSON": ("nonsense\n", "not JSON"),
    "a list": ("[]\n", "found list"),
    "twice": ('{"dtype": "float32", "dtype": "float16"}\n', "appears twice"),
    "newer": (_head(striate_recording=2), "the format version is 2; expected 1"),
    "no number": (_head(striate_recording="1"), "its first line has the fields"),
    "more": (_head(code="import os"), "its first line has the fields"),
    "dtype": (_head(dtype="object"), "dtype is 'object'; expected one of float32, float16"),
    "dtype list": (_head(dtype=["float32"]), "dtype is ['float32']"),
    "no entries": (_head(entries=[]), "entries is []"),
    "entries text": (_head(entries="abc"), "entries is 'abc'"),
    "entry": (_head(entries=[["a", [2]]]), "entry 0: it is ['a', [2]]"),
    "name": (_head(entries=[["../../etc/passwd", "", [2]]]), "has an empty part, '.' or '..'"),
    "control": (_head(entries=[["\x1b[2J", "", [2]]]), "the name holds control characters"),
    "on": (_head(entries=[["a", "moon", [2]]]), "it was recorded on 'moon'"),
    "negative": (_head(entries=[["a", "", [-2]]]), "its shape is [-2]"),
    "truth": (_head(entries=[["a", "", [True]]]), "its shape is [True]"),
    "fraction": (_head(entries=[["a", "", [2.5]]]), "its shape is [2.5]"),
    "axes": (_head(entries=[["a", "", [1] * 9]]), "its shape is [1, 1, 1"),
    "double": (_head(entries=[["a", "", [2]], ["a", "", [3]]]), "a is there twice"),
    "huge number": ('{"striate_recording": 99999999999999999999999}\n', "too large"),
    "deep": ("[" * 99 + "\n", "nested deeper"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_first_lines_are_refused(name, tmp_path):
    text, happened = FORGED[name]
    (tmp_path / INDEX).write_text(text if isinstance(text, str) else json.dumps(text) + "\n")
    (tmp_path / VALUES).write_bytes(b"\0" * 64)
    with pytest.raises(FormatError) as refused:
        open_recording(tmp_path)
    assert happened in str(refused.value)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "happened"),
    [
        ({"step": 1, "epoch": 0}, "it is not the line of a step"),
        ({"step": 1, "epoch": 0, "crc": []}, "it is not the line of a step"),
        ({"step": 1, "epoch": 0, "crc": [-1]}, "it is not the line of a step"),
        ({"step": 1, "epoch": 0, "crc": [2**32]}, "it is not the line of a step"),
        ({"step": 1.0, "epoch": 0, "crc": [1]}, "it is not the line of a step"),
        ({"step": 1, "epoch": 0, "crc": [1], "x": 1}, "it is not the line of a step"),
        ({"step": 0, "epoch": 0, "crc": [1]}, "its step is 0; expected one after 0"),
    ],
)
def test_forged_steps_are_refused(line, happened, tmp_path):
    lines = [_head(), {"step": 0, "epoch": 0, "crc": [0]}, line]
    (tmp_path / INDEX).write_text("".join(json.dumps(each) + "\n" for each in lines))
    (tmp_path / VALUES).write_bytes(b"\0" * 64)
    with pytest.raises(FormatError) as refused:
        open_recording(tmp_path)
    assert f"index.jsonl, line 3: {happened}" in str(refused.value)


def test_a_lying_shape_takes_no_memory(tmp_path):
    lines = [_head(entries=[["a", "", [2**40, 2**40]]]), {"step": 0, "epoch": 0, "crc": [0]}]
    (tmp_path / INDEX).write_text("".join(json.dumps(each) + "\n" for each in lines))
    (tmp_path / VALUES).write_bytes(b"\0" * 4096)
    tracemalloc.start()
    log = open_recording(tmp_path)
    assert log.steps == ()
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_mutations_give_a_recording_or_our_own_error(copy):
    rng = np.random.default_rng()
    files = {name: (copy / name).read_bytes() for name in (INDEX, VALUES)}
    refused = 0
    for _ in range(300):
        name = [INDEX, VALUES][int(rng.random() < 0.3)]
        raw = bytearray(files[name])
        for place in rng.integers(0, len(raw), 3):
            raw[place] = rng.integers(0, 256)
        (copy / name).write_bytes(raw[: rng.integers(1, len(raw) + 1)] if rng.random() < 0.3 else raw)
        try:
            log = open_recording(copy)
            for step in log.steps:
                for entry in log.layout.entries:
                    log.value(entry.name, step, entry.on)
        except StriateError:
            refused += 1
        (copy / name).write_bytes(files[name])
    assert refused > 100


def test_a_pipe_is_no_recording(copy):
    os.unlink(copy / VALUES)
    os.mkfifo(copy / VALUES)
    log = open_recording(copy)
    assert log.steps == ()


def test_a_full_disk_ends_the_recording_and_not_the_training(tmp_path, monkeypatch):
    expected = trained(Recorder(tmp_path / "whole", what="weights", steps=1)).get_weights()
    write, count = writing._write, [0]

    def full(path, start, pieces):
        count[0] += 1
        if count[0] <= 5:
            return write(path, start, pieces)
        write(path, start, [pieces[0], pieces[1][:2]])
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(writing, "_write", full)
    recorder = Recorder(tmp_path / "run", what="weights", steps=1)
    with pytest.warns(UserWarning, match="the disk is full") as told:
        found = trained(recorder).get_weights()
    monkeypatch.undo()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    log = recorder.recording
    assert len(log.steps) == 5
    for step in log.steps:
        log.value("conv1/kernel", step)
    assert str(told[0].message) == (
        f"{tmp_path}/run: recording stops after {len(log.steps)} steps: values.raw cannot be written: the "
        "disk is full; expected room for every step.\n"
        "  Free some space there, or save to another disk. What was saved there before is untouched."
    )


def test_an_existing_recording_is_not_lost_by_accident(copy):
    before = folder_size(copy)
    with pytest.raises(ArgumentError) as refused:
        trained(Recorder(copy))
    assert str(refused.value) == (
        f"{copy}: it holds a recording; expected a new folder.\n  Give another folder, or overwrite=True."
    )
    assert folder_size(copy) == before
    (copy / "notes.txt").write_text("mine")
    trained(Recorder(copy, what="weights", steps=6, overwrite=True))
    assert open_recording(copy).steps == (0, 6, 12)
    assert (copy / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (
            lambda log: log.value("conv1/kernal", 4),
            ArgumentError,
            "{path}: there is no 'conv1/kernal'; expected one of conv1/kernel, conv1/bias, dense1/kernel, "
            "dense1/bias.\n  Did you mean 'conv1/kernel'?",
        ),
        (
            lambda log: log.value("conv1/kernel", 5),
            ArgumentError,
            "{path}: step 5 was not recorded; expected a recorded step.\n  The nearest: 4 and 8.",
        ),
        (
            lambda log: log.value("conv1/kernel", 4, on="batch"),
            ArgumentError,
            "{path}: there is no 'conv1/kernel' on 'batch'; expected one of conv1/kernel, conv1/bias, "
            "dense1/kernel, dense1/bias.\n  Record it with layers= and what=.",
        ),
        (
            lambda log: log.part("conv1/bias", 4, 7),
            ArgumentError,
            "{path}, conv1/bias: the index is 7; expected places in axes of 2.\n"
            "  Use whole numbers and slices, one for each axis at most.",
        ),
        (
            lambda log: open_recording(log.path / "nowhere"),
            FormatError,
            "{path}/nowhere: there is no such folder; expected a recording.\n"
            "  Give the folder that a Recorder was given.",
        ),
    ],
)
def test_what_is_not_recorded_is_said(folder, ask, kind, message):
    with pytest.raises(kind) as refused:
        ask(open_recording(folder))
    assert str(refused.value) == message.format(path=folder)


def test_a_model_needs_every_weight(tmp_path):
    recorder = Recorder(tmp_path / "run", "conv1", "weights")
    trained(recorder)
    with pytest.raises(ArgumentError) as refused:
        recorder.recording.model(0)
    assert str(refused.value) == (
        f"{tmp_path}/run: 2 weights are not recorded, such as 'dense1/bias'; expected every weight.\n"
        "  Record layers=None and what=('weights', …)."
    )


def test_wrong_arguments_are_all_told_at_once():
    with pytest.raises(ArgumentError) as refused:
        Recorder(
            "a", what="weight", steps=0, on="moon", dtype="int8", limit_bytes=0, over_limit="x", examples=0
        )
    assert str(refused.value) == (
        "7 problems:\n"
        "1. Recorder.what: got 'weight'; expected some of weights, gradients, activations.\n"
        "  Write for instance what=('weights',).\n"
        "2. Recorder.on: got 'moon'; expected some of probe, batch.\n"
        "  Write for instance on=('probe',).\n"
        "3. Recorder.steps: got 0; expected a whole number from 1, whole numbers from 0, or a function.\n"
        "  Write steps=10 for every tenth step, steps=[0, 1, 10, 100], or a function of the step.\n"
        "4. Recorder.dtype: got 'int8'; expected one of float32, float16.\n"
        "  Write dtype='float32'.\n"
        "5. Recorder.over_limit: got 'x'; expected one of thin, stop, refuse.\n"
        "  Write over_limit='thin'.\n"
        "6. Recorder.limit_bytes: got 0; expected a whole number from 1.\n"
        "  Write limit_bytes=2**30, one GiB.\n"
        "7. Recorder.examples: got 0; expected a whole number from 1, x, or (x, y).\n"
        "  Write for instance examples=4."
    )


@pytest.mark.parametrize(
    ("recorder", "more", "kind", "message"),
    [
        (
            {"layers": ["conv1", "conv2", "dense1/kern"]},
            {},
            ArgumentError,
            "2 problems:\n"
            "1. Recorder.layers: there is no 'conv2'; expected a layer, one of its values, or a weight.\n"
            "  Did you mean 'conv1'?\n"
            "2. Recorder.layers: there is no 'dense1/kern'; expected a layer, one of its values, or a "
            "weight.\n"
            "  Did you mean 'dense1/kernel'?",
        ),
        (
            {"examples": np.ones((2, 4, 4, 1), np.float32)},
            {},
            ArgumentError,
            "Recorder.examples: it holds no targets, and gradients are to be recorded; expected (x, y).\n"
            '  Give examples=(x, y), or leave "gradients" out of what.',
        ),
        (
            {"examples": np.ones((2, 5, 4, 1), np.float32), "what": "activations"},
            {},
            DataError,
            None,
        ),
        (
            {},
            {"x": [(np.ones((8, 4, 4, 1), np.float32), np.ones((8, 3), np.float32))], "y": None},
            ArgumentError,
            "Recorder.examples: got 4, and the training reads its batches from an iterable; "
            "expected arrays.\n"
            "  Give the probe as arrays: examples=(x, y).",
        ),
        (
            {"on": "batch"},
            {"x": [(np.ones((8, 4, 4, 1), np.float32), np.ones((8, 3), np.float32))], "y": None},
            ArgumentError,
            "Recorder.on: it is 'batch', and the training reads its batches from an iterable; "
            "expected a training on arrays.\n"
            "  Give x and y as arrays, or record on='probe' with examples=(x, y).",
        ),
    ],
)
def test_what_does_not_fit_the_training_is_said_before_it(tmp_path, recorder, more, kind, message):
    more = more | ({"batch_size": None} if "x" in more else {})
    with pytest.raises(kind) as refused:
        trained(Recorder(tmp_path / "run", **recorder), **more)
    assert message is None or str(refused.value) == message
    assert not (tmp_path / "run").exists()


def test_a_resumed_training_does_not_mix_two_recordings(folder, copy):
    recorder = Recorder(copy, what=("weights", "activations"))
    recorder.set_state({"count": 2})
    with pytest.raises(FormatError) as refused:
        trained(recorder)
    assert "it holds other arrays than this recorder would add; expected the same arrays." in str(
        refused.value
    )


def test_a_recording_can_be_looked_at(folder, tmp_path):
    log = open_recording(folder)
    words = log.text()
    assert "4 steps, 4 arrays each, float32: " in words
    assert "From step 0 to step 12." in words
    assert log.pixels().shape[2] == 3
    assert "<script" not in log.page()
    Writer.create(tmp_path / "new", log.layout)
    assert "Nothing is recorded yet." in open_recording(tmp_path / "new").text()


def test_no_warning_when_there_is_room(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained(Recorder(tmp_path / "run", steps=4))


def test_the_scribe_tells_of_the_step_before(tmp_path):
    entry = Entry("a", "", (2,))
    scribe = Scribe(Writer.create(tmp_path / "run", Layout("float32", (entry,))))
    scribe.add(0, 0, lambda: {entry: np.zeros(2)})
    scribe.add(1, 0, lambda: {entry: np.ones(3)})
    with pytest.raises(AssertionError):
        scribe.finish()
    scribe.finish()
    scribe.close()
    assert open_recording(tmp_path / "run").steps == (0,)
