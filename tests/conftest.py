"""Strict weather for every test: no silent promotion of types or ranks, Keras on JAX, an empty cache."""

import os
import signal

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("STRIATE_COMPILE_CACHE", "0")  # no test gets what another one compiled

import jax
import pytest

# A shell that starts the tests in the background tells them to ignore Ctrl-C; the tests of Ctrl-C need it.
signal.signal(signal.SIGINT, signal.default_int_handler)

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(autouse=True)
def striate_home(tmp_path_factory, monkeypatch):
    """Keep every test away from the person's own cache folder."""
    home = tmp_path_factory.getbasetemp() / "striate-home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("STRIATE_HOME", str(home))
    return home
