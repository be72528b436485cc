"""Similar pictures: the search against a slow one, the index as a file, and what a person may get wrong."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

import striate as st
from striate.errors import ArgumentError, DataError, FormatError
from striate.formats import write_safetensors
from striate.images import Preprocessing, read_image
from striate.layers import Conv2D, Dense, GlobalAveragePooling2D
from striate.network import sequential
from striate.tasks import nearest as searching
from striate.tasks.index_file import KEY, Index
from striate.tasks.nearest import nearest, precision_at, unit
from striate.tasks.retrieval import Embedder, index_pictures, open_index, similar

CURE = "\n  Make the index again: striate index FOLDER"


def slow(vectors, queries, k):
    """One pair after the other, in float64."""
    cosines = queries.astype(np.float64) @ vectors.astype(np.float64).T
    rows = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return rows, np.take_along_axis(cosines, rows, axis=1)


@pytest.mark.parametrize("block", [7, 64, 500])
def test_the_search_is_exact_however_it_is_cut(block, monkeypatch):
    monkeypatch.setattr(searching, "BLOCK", block)
    random = np.random.default_rng()
    vectors = unit(random.normal(size=(230, 9)))
    queries = unit(random.normal(size=(5, 9)))
    rows, cosines = nearest(vectors, queries, 12)
    wanted, exact = slow(vectors, queries, 12)
    np.testing.assert_array_equal(rows, wanted)
    np.testing.assert_allclose(cosines, exact, atol=1e-6)


def test_of_equals_the_earlier_and_never_more_than_there_are(monkeypatch):
    monkeypatch.setattr(searching, "BLOCK", 2)
    vectors = unit(np.array([[0.0, 1], [1, 0], [1, 0], [0, 1], [1, 0]]))
    rows, cosines = nearest(vectors, vectors[1:2], 9)
    assert rows.tolist() == [[1, 2, 4, 0, 3]]
    assert cosines.tolist() == [[1, 1, 1, 0, 0]]


def test_faiss_gives_the_same(monkeypatch):
    pytest.importorskip("faiss")
    monkeypatch.setattr(searching, "MANY", 1)
    random = np.random.default_rng(4)
    vectors = unit(random.normal(size=(300, 16)))
    rows, cosines = nearest(vectors, vectors[:4], 6)
    wanted, exact = slow(vectors, vectors[:4], 6)
    np.testing.assert_array_equal(rows, wanted)
    np.testing.assert_allclose(cosines, exact, atol=1e-5)


def test_precision_by_hand():
    angles = np.radians([0, 10, 20, 90])
    vectors = unit(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    # the two nearest others: (1, 2), (0, 2), (1, 0), (2, 1); labels a b a a
    labels = np.array([0, 1, 0, 0])
    assert precision_at(vectors, labels, 2) == pytest.approx((1 / 2 + 0 + 1 / 2 + 1 / 2) / 4)


NETWORK = sequential(
    [
        Conv2D(8, 3, strides=2, activation="relu", name="conv1"),
        GlobalAveragePooling2D(name="mean"),
        Dense(3, activation="softmax", name="fc"),
    ],
    input_shape=(12, 12, 3),
    name="tiny",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve pictures of noise around two colours, and a text."""
    root = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(6)
    for name, colour in {"red": (200, 40, 40), "blue": (40, 40, 200)}.items():
        (root / name).mkdir()
        for n in range(6):
            noise = np.clip(random.normal(colour, 20, (14, 12, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(noise).save(root / name / f"{n}.png")
    (root / "notes.txt").write_text("no picture")
    return root


@pytest.fixture(scope="module")
def model_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.striate"
    model = st.Model.from_network(NETWORK, preprocessing=Preprocessing((12, 12), fit="crop"), seed=2)
    model.save(path)
    return path


@pytest.fixture
def made(folder, model_path):
    embedder = Embedder.find(str(model_path))
    return index_pictures(folder, embedder), embedder


def test_an_index_holds_the_features_of_every_picture(made, folder, model_path):
    index, _ = made
    assert index.files == tuple(f"{name}/{n}.png" for name in ("blue", "red") for n in range(6))
    model = st.load(model_path)
    pixels = [model.preprocessing.prepare(read_image(folder / name)) for name in index.files]
    values = model.network.apply(
        model.variables, model.preprocessing.scale_pixels(np.stack(pixels)), record=("mean",)
    )
    mean = np.asarray(values.record["mean"], np.float64)
    expected = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(index.vectors, expected, atol=1e-5)


def test_maps_are_averaged(folder, model_path):
    plain = index_pictures(folder, Embedder.find(str(model_path)))
    averaged = index_pictures(folder, Embedder.find(str(model_path), "conv1"))
    np.testing.assert_allclose(averaged.vectors, plain.vectors, atol=1e-5)


def test_a_picture_finds_itself_and_then_its_like(made, folder):
    index, embedder = made
    found = similar(index, embedder, folder / "red" / "2.png", 6)
    assert found.found[0][0] == "red/2.png"
    assert found.found[0][1] == pytest.approx(1, abs=1e-6)
    assert {name.split("/")[0] for name, _ in found.found} == {"red"}
    assert found.title == "6 of 12 pictures nearest to 2.png"
    assert [each["file"] for each in found.to_json()["similar"]] == [name for name, _ in found.found]


def test_the_page_and_the_picture(made, folder, tmp_path):
    index, embedder = made
    gone = dataclasses.replace(index, folder=str(tmp_path))
    for name, each in {"here": index, "gone": gone}.items():
        found = similar(each, embedder, folder / "red" / "2.png", 3)
        page = found.save(tmp_path / f"{name}.html").read_text()
        assert page.count("<img") == 4
        assert "<script" not in page
        assert found.save(tmp_path / f"{name}.png").stat().st_size > 1000


def test_an_index_comes_back_from_its_file(made, model_path, tmp_path):
    index, _ = made
    index.save(tmp_path / "a.index")
    again, embedder = open_index(tmp_path / "a.index")
    for field in ("files", "folder", "source", "digest", "layer"):
        assert getattr(again, field) == getattr(index, field)
    np.testing.assert_array_equal(again.vectors, index.vectors)
    assert embedder.source == str(model_path)


def test_another_network_under_the_same_name_is_refused(made, tmp_path):
    index, _ = made
    path = tmp_path / "other.striate"
    st.Model.from_network(NETWORK, preprocessing=Preprocessing((12, 12)), seed=3).save(path)
    dataclasses.replace(index, source=str(path)).save(tmp_path / "a.index")
    with pytest.raises(DataError) as refused:
        open_index(tmp_path / "a.index")
    assert str(refused.value) == (
        f"{tmp_path / 'a.index'}: {path} is no longer what made it; expected the same network.\n"
        "  Index the folder again."
    )


SAID = {"digest": "0", "folder": "/nowhere", "format": 1, "layer": None, "source": "resnet50"}
ONE = {
    "vectors": np.array([[1, 0]], np.float32),
    "names": np.frombuffer(b"a.png", np.uint8),
    "ends": np.array([5], np.int64),
}


@pytest.mark.parametrize(
    ("arrays", "said", "happened"),
    [
        (ONE, None, "it is no index of pictures"),
        (ONE, SAID | {"format": 2}, "it is not of format 1"),
        (ONE, SAID | {"folder": 3}, "it does not say which folder and network it is of"),
        (ONE, SAID | {"layer": 3}, "it does not say which folder and network it is of"),
        (ONE | {"vectors": np.array([[1, 1]], np.float32)}, SAID, "its vectors are not of length 1"),
        (ONE | {"vectors": np.eye(2, dtype="f4")}, SAID, "its names and vectors do not belong together"),
        (ONE | {"ends": np.array([4], np.int64)}, SAID, "its names and vectors do not belong together"),
        (ONE | {"names": np.frombuffer(b"../.p", np.uint8)}, SAID, "a name leads out of its folder"),
        (ONE | {"names": np.frombuffer(b"/etc/", np.uint8)}, SAID, "a name leads out of its folder"),
        (ONE | {"names": np.frombuffer(b"\xff.png", np.uint8)}, SAID, "its names are no text"),
        (ONE | {"more": np.zeros(1, np.float32)}, SAID, "it holds ends, more, names, vectors in other forms"),
    ],
)  # fmt: skip
def test_files_that_are_no_index(arrays, said, happened, tmp_path):
    path = tmp_path / "a.index"
    write_safetensors(path, arrays, {} if said is None else {KEY: json.dumps(said)})
    with pytest.raises(FormatError) as refused:
        Index.load(path)
    assert str(refused.value) == f"a.index: {happened}; expected an index that striate index wrote.{CURE}"


def test_pictures_that_cannot_be_read_are_all_said_or_left_out(folder, model_path, tmp_path):
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).write_bytes(b"no picture at all")
    embedder = Embedder.find(str(model_path))
    Image.open(folder / "red" / "0.png").save(tmp_path / "c.png")
    with pytest.raises(DataError) as refused:
        index_pictures(tmp_path, embedder)
    assert len(refused.value.problems) == 2
    assert index_pictures(tmp_path, embedder, skip_broken=True).files == ("c.png",)


def test_an_empty_folder_and_no_pictures_at_all(model_path, tmp_path, made):
    index, embedder = made
    with pytest.raises(DataError) as refused:
        index_pictures(tmp_path, embedder)
    assert str(refused.value) == (
        f"{tmp_path}: the folder holds no pictures; expected a folder with pictures.\n"
        "  Name a folder with JPEG, PNG, WebP, GIF, BMP or TIFF files."
    )
    with pytest.raises(ArgumentError, match="-k: got 0; expected a whole number from 1"):
        similar(index, embedder, tmp_path / "a.png", 0)
