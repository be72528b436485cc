"""Golden files: every format version that was ever released is read as on its first day."""

import json

import jax
import numpy as np
import pytest
from golden_models import FOLDER, MODELS, VERSION, checkpoint, filled, outputs

from striate.formats import load_checkpoint, load_model, restore_tree, save_checkpoint, save_model
from striate.formats._record import FORMAT_VERSION


def test_every_golden_file_is_tested():
    names = {f"{name}-{VERSION}" for name in (*MODELS, "checkpoint")}
    assert {path.stem for path in FOLDER.glob("*.striate")} == names
    assert FORMAT_VERSION == VERSION


@pytest.mark.parametrize("name", MODELS)
def test_a_golden_model_is_what_it_was(name):
    network, extra = MODELS[name]()
    saved = load_model(FOLDER / f"{name}-1.striate")
    assert saved.network == network
    assert saved.preprocessing == extra.get("preprocessing")
    assert saved.class_names == extra.get("class_names")
    assert saved.training == extra.get("training")
    wanted = filled(network)
    assert jax.tree.structure(saved.variables) == jax.tree.structure(wanted)
    for found, array in zip(jax.tree.leaves(saved.variables), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("name", MODELS)
def test_a_golden_model_computes_what_it_did(name):
    saved = load_model(FOLDER / f"{name}-1.striate")
    wanted = json.loads((FOLDER / f"{name}-1.json").read_text())
    for found, array in zip(outputs(saved.network, saved.variables), wanted, strict=True):
        np.testing.assert_allclose(found, array, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_saving_a_golden_model_again_gives_the_same_bytes(name, tmp_path):
    path = FOLDER / f"{name}-1.striate"
    saved = load_model(path)
    extra = {key: getattr(saved, key) for key in ("preprocessing", "class_names", "training")}
    save_model(tmp_path / "again.striate", saved.network, saved.variables, **extra)
    assert (tmp_path / "again.striate").read_bytes() == path.read_bytes()


def test_the_golden_checkpoint_is_what_it_was(tmp_path):
    tree, record = checkpoint()
    arrays, found = load_checkpoint(FOLDER / "checkpoint-1.striate")
    assert found == record
    restored = restore_tree(tree, arrays)
    for one, other in zip(jax.tree.leaves(restored), jax.tree.leaves(tree), strict=True):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()
    save_checkpoint(tmp_path / "again", tree, record)
    assert (tmp_path / "again").read_bytes() == (FOLDER / "checkpoint-1.striate").read_bytes()
