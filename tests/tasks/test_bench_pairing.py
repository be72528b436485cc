"""Side by side: how rounds become rows, ratios and aims, and what becomes of peers that fail."""

import importlib.util
import json
import sys
import time
from pathlib import Path

import pytest

from striate.tasks import recipes
from striate.tasks.bench import WORKS, convs

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from pairing import page, plan, processes, quiet, results, table  # noqa: E402


def load_common():
    spec = importlib.util.spec_from_file_location("peers_common", BENCHMARKS / "peers" / "common.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


common = load_common()


def record(work, peer, setting, ms, precision="float32", shape=(256, 28, 28, 1), **facts):
    told = {"work": work, "peer": peer, "setting": setting, "precision": precision, "shape": list(shape)}
    return {**told, "ms": ms, "min": ms - 1, "peak_mb": 300.0, "versions": {peer: "1"}, **facts}


def steps(*rounds):
    """Records of mnist-step: (ours, torch eager, torch bf16) for each round."""
    found = []
    for ours, eager, half in rounds:
        found += [
            record("mnist-step", "striate", "float32", ours, gflop=4.0, peak_mb=200.0),
            record("mnist-step", "torch", "eager", eager),
            record("mnist-step", "torch", "bf16", half, precision="bfloat16"),
        ]
    return found


def test_rows_are_medians_over_the_rounds_and_minima_of_all():
    ours, eager, half = results.rows(steps((10, 40, 20), (12, 50, 22), (30, 45, 21)))
    assert (ours["ms"], ours["min"], ours["rounds"]) == (12, 9, 3)
    assert (eager["ms"], eager["min"]) == (45, 39)
    assert (half["ms"], half["min"]) == (21, 19)


def test_ratios_are_ours_over_theirs_in_the_same_precision():
    ours, eager, half = results.rows(steps((10, 40, 20)))
    assert (ours["ratio"], eager["ratio"], half["ratio"]) == (1.0, 0.25, None)
    assert (ours["gflops"], eager["gflops"]) == (400.0, 100.0)
    assert "gflops" not in half


def test_fractions_of_the_best_measured_product():
    size = 1000
    products = [
        record("peak", "striate", "float32", 5.0, shape=(size, size), gflop=2.0),
        record("peak", "torch", "eager", 4.0, shape=(size, size), min=4.0),
    ]
    found = results.rows(products + steps((10, 40, 20)))
    assert results.peaks(found) == {"float32": pytest.approx(500.0)}
    fractions = {(row["work"], row["peer"], row["setting"]): row.get("fraction") for row in found}
    assert fractions["mnist-step", "striate", "float32"] == 0.8
    assert fractions["mnist-step", "torch", "eager"] == 0.2
    assert fractions["mnist-step", "torch", "bf16"] is None


def test_passes_and_shapes_are_kept_apart():
    shape = (8, 56, 64, 64, 3, 1)
    found = results.rows(
        [
            record("convs", "striate", "float32", 2.0, shape=shape, gflop=1.0, **{"pass": "dW"}),
            record("convs", "striate", "float32", 3.0, shape=shape, gflop=1.0, **{"pass": "dx"}),
            record("convs", "torch", "eager", 4.0, shape=shape, **{"pass": "dW"}),
            record("convs", "torch", "channels_last", 1.5, shape=shape, **{"pass": "dx"}),
            record("convs", "torch", "channels_last", 5.0, shape=shape, **{"pass": "dW"}),
        ]
    )
    assert [row["ratio"] for row in found] == [1.0, 1.0, 0.5, 2.0, 0.4]
    worst, mean = results.aims(found)
    assert worst == {
        "text": "worst of 2 convolutions: dx 8x56x64x64x3x1", "value": 2.0, "limit": 1.15, "met": False,
    }  # fmt: skip
    assert (mean["value"], mean["met"]) == (1.0, True)


def test_aims_are_told_with_what_was_measured():
    found = results.aims(results.rows(steps((10, 40, 20))))
    assert [(aim["text"], aim["value"], aim["met"]) for aim in found] == [
        ("time of mnist-step: striate float32 / torch eager", 0.25, True),
        ("memory of mnist-step: striate float32 / torch eager", 0.667, True),
    ]
    missed = results.aims(results.rows(steps((20, 40, 20))))
    assert table.aims_text(missed).splitlines()[0] == (
        "missed   0.50  (at most 0.27)  time of mnist-step: striate float32 / torch eager"
    )


def test_an_aim_at_one_batch_looks_at_no_other():
    answers = [
        record("resnet50-infer", peer, "float32", ms * batch, shape=(batch, 224, 224, 3), batch=batch)
        for batch in (8, 1)
        for peer, ms in (("striate", 15.0), ("onnxruntime", 20.0 / batch))
    ]
    (aim,) = results.aims(results.rows(answers))
    assert aim["text"] == "time of resnet50-infer, batch 1: striate float32 / onnxruntime float32"
    assert aim["value"] == 0.75


@pytest.mark.parametrize(
    ("seconds", "accuracy", "met"), [(9.0, 0.991, True), (9.0, 0.98, False), (11, 0.991, False)]
)
def test_a_cold_training_must_be_quick_and_right(seconds, accuracy, met):
    cold = {
        "work": "mnist-99",
        "peer": "striate",
        "setting": "float32",
        "precision": "float32",
        "shape": [28, 28, 1],
    }
    rounds = [{**cold, "s": seconds + shift, "acc": accuracy, "peak_mb": 400} for shift in (-0.5, 0.5)]
    (row,) = results.rows(rounds)
    (aim,) = results.aims([row])
    assert (row["s"], row["acc"], row["rounds"]) == (seconds, accuracy, 2)
    assert (aim["value"], aim["met"]) == (seconds, met)
    assert f"{100 * accuracy:.2f} %" in aim["text"]


def test_the_table_sorts_the_fastest_first_and_keeps_works_together():
    rows = results.rows([*steps((10, 40, 20)), record("cifar-step", "striate", "float32", 5.0)])
    lines = table.text(rows).splitlines()
    assert lines[0].split()[:3] == ["work", "shape", "who"]
    assert [line.split()[0] for line in lines[1:]] == ["mnist-step"] * 3 + ["cifar-step"]
    assert [line.split()[3] for line in lines[1:4]] == ["float32", "bf16", "eager"]
    assert lines[3].endswith("0.25x")
    assert len({len(line) for line in lines if line.endswith("x")}) == 1


def test_the_page_is_whole_and_harmless():
    rows = results.rows(steps((10, 40, 20)))
    conv = {"shape": (1, 2), "gflop": 1.0, "pass": "dW"}
    rows += results.rows([record("convs", "striate", "float32", 2.0, **conv)])
    result = {
        "machine": {"processor": "<b>"}, "versions": {"torch": {"torch": "2", "extra": "not installed"}},
        "peak": {"float32": 500.0}, "aims": results.aims(rows), "rows": rows, "left_out": ["x & y"],
    }  # fmt: skip
    made = page.page(result)
    assert made.count("plotly.js v") == 1
    assert "&lt;b&gt;" in made
    assert "x &amp; y" in made
    assert "not installed" not in made
    assert "0.25x" in made
    assert made.endswith("</body></html>")
    assert "https://cdn" not in made.split("<h2>All numbers</h2>")[1]


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A bench whose peers are small programs."""

    def make(program, **given):
        path = tmp_path / "peer.py"
        path.write_text(program)
        monkeypatch.setattr(processes, "python_of", lambda peer: Path(sys.executable))
        monkeypatch.setattr(processes, "PROGRAMS", {"torch": path})
        monkeypatch.setattr(processes, "wait_until_quiet", lambda longest: None)
        return processes.Bench(data=tmp_path / "mnist.npz", threads=3, **given)

    return make


PRINTS = """
import json, os, sys
print("some noise")
print(json.dumps({"work": sys.argv[1], "words": sys.argv[2:], "threads": os.environ["OMP_NUM_THREADS"]}))
"""


def test_a_process_is_told_its_setting_and_its_lines_are_kept(bench):
    made = bench(PRINTS, quick=True)
    made.measure(plan.Work("resnet50-infer", (), quick_words=("--batch", "1")), plan.LAST, 2)
    (found,) = made.records
    assert (found["work"], found["round"], found["threads"]) == ("resnet50-infer", 2, "3")
    words = " ".join(found["words"])
    assert words.startswith("--quick --batch 1 --setting channels_last --threads 3 --data ")
    assert made.left_out == []


def test_a_whole_training_is_timed_from_outside_and_uses_our_recipe(bench):
    made = bench("import json, sys; print(json.dumps({'peer': 'torch', 'acc': 0.9, 'words': sys.argv}))")
    ours = {"peer": "striate", "recipe": {"optimizer": "adamw", "schedule": "one-cycle", "epochs": 3}}
    made.records.append(ours)
    made.measure(plan.Work("mnist-99", ()), plan.LAST, 4)
    found = made.records[1]
    assert found["s"] > 0
    assert found["words"][-4:] == ["--seed", "4", "--recipe", json.dumps(ours["recipe"])]
    made.records[0]["recipe"]["optimizer"] = "muon"
    made.measure(plan.Work("mnist-99", ()), plan.LAST, 5)
    assert made.records[2]["words"][-1] == "{}"


def test_a_failure_is_noted_once_and_not_tried_again(bench):
    made = bench("import sys; sys.exit('first line\\nNo such kernel')")
    for turn in range(2):
        made.measure(plan.Work("convs", ()), plan.HALF, turn)
    assert made.left_out == ["convs, torch bf16: No such kernel"]
    assert made.records == []


def test_our_own_error_is_told_without_its_cure():
    said = "error: --precision: got 'bfloat16'; expected float32.\n  Leave --precision out.\n"
    assert processes._last_words(said) == "--precision: got 'bfloat16'; expected float32."
    assert processes._last_words("") == "it said nothing"


def test_a_run_without_time_leaves_out_the_rest(bench):
    made = bench(PRINTS, deadline=time.monotonic() + 1)
    made.measure(plan.Work("convs", ()), plan.HALF, 0)
    assert made.left_out == ["convs, torch bf16: no time was left"]


def test_a_process_that_hangs_is_ended(bench, monkeypatch):
    made = bench("import time; time.sleep(60)", deadline=100.0)
    monkeypatch.setattr(processes, "SHORTEST", 0.0)
    monkeypatch.setattr(processes.time, "monotonic", lambda: 99.7)
    began = time.perf_counter()
    made.measure(plan.Work("convs", ()), plan.HALF, 0)
    assert made.left_out == ["convs, torch bf16: it took too long"]
    assert time.perf_counter() - began < 50


def test_peers_do_the_same_works():
    assert common.CONVOLUTIONS == convs.SHAPES
    assert {work.name for work in plan.WORKS} == set(WORKS)
    assert set(common.BATCHES) < set(WORKS)
    for work in plan.WORKS:
        assert set(work.quick) <= set(work.contenders)


def test_what_peers_read_of_a_recipe_is_there():
    assert set(common.RECIPE) < set(recipes.get("default", "mnist").to_json())


def test_peers_know_their_settings():
    for work in plan.WORKS:
        for contender in work.contenders:
            if contender.peer == "striate":
                continue
            program = plan.PROGRAMS[contender.peer].read_text()
            assert f'"{contender.setting}"' in program
            assert f'"{work.name}"' in program


def test_peers_count_calls_as_we_do(monkeypatch):
    calls, now = [], [0.0]

    def call():
        calls.append(1)
        now[0] += 0.002

    monkeypatch.setattr(common.time, "perf_counter", lambda: now[0])
    assert common.time_calls(call, 3, 0.02) == pytest.approx([2.0] * 3)
    assert len(calls) == 4 + 3 * 10


def test_what_others_take_is_all_that_was_busy_but_not_ours(monkeypatch):
    """Of 8 processor seconds 5 were busy, 3 of them for our own child: a quarter went to others."""
    states, own = iter(((100.0, 200.0), (105.0, 208.0))), iter((7.0, 10.0))
    monkeypatch.setattr(quiet, "processors", lambda: next(states))
    monkeypatch.setattr(quiet, "children", lambda: next(own))
    assert quiet.Watch().others() == 0.25


def test_without_proc_nothing_is_known_and_nothing_waits(monkeypatch):
    monkeypatch.setattr(quiet, "processors", lambda: None)
    monkeypatch.setattr(quiet.time, "sleep", lambda seconds: None)
    assert quiet.Watch().others() is None
    quiet.wait_until_quiet(1000.0)


def test_waiting_ends_when_others_are_done(monkeypatch):
    busy = iter([1.0, 1.0, 0.02])
    slept = []
    monkeypatch.setattr(quiet.Watch, "others", lambda self: next(busy))
    monkeypatch.setattr(quiet.time, "sleep", slept.append)
    quiet.wait_until_quiet(1000.0)
    assert len(slept) == 3


def test_a_row_remembers_its_most_disturbed_round():
    rounds = [
        record("peak", "torch", "eager", 5.0, shape=(9, 9), others=share) for share in (0.01, 0.3, None)
    ]
    (row,) = results.rows(rounds)
    assert row["others"] == 0.3
    assert "30 %" in table.cells(row)
