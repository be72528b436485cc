"""Strict weather for every test: no silent promotion of types or ranks, Keras on JAX, no cache of the user's."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(autouse=True)
def striate_home(tmp_path_factory, monkeypatch):
    """Keep every test away from the person's own cache folder."""
    home = tmp_path_factory.getbasetemp() / "striate-home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("STRIATE_HOME", str(home))
    return home
