"""Checkpoints: any tree of arrays comes back bit for bit, or everything that differs is named."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from striate.errors import ArgumentError, FormatError, StriateError
from striate.formats import load_checkpoint, restore_tree, save_checkpoint

CURE = "\n  Resume with the network, the optimizer and the settings the checkpoint was made with."


class State(NamedTuple):
    step: jax.Array
    moments: dict


def tree(seed=0):
    random = np.random.default_rng(seed)
    params = {"base/conv1": {"kernel": jnp.asarray(random.normal(size=(3, 3, 1, 2)), jnp.float32)}}
    return {
        "params": params,
        "optimizer": optax.adam(1e-3).init(params),
        "mine": State(jnp.int32(7), {"a": [np.float64(1 / 3), None]}),
        "key": jax.random.key_data(jax.random.key(3)),
    }


def check_equal(found, wanted):
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert one.dtype == np.asarray(other).dtype
        assert one.tobytes() == np.asarray(other).tobytes()


def test_a_tree_with_an_optimizer_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / "checkpoint.striate"
    record = {"epoch": 3, "rate": 0.1 + 0.2, "history": {"loss": [1e-300, 0.25]}, "best": None}
    save_checkpoint(path, tree(), record)
    arrays, found = load_checkpoint(path)
    assert found == record
    assert {
        "params/base/conv1/kernel",
        "optimizer/0/mu/base/conv1/kernel",
        "mine/step",
        "mine/moments/a/0",
    } < set(arrays)
    check_equal(restore_tree(tree(1), arrays), tree())


def test_numbers_that_are_not_finite_are_kept_bit_for_bit(tmp_path):
    weird = np.array([np.nan, -np.inf, -0.0, 1e-45], np.float32)
    save_checkpoint(tmp_path / "a", {"w": weird}, {})
    assert load_checkpoint(tmp_path / "a")[0]["w"].tobytes() == weird.tobytes()


def test_the_same_state_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_checkpoint(tmp_path / name, tree(), {"x": 1, "y": 2} if name == "a" else {"y": 2, "x": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("number", [1, 2.5, True])
def test_plain_numbers_are_arrays_without_axes(tmp_path, number):
    save_checkpoint(tmp_path / "a", number, {})
    arrays, _ = load_checkpoint(tmp_path / "a")
    assert arrays["tree"].shape == ()
    assert arrays["tree"].item() == number


def test_what_a_checkpoint_cannot_hold_is_told_at_once(tmp_path):
    with pytest.raises(ArgumentError) as caught:
        save_checkpoint(
            tmp_path / "a", {"a": "text", "b": jax.random.key(0), "c": {"d/e": 1}, "c/d": {"e": 2}}, {}
        )
    assert str(caught.value) == (
        "3 problems:\n"
        "1. a: found str; expected an array.\n  Keep other values in the record.\n"
        "2. b: found a random key; expected an array of numbers.\n  Keep jax.random.key_data(key).\n"
        "3. c/d/e: two arrays have this name; expected one.\n  Rename a key that holds a '/'."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_record_must_be_finite(tmp_path):
    with pytest.raises(ArgumentError) as caught:
        save_checkpoint(tmp_path / "a", {}, {"best": float("inf")})
    assert str(caught.value) == (
        "record.best: found inf; expected a finite number.\n  Keep it in an array, or use None."
    )


def test_everything_that_differs_is_told_at_once():
    template = {"a": np.zeros(2, np.float32), "b": np.zeros(3, np.float32), "c": np.zeros(1, np.int32)}
    arrays = {"a": np.zeros(4, np.float32), "c": np.zeros(1, np.float32), "d": np.zeros(1)}
    with pytest.raises(FormatError) as caught:
        restore_tree(template, arrays)
    assert str(caught.value) == (
        "4 problems:\n"
        f"1. checkpoint, a: it is float32 [4]; expected float32 [2].{CURE}\n"
        f"2. checkpoint, b: it is missing; expected float32 [3].{CURE}\n"
        f"3. checkpoint, c: it is float32 [1]; expected int32 [1].{CURE}\n"
        f"4. checkpoint, d: this run knows no such array; expected none.{CURE}"
    )


def test_every_cut_and_every_flipped_byte_is_refused(tmp_path):
    path = tmp_path / "a"
    save_checkpoint(path, {"w": np.arange(3, dtype=np.float32), "n": np.int64(3)}, {"epoch": 1})
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            load_checkpoint(path)
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(FormatError):
            load_checkpoint(path)


def test_a_failed_save_keeps_the_previous_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "a"
    save_checkpoint(path, {"w": np.ones(2)}, {"epoch": 1})
    with pytest.raises(StriateError):
        save_checkpoint(path, {"w": "x"}, {"epoch": 2})
    assert load_checkpoint(path)[1] == {"epoch": 1}
