"""One call for what the layers answer to pictures."""

import numpy as np
import pytest

import striate as st
from striate import layers
from striate.errors import ArgumentError


@pytest.fixture(scope="module")
def model():
    parts = [st.Input((6, 6, 1)), layers.Conv2D(3, 3, name="a"), layers.Conv2D(2, 3, name="b")]
    return st.Sequential(parts, seed=1)


@pytest.mark.parametrize(
    ("shape", "count"), [((6, 6, 1), 1), ((6, 6), 1), ((2, 6, 6), 2), ((2, 6, 6, 1), 2), ((6, 6, 6), 6)]
)
def test_pictures_may_lack_their_outer_axes(model, shape, count):
    x = np.random.default_rng().normal(size=shape).astype(np.float32)
    seen = st.see(model, x, "a")
    assert len(seen) == count
    record = model.network.apply(model.variables, x.reshape(count, 6, 6, 1), record=True).record["a"]
    for index in range(count):
        np.testing.assert_allclose(seen[index].maps["a"], record[index], rtol=1e-5, atol=1e-6)


def test_it_can_be_looked_at(model, tmp_path):
    seen = st.see(model, np.random.default_rng().normal(size=(9, 6, 6, 1)).astype(np.float32))
    assert seen.page().count("<figure>") == 8 * 3
    assert "The first 8 of 9 pictures." in seen.page()
    assert seen.save(tmp_path / "a.png").stat().st_size > 1000
    with pytest.raises(ArgumentError):
        st.see(model, np.zeros((6, 6, 1), np.float32), "c")
