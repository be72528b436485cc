"""Callbacks called by name, and what the loop learns from them."""

import pytest

from striate.training._hooks import Hooks
from striate.training.callbacks import BackupAndRestore, Callback, EarlyStopping, History, LambdaCallback


class Batches(Callback):
    def on_batch_end(self, batch, logs=None):
        """Keras' older name."""


@pytest.mark.parametrize(
    ("callback", "wanted"),
    [
        (Callback(), False),
        (EarlyStopping(), False),
        (Batches(), True),
        (LambdaCallback(on_train_batch_end=lambda batch, logs: None), True),
        (LambdaCallback(on_epoch_end=lambda epoch, logs: None), False),
    ],
)
def test_only_callbacks_for_batches_slow_the_loop_down(callback, wanted):
    assert Hooks([callback], None, {}).every_batch is wanted


def test_periods_come_from_backups():
    assert Hooks([BackupAndRestore("a", save_freq=7), BackupAndRestore("b")], None, {}).periods == (7,)


def test_the_next_looks_come_from_periods_and_from_answers():
    class Asked:
        def __init__(self, step):
            self.step = step

        def next_wanted_step(self, done):
            return self.step

    callbacks = [BackupAndRestore("a", save_freq=7), Asked(30), Asked(None), Asked(3)]
    assert Hooks(callbacks, None, {}).next_looks(20) == [21, 30, 21]


def test_hooks_are_called_in_order_and_only_where_they_are():
    said = []

    class Plain:
        def on_epoch_begin(self, epoch, logs):
            said.append(("plain", epoch))

    hooks = Hooks(
        [Plain(), LambdaCallback(on_epoch_begin=lambda e, logs: said.append(("lambda", e)))], "m", {}
    )
    hooks.call("on_epoch_begin", 3, {})
    hooks.call("on_train_end", {})
    assert said == [("plain", 3), ("lambda", 3)]


def test_memories_find_their_callbacks_by_class():
    first, second, history = EarlyStopping(), EarlyStopping(), History()
    first.best, second.best, history.epoch = 1.0, 2.0, [0, 1]
    states = Hooks([first, second, history], None, {}).states()
    new = [History(), EarlyStopping(), EarlyStopping()]
    Hooks([object(), *new], None, {}).set_states(states)
    assert new[0].epoch == [0, 1]
    assert [new[1].best, new[2].best] == [1.0, 2.0]
