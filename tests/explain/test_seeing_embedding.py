"""Pictures as points: PCA against NumPy's SVD, the libraries' methods, and the page."""

import importlib
import re

import numpy as np
import pytest
from seeing_networks import NAMES, pictures, scaled, small

from striate.errors import ArgumentError
from striate.explain import embed, read
from striate.explain.seeing import _planes
from striate.explain.seeing._planes import principal_components
from striate.explain.seeing._scatter import COLOURS, on_unit_square, scatter, thumbnail_scatter


@pytest.fixture(scope="module")
def model():
    return small()


@pytest.mark.parametrize("shape", [(30, 7), (6, 40), (12, 12)])
def test_pca_is_the_singular_value_decomposition(shape):
    rows = np.random.default_rng().normal(size=shape) * np.linspace(1, 4, shape[1])
    points, directions, shares = principal_components(rows, 3)
    centred = rows - rows.mean(0)
    u, s, v = np.linalg.svd(centred, full_matrices=False)
    signs = np.sign(v[np.arange(3), np.abs(v[:3]).argmax(1)])[:, None]
    np.testing.assert_allclose(directions, v[:3] * signs, atol=1e-8)
    np.testing.assert_allclose(points, (u * s)[:, :3] * signs.T, atol=1e-8)
    np.testing.assert_allclose(shares, (s**2 / (s**2).sum())[:3], atol=1e-10)


def test_pictures_that_are_all_alike_are_one_point():
    points, directions, shares = principal_components(np.ones((5, 3)))
    assert not points.any()
    assert np.isfinite(directions).all()
    assert not shares.any()


def test_the_points_are_those_of_what_the_last_layer_reads(model):
    images = pictures(9)
    seen = embed(model, images)
    features = np.asarray(read(model, images).values["flat"], np.float64)
    np.testing.assert_allclose(seen.points, principal_components(features)[0], atol=1e-5)
    assert seen.title == "9 pictures by flat (PCA)"
    assert "direction of most variance" in seen.text()


def test_maps_can_be_averaged_and_pixels_taken(model):
    images = pictures(9)
    maps = np.asarray(read(model, images).values["b"])
    pooled = embed(model, images, "b", pool=True)
    np.testing.assert_allclose(pooled.points, principal_components(maps.mean((1, 2)))[0], atol=1e-5)
    pixels = embed(model, iter([images[:4], images[4:]]), "input1")
    np.testing.assert_allclose(
        pixels.points, principal_components(scaled(images).reshape(9, -1))[0], atol=1e-4
    )


def test_tsne_keeps_neighbours_together(model):
    rng = np.random.default_rng(2)
    groups = np.repeat([[0], [255]], 20, 0).reshape(40, 1, 1, 1)
    images = np.clip(groups + rng.integers(-9, 9, (40, 14, 14, 3)), 0, 255).astype(np.uint8)
    seen = embed(model, images, by="tsne", perplexity=5, max_iter=300)
    points = seen.points
    assert points.shape == (40, 2)
    apart = np.linalg.norm(points[:20].mean(0) - points[20:].mean(0))
    assert apart > np.linalg.norm(points[:20] - points[:20].mean(0), axis=1).mean()
    assert "t-SNE" in seen.title
    assert "mean nothing" in seen.text()


@pytest.mark.parametrize(("by", "package"), [("tsne", "scikit-learn"), ("umap", "umap-learn")])
def test_a_missing_library_is_named_before_anything_is_computed(model, by, package, monkeypatch):
    def nothing(name):
        raise ImportError(name)

    monkeypatch.setattr(_planes, "import_module", nothing)
    with pytest.raises(ArgumentError) as refused:
        embed(model, None, by=by)
    assert str(refused.value) == (
        f"by: {by!r} needs {package}, which is not installed; expected {package} beside striate.\n"
        f"  Install it with: pip install {package} (or choose by='pca')."
    )


def test_umap_is_called_with_a_seed_and_few_neighbours(model, monkeypatch):
    given = {}

    class UMAP:
        def __init__(self, **options):
            given.update(options)

        def fit_transform(self, rows):
            return rows[:, :2]

    stand_in = type("umap", (), {"UMAP": UMAP})
    monkeypatch.setattr(
        _planes, "import_module", lambda name: stand_in if name == "umap" else importlib.import_module(name)
    )
    seen = embed(model, pictures(6), by="umap", seed=4, min_dist=0.2)
    assert given == {"n_neighbors": 5, "random_state": 4, "n_jobs": 1, "min_dist": 0.2}
    assert seen.points.shape == (6, 2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_umap_itself_keeps_neighbours_together(model):
    pytest.importorskip("umap")
    rng = np.random.default_rng(2)
    groups = np.repeat([[0], [255]], 20, 0).reshape(40, 1, 1, 1)
    images = np.clip(groups + rng.integers(-9, 9, (40, 14, 14, 3)), 0, 255).astype(np.uint8)
    points = embed(model, images, by="umap").points
    apart = np.linalg.norm(points[:20].mean(0) - points[20:].mean(0))
    assert apart > np.linalg.norm(points[:20] - points[:20].mean(0), axis=1).mean()


def test_the_page_shows_every_picture_without_a_script(model, tmp_path):
    seen = embed(model, pictures(7), labels=[0, 1, 2, 3, 2, 1, 0])
    page = seen.page()
    assert "<script" not in page
    assert page.count('<i tabindex="0"') == 7
    assert page.count("data:image/png") == 7 + 1
    assert page.count("http") == page.count("http-equiv")
    assert "&lt;b&gt;cat&lt;/b&gt;" in page
    assert "<b>cat" not in page
    assert set(re.findall(r"background:(#\w{6})", page)) == {
        "#" + "".join(f"{part:02x}" for part in COLOURS[n]) for n in range(4)
    }
    assert seen.save(tmp_path / "points.png").stat().st_size > 1000


def test_the_plane_has_one_scale_and_up_is_up():
    points = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 2.0]])
    np.testing.assert_allclose(on_unit_square(points), [[0, 0.75], [1, 0.75], [0, 0.25]])
    assert on_unit_square(np.zeros((2, 2))).tolist() == [[0.5, 0.5]] * 2


def test_dots_have_the_colours_of_their_labels_and_a_legend():
    shown = scatter(np.array([[0.0, 0], [1, 1]]), np.array([0, 3]), NAMES)
    for number in (0, 3):
        assert (shown == COLOURS[number]).all(-1).sum() > 30
    assert shown.shape[0] > scatter(np.array([[0.0, 0], [1, 1]]), None, ()).shape[0]


def test_thumbnails_never_cover_one_another():
    points = np.random.default_rng().normal(size=(50, 2))
    black = np.zeros((50, 20, 20, 3), np.uint8)
    covered = (thumbnail_scatter(points, black) == 0).all(-1).sum()
    assert covered % 400 == 0
    assert covered >= 4 * 400
