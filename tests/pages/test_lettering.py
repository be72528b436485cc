"""The package's own font: the signs that titles and captions need are in it."""

import pytest

from striate.pages.lettering import font

SIGNS = "αβγδεζηθικλμνξπρστυφχψω ABCz019 àéßőŽ Яж +−×·÷=≤≥≈≠ ←→↑↓ …–—“”’ ₀₁₂₉⁰¹²⁹ √∑∂∇∞ ■●✓✗"


@pytest.mark.parametrize("sign", sorted(set(SIGNS) - {" "}))
def test_each_sign_is_drawn_as_itself(sign):
    letters = font(20)
    assert bytes(letters.getmask(sign)) != bytes(letters.getmask("\U000f0000"))


def test_the_font_is_made_once():
    assert font(13) is font(13)
