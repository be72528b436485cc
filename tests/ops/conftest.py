"""What tests of the operations share."""

import pytest

from striate.ops import _native


@pytest.fixture
def without_kernels(monkeypatch):
    """Run on JAX's own operations, whether or not the native kernels were built."""
    monkeypatch.setattr(_native, "library", lambda: None)
