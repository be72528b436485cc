"""A search: trials in a study on disk that goes on, falls behind, and says what mattered."""

import json

import numpy as np
import pytest
from picture_fixtures import paint

from striate.errors import ArgumentError, DataError
from striate.network import from_json
from striate.tasks import Wishes
from striate.tasks import search as module
from striate.tasks.answers import Continuous, Multinomial
from striate.tasks.search import search

optuna = pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return paint(tmp_path_factory.mktemp("search") / "pets", ("cat", "dog", "owl"), 15)


@pytest.fixture
def quick(monkeypatch):
    """Few widths and batches, so that little is compiled."""
    monkeypatch.setattr(module, "WIDTHS", (4,))
    monkeypatch.setattr(module, "BATCHES", (16,))
    monkeypatch.setattr(module, "_augments", lambda material: ("none",))


def test_a_search_goes_on_where_it_stopped(folder, quick, tmp_path):
    told = []
    wishes = Wishes(str(folder), epochs=1, seed=2)
    first = search(wishes, 2, tmp_path / "found", tell=lambda *said: told.append(said))
    assert [done for done, _, _ in told] == [1, 2]
    again = search(wishes, 3, tmp_path / "found", tell=lambda *said: told.append(said))
    assert [done for done, _, _ in told] == [1, 2, 3]
    assert again.trials[:2] == first.trials
    assert again.value == min(value for _, state, value, _ in again.trials if state == "complete")
    rates = {settings["learning_rate"] for _, _, _, settings in again.trials}
    assert len(rates) == 3
    best = from_json((tmp_path / "found" / "network.json").read_text())
    assert best == again.order.network
    assert again.order.recipe.learning_rate in rates
    assert again.order.recipe.epochs > 3
    assert "PED-ANOVA" in (tmp_path / "found" / "importance.html").read_text("utf-8")
    listed = json.loads((tmp_path / "found" / "trials.json").read_text())["trials"]
    assert [each["number"] for each in listed] == [0, 1, 2]
    assert again.command.startswith(
        f"striate train {folder} --model {tmp_path / 'found' / 'network.json'} --lr "
    )
    with pytest.raises(DataError) as refused:
        search(Wishes(str(folder), epochs=2, seed=2), 4, tmp_path / "found")
    assert str(refused.value) == (
        f"{tmp_path / 'found'}: its search differs in: epochs; expected the same search.\n"
        "  Choose another folder with --out."
    )


def test_a_trial_that_falls_behind_is_cut_short():
    """Fed with made-up losses: the fifth trial is worse than the median after its warm-up, and stops."""

    class Model:
        stop_training = False

    study = optuna.create_study(pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2))
    ends = []
    for level in (1.0, 1.1, 0.9, 1.0, 5.0):
        trial, model = study.ask(), Model()
        watcher = module._Watcher(trial)
        watcher.set_model(model)
        for epoch in range(6):
            watcher.on_epoch_end(epoch, {"val_loss": np.float32(level - 0.01 * epoch)})
            if model.stop_training:
                break
        ends.append((epoch, watcher.behind))
        study.tell(trial, watcher.best)
    assert ends == [(5, False)] * 4 + [(2, True)]


def test_what_is_searched_suits_the_answer():
    class Trial:
        def suggest_categorical(self, name, choices):
            return choices[-1]

        def suggest_float(self, name, low, high, log):
            return low

    class Some:
        shape = (8, 8, 3)
        answer = Multinomial(("a", "b", "c"))

    assert module.suggest(Trial(), Some())["smoothing"] == 0.1
    assert module.suggest(Trial(), Some())["augment"] == "strong"
    Some.answer = Continuous(("angle",))
    assert "smoothing" not in module.suggest(Trial(), Some())
    assert module.suggest(Trial(), Some())["augment"] == "none"


def test_searches_that_cannot_be(folder, monkeypatch):
    with pytest.raises(ArgumentError, match="--trials: got 0; expected a whole number from 1"):
        search(Wishes(str(folder)), 0)
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(
        ArgumentError, match=r"search: Optuna is not installed; expected optuna.\n  Install it: "
    ):
        search(Wishes(str(folder)), 3)
