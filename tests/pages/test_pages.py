"""Colours, mosaics, and results that stand in a notebook, a page or a picture."""

import io
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from striate.errors import ArgumentError, ShapeError
from striate.pages import (
    Note,
    Panel,
    Shown,
    Table,
    contact_sheet,
    diverging,
    enlarge,
    grey,
    heat,
    overlay,
    tile,
)
from striate.pages.mosaic import png


class Sample(Shown):
    title = "A <b>sample</b>"

    def parts(self):
        pixels = np.zeros((4, 4, 3), np.uint8)
        return [
            Note("in words \x1b[2J"),
            Panel("left", pixels, "caption"),
            Panel("right", pixels),
            Table(["name", "value"], [["<img onerror=x>", 1.5], ["b", 22]]),
            Note("x = 1\n y = 2", code=True),
        ]


def test_grey_maps_the_range_onto_black_and_white():
    assert grey(np.array([[2.0, 3.0, 4.0]]))[0, :, 0].tolist() == [0, 128, 255]
    assert grey(np.full((2, 2), 7.0)).max() == grey(np.full((2, 2), 7.0)).min() == 128
    assert grey(np.array([[0.0, np.nan]]))[0, 1].tolist() == [255, 0, 255]


def test_a_signed_map_is_white_at_zero_and_symmetric():
    pixels = diverging(np.array([[-2.0, 0.0, 2.0, 1.0]])).astype(int)
    assert pixels[0, 1].tolist() == [247, 247, 247]
    assert pixels[0, 0, 2] > pixels[0, 0, 0]
    assert pixels[0, 2, 0] > pixels[0, 2, 2]
    assert (diverging(np.array([[1.0]]), limit=2.0) == pixels[0, 3]).all()


def test_heat_grows_lighter():
    luminance = heat(np.linspace(0, 1, 9)[None]).astype(int).sum(-1)[0]
    assert (np.diff(luminance) > 0).all()


def test_overlay_keeps_the_picture_below():
    picture = np.random.default_rng().integers(0, 256, (5, 4, 3)).astype(np.uint8)
    grey_version = np.rint(picture @ np.array([0.299, 0.587, 0.114]))
    assert (overlay(picture, np.zeros_like(picture), 0.0)[..., 0] == grey_version).all()


def test_pictures_of_other_shapes_are_refused():
    with pytest.raises(ShapeError) as refused:
        grey(np.zeros((4, 4, 7)))
    assert str(refused.value) == (
        "picture: its shape is (4, 4, 7); expected (H, W), (H, W, 1) or (H, W, 3).\n"
        "  Choose one channel, or show the channels side by side with tile()."
    )


def test_tiles_lie_row_by_row():
    pictures = [np.full((2, 3, 3), 10 * n, np.uint8) for n in range(5)]
    sheet = tile(pictures, columns=2, gap=1)
    assert sheet.shape == (8, 7, 3)
    assert [sheet[row, column, 0] for row in (0, 3, 6) for column in (0, 4)] == [0, 10, 20, 30, 40, 255]


def test_a_contact_sheet_keeps_proportions():
    sheet = contact_sheet([np.zeros((10, 20, 1), np.uint8)], size=40)
    black = (sheet == 0).all(-1)
    assert black.any(1).sum() == 20
    assert black.any(0).sum() == 40


def test_enlarging_repeats_pixels():
    pixels = np.random.default_rng().integers(0, 256, (3, 2, 3)).astype(np.uint8)
    assert (enlarge(pixels, 5)[2::5, 2::5] == pixels).all()


def test_a_page_is_inert_and_complete():
    page = Sample().page()
    assert "<img onerror" not in page
    assert "\x1b" not in page
    assert "<script" not in page
    assert page.count("<img") == 2
    assert page.count('class="panels"') == 1
    assert "http" not in page.replace("http-equiv", "")


def test_text_lists_notes_and_tables():
    assert Sample().text() == (
        "A <b>sample</b>\nin words \\x1b[2J\nname             value\n<img onerror=x>    1.5\n"
        "b                   22\nx = 1\n y = 2"
    )


def test_results_are_saved_by_ending(tmp_path):
    assert Sample().save(tmp_path / "a.html").read_text().startswith("<!doctype html>")
    with Image.open(Sample().save(tmp_path / "a.png")) as image:
        assert image.width > 2 * 160
    with pytest.raises(ArgumentError) as refused:
        Sample().save("a.pdf")
    assert str(refused.value) == (
        "a.pdf: its ending is '.pdf'; expected a page or a picture.\n  End the name in .html or .png."
    )


def test_png_keeps_every_pixel():
    pixels = np.random.default_rng().integers(0, 256, (3, 5, 3)).astype(np.uint8)
    with Image.open(io.BytesIO(png(pixels))) as image:
        assert (np.asarray(image) == pixels).all()


def test_a_result_with_arrays_does_not_write_them_out():
    @dataclass(frozen=True, eq=False)
    class Drawn(Shown):
        title: str
        values: np.ndarray

        def parts(self):
            return [Note("a note")]

    drawn = Drawn("A title", np.zeros(1000))
    assert repr(drawn) == "<Drawn: A title>"
    assert str(drawn) == drawn.text() == "A title\na note"
