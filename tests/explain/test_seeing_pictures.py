"""The parts that pictures are made of: spectra, colours, moves, likeness of style."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from striate.errors import ArgumentError
from striate.explain import Moves
from striate.explain.seeing._ascent import _opened, style_likeness
from striate.explain.seeing._colours import (
    IMAGENET,
    colour_basis,
    covariance_root,
    from_colours,
    to_colours,
)
from striate.explain.seeing._fourier import draw, frequencies, strengths, to_pictures, to_spectra
from striate.explain.seeing._moves import STILL, check_moves, draw_move, moved, usual_moves
from striate.explain.seeing._tiling import equalised, tiled_slope


@pytest.fixture
def rng():
    return np.random.default_rng()


@pytest.mark.parametrize("size", [(8, 8), (7, 10), (9, 5)])
@pytest.mark.parametrize("decay", [0.0, 1.0, 1.5])
def test_a_picture_survives_its_spectrum(rng, size, decay):
    pictures = rng.normal(size=(2, *size, 3)).astype(np.float32)
    back = to_pictures(jnp.asarray(to_spectra(pictures, decay)), size, decay)
    np.testing.assert_allclose(back, pictures, atol=2e-5)


def test_one_coefficient_is_one_wave_whose_height_falls_with_its_frequency():
    size = (16, 12)
    rows, columns = np.mgrid[:16, :12]
    for down, across in ((1, 0), (0, 2), (3, 4)):
        spectra = np.zeros((2, 1, 16, 7, 1), np.float32)
        spectra[0, 0, down, across, 0] = 1
        wave = np.cos(2 * np.pi * (down * rows / 16 + across * columns / 12))
        frequency = np.hypot(down / 16, across / 12)
        height = np.abs(to_pictures(jnp.asarray(spectra), size)).max()
        found = np.asarray(to_pictures(jnp.asarray(spectra), size))[0, ..., 0]
        np.testing.assert_allclose(found / height, wave, atol=1e-5)
        # The inverse transform divides by H W; half a spectrum has a wave once, but those of column 0 twice.
        times = 1 if across == 0 else 2
        assert height == pytest.approx(times / frequency / (16 * 12) ** 0.5 / 4, rel=1e-5)


def test_frequencies_are_numpys_and_the_mean_counts_like_the_lowest():
    found = frequencies((6, 8))
    assert found[0, 0] == 0
    assert found.max() == pytest.approx(np.hypot(0.5, 0.5))
    assert strengths((6, 8))[0, 0] == 8
    assert strengths((6, 8))[3, 4] == pytest.approx(1 / np.hypot(0.5, 0.5))


def test_drawn_pictures_have_the_spectrum_of_photographs():
    size = (64, 64)
    pictures = np.asarray(to_pictures(draw(jax.random.key(1), 8, (*size, 1)), size))[..., 0]
    power = (np.abs(np.fft.rfft2(pictures)) ** 2).mean(0)
    f = frequencies(size)
    low, high = (power[(f > a) & (f < b)].mean() for a, b in ((0.05, 0.07), (0.2, 0.28)))
    assert low / high == pytest.approx((0.24 / 0.06) ** 2, rel=0.35)


def test_a_root_of_the_covariance_gives_it_back(rng):
    mix = rng.normal(size=(3, 3))
    pixels = rng.normal(size=(5, 20, 20, 3)) @ mix.T
    root = covariance_root(pixels)
    np.testing.assert_allclose(root @ root.T, np.cov(pixels.reshape(-1, 3), rowvar=False), rtol=1e-9)
    lengths = np.linalg.norm(root, axis=0)
    assert list(lengths) == sorted(lengths, reverse=True)
    basis = colour_basis(pixels, 3)
    np.testing.assert_allclose(basis, root / lengths.max(), rtol=1e-5)


def test_colours_survive_their_basis(rng):
    colours = rng.uniform(0.05, 0.95, (2, 4, 4, 3))
    for chosen in ("imagenet", "plain", colours):
        basis = colour_basis(chosen, 3)
        back = to_colours(jnp.asarray(from_colours(colours, basis)), jnp.asarray(basis))
        np.testing.assert_allclose(back, colours, atol=1e-4)
    assert np.linalg.norm(colour_basis("imagenet", 3), axis=0).max() == pytest.approx(1)
    assert colour_basis("imagenet", 1).tolist() == [[1]]
    assert np.linalg.matrix_rank(IMAGENET) == 3


def test_black_and_white_stay_finite():
    ends = from_colours(np.array([[[0.0, 1.0, 0.5]]]), np.eye(3))
    assert np.isfinite(ends).all()


@pytest.mark.parametrize("shape", [(9, 9), (8, 12)])
def test_moves_are_scipys_map_of_coordinates(rng, shape):
    pictures = rng.normal(size=(2, *shape, 3)).astype(np.float32)
    move = np.asarray(draw_move(jax.random.key(int(rng.integers(99))), Moves(2.5, 1.3, 40)))
    middle = (np.array(shape)[:, None, None] - 1) / 2
    grid = np.mgrid[: shape[0], : shape[1]] - middle
    places = np.einsum("ij,jhw->ihw", move[:, :2], grid) + middle + move[:, 2][:, None, None]
    found = np.asarray(jax.jit(moved)(jnp.asarray(pictures), jnp.asarray(move)))
    for n, c in np.ndindex(2, 3):
        expected = ndimage.map_coordinates(pictures[n, ..., c], places, order=1, mode="grid-wrap")
        np.testing.assert_allclose(found[n, ..., c], expected, atol=1e-4)


def test_whole_shifts_roll_a_quarter_turns_and_stillness_changes_nothing(rng):
    picture = jnp.asarray(rng.normal(size=(1, 6, 6, 2)), jnp.float32)
    shift = jnp.asarray([[1.0, 0, 2], [0, 1.0, -1]])
    np.testing.assert_allclose(moved(picture, shift), jnp.roll(picture, (-2, 1), (1, 2)), atol=1e-6)
    quarter = jnp.asarray([[0.0, -1, 0], [1, 0.0, 0]])
    np.testing.assert_allclose(moved(picture, quarter), jnp.rot90(picture, -1, (1, 2)), atol=1e-6)
    np.testing.assert_array_equal(moved(picture, draw_move(jax.random.key(0), STILL)), picture)


def test_moves_stay_within_their_bounds():
    moves = Moves(3.0, 1.25, 20)
    drawn = np.stack([draw_move(jax.random.key(k), moves) for k in range(200)])
    factors = np.sqrt(np.linalg.det(drawn[:, :, :2]))
    assert 1 / 1.25 <= factors.min() < 0.85
    assert 1.18 < factors.max() <= 1.25 + 1e-5
    assert np.abs(drawn[:, :, 2]).max() <= 3
    angles = np.degrees(np.arctan2(drawn[:, 1, 0], drawn[:, 0, 0]))
    assert 17 < np.abs(angles).max() <= 20 + 1e-3
    assert usual_moves((224, 160)) == Moves(10.0, 1.1, 10.0)


def test_moves_that_cannot_be_are_refused_at_once():
    with pytest.raises(ArgumentError) as refused:
        check_moves(Moves(-1, 0.5, float("nan")), (8, 8))
    assert str(refused.value) == (
        "3 problems:\n"
        "1. moves.jitter: got -1; expected pixels, 0 or more.\n  Moves(0, 1, 0) holds the picture still.\n"
        "2. moves.scale: got 0.5; expected a factor, 1 or more.\n  Moves(0, 1, 0) holds the picture still.\n"
        "3. moves.rotate: got nan; expected degrees, 0 or more.\n  Moves(0, 1, 0) holds the picture still."
    )


def test_likeness_of_style_is_the_cosine_of_gram_matrices(rng):
    maps = rng.normal(size=(6, 3, 4, 5)).astype(np.float32)
    found = np.asarray(style_likeness(jnp.asarray(maps), 3))
    grams = [sum(np.outer(a, a) for a in one.reshape(-1, 5)) for one in maps.astype(np.float64)]
    for n in range(6):
        others = [m for m in range(3 * (n // 3), 3 * (n // 3) + 3) if m != n]
        cosines = [
            (grams[n] * grams[m]).sum() / np.linalg.norm(grams[n]) / np.linalg.norm(grams[m]) for m in others
        ]
        assert found[n] == pytest.approx(np.mean(cosines), rel=1e-5)


def test_a_rectifier_opens_only_where_all_is_dark_and_only_upwards():
    z = jnp.asarray([[1.0, -1.0, -2.0], [-1.0, -2.0, -3.0], [-1.0, 0.0, -3.0], [7.0, -1.0, 0.0]])
    dy = jnp.asarray([[1.0, 1.0, -1.0], [1.0, -1.0, 2.0], [-1.0, 0.0, -1.0], [-1.0, 2.0, -3.0]])
    for ceiling, last in ((jnp.inf, [-1, 0, 0]), (6.0, [0, 2, 0])):
        back = jax.vjp(lambda z, c=ceiling: _opened(z, c), z)[1](dy)[0]
        np.testing.assert_array_equal(back, np.array([[1, 0, 0], [1, 0, 2], [0, 0, 0], last], np.float32))


def test_tiles_give_the_slope_of_every_pixel_once(rng):
    picture = rng.normal(size=(13, 22, 3)).astype(np.float32)
    sizes = []

    def squares(tiles):
        sizes.append(tiles.shape)
        return (tiles**2).sum((1, 2, 3)) / 2, tiles

    for _ in range(5):
        gain, slope = tiled_slope(squares, picture, (8, 6, 3), rng)
        np.testing.assert_array_equal(slope, picture)
        assert gain > 0
    assert set(sizes) == {(8, 8, 6, 3)}


def test_bands_are_made_equally_strong(rng):
    rows = np.arange(64)[:, None, None]
    waves = [np.cos(2 * np.pi * f * rows) * np.ones((1, 64, 1)) for f in (0.5, 0.03)]
    slope = 100 * waves[0] + waves[1]
    assert equalised(slope, 0) is slope
    spectrum = np.abs(np.fft.rfft(equalised(slope, 4)[:, 0, 0]))
    before = np.abs(np.fft.rfft(slope[:, 0, 0]))
    low = slice(1, 5)
    assert spectrum[low].max() / spectrum[-1] > 20 * before[low].max() / before[-1]
    assert np.isfinite(equalised(np.zeros((8, 8, 1)), 3)).all()
