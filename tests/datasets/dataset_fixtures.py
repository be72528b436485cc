"""Fixtures of the tests in this folder; each module imports those it needs."""

import hashlib

import numpy as np
import pytest

__all__ = ["body", "digest", "fresh_home"]


@pytest.fixture(autouse=True)
def fresh_home(tmp_path, monkeypatch):
    """An empty cache folder of its own for every test."""
    home = tmp_path / "home"
    monkeypatch.setenv("STRIATE_HOME", str(home))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return home


@pytest.fixture(scope="session")
def body():
    """Random bytes, a little more than two reads long."""
    return np.random.default_rng(7).bytes((1 << 19) + 4321)


@pytest.fixture(scope="session")
def digest(body):
    return hashlib.sha256(body).hexdigest()
