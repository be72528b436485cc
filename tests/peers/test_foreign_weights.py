"""Files that PyTorch itself writes: every tensor comes out as it went in, whatever its type or view."""

import numpy as np
import pytest
from peer_environment import ask

from striate.errors import FormatError
from striate.formats import read_tensors

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of the files, and what PyTorch says is in each: {file: {tensor: array}}."""
    folder = tmp_path_factory.mktemp("written")
    answers = ask("foreign_torch_side.py", tmp_path_factory.mktemp("asked"), str(folder))
    files = {}
    for key, array in answers.items():
        file, _, name = key.partition(":")
        files.setdefault(file, {})[name] = array
    return folder, files


@pytest.mark.parametrize("way", ["zip", "zip4", "legacy"])
@pytest.mark.parametrize("name", ["types", "views", "checkpoint", "ordered", "alone"])
def test_every_tensor_comes_out_as_it_went_in(written, name, way):
    folder, files = written
    found = read_tensors(folder / f"{name}-{way}.pth")
    expected = files[f"{name}-{way}"]
    assert found.kind == "torch"
    assert found.metadata["format"] == way.removesuffix("4")
    assert list(found.tensors) == list(expected)
    for key, array in expected.items():
        ours = found.tensors[key]
        if "float8" in str(ours.dtype) or ours.dtype == "bfloat16":
            assert str(ours.dtype) == key
            ours = ours.astype(np.float32)
        assert ours.dtype == array.dtype, key
        np.testing.assert_array_equal(ours, array, err_msg=key)


def test_plain_values_of_a_checkpoint_are_told(written):
    found = read_tensors(written[0] / "checkpoint-zip.pth")
    kept = {
        name: value for name, value in found.metadata["values"].items() if not name.startswith("optimizer")
    }
    assert kept == {
        "epoch": 7,
        "best": 0.75,
        "arch": "small",
        "size/0": 2,
        "size/1": 3,
        "device": "cpu",
        "words/0": "a",
    }
    assert found.under("state_dict").tensors["0.weight"].shape == (3, 2, 3, 3)


REFUSED = {
    "script.pt": "it is a TorchScript program",
    "module.pt": "it names the code torch.nn.modules.linear.Linear",
    "sparse.pt": "it names the code torch._utils._rebuild_sparse_tensor",
    "expanded.pt": "a tensor has 1000000 numbers of a storage of 1",
}


@pytest.mark.parametrize("name", REFUSED)
def test_programs_and_tensors_of_other_kinds_are_refused(written, name):
    with pytest.raises(FormatError) as caught:
        read_tensors(written[0] / name)
    assert REFUSED[name] in str(caught.value)
