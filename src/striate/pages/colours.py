"""Numbers as colours: grey for pictures, blue-white-red for signed maps, a dark-to-light ramp for amounts."""

from __future__ import annotations

import numpy as np

from striate.errors import Problem, ShapeError

_DIVERGING = np.array([(33, 60, 140), (103, 146, 206), (247, 247, 247), (224, 112, 92), (140, 20, 32)])
_HEAT = np.array([(10, 8, 32), (88, 20, 104), (186, 54, 85), (248, 140, 32), (252, 252, 190)])


def grey(values: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray:
    """Numbers as a grey or colour picture, `low` being black and `high` white.

    Args:
        values: (H, W), (H, W, 1) or (H, W, 3). low, high: the smallest and the largest number unless given.

    Returns:
        (H, W, 3) uint8. Where nothing differs the picture is middle grey; what is not finite is magenta.

    >>> grey(np.array([[0.0, 1.0]])).tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """
    pixels = np.asarray(values, np.float64)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3):
        cure = "Choose one channel, or show the channels side by side with tile()."
        expected = "(H, W), (H, W, 1) or (H, W, 3)"
        raise ShapeError(Problem("picture", f"its shape is {pixels.shape}", expected, cure))
    known = np.isfinite(pixels)
    shares = _shares(pixels, known, low, high)
    shown = np.broadcast_to(np.rint(255 * shares).astype(np.uint8), (*pixels.shape[:2], 3)).copy()
    shown[~known.all(-1)] = (255, 0, 255)
    return shown


def diverging(values: np.ndarray, limit: float | None = None) -> np.ndarray:
    """A signed map: blue below zero, white at zero, red above.

    Args:
        values: (H, W). limit: the size of a number in full colour; the largest one in the map unless given.

    Returns:
        (H, W, 3) uint8; what is not finite is magenta.

    >>> diverging(np.array([[-1.0, 0.0, 1.0]]))[0, 1].tolist()
    [247, 247, 247]
    """
    numbers = np.asarray(values, np.float64)
    known = np.isfinite(numbers)
    top = limit or float(np.abs(numbers[known]).max(initial=0)) or 1.0
    return _ramp(
        np.where(known, 0.5 + 0.5 * np.clip(np.where(known, numbers, 0) / top, -1, 1), np.nan), _DIVERGING
    )


def heat(values: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray:
    """Amounts from dark to light.

    Args:
        values: (H, W). low, high: the darkest and the lightest; the smallest and largest unless given.

    Returns:
        (H, W, 3) uint8; what is not finite is magenta.
    """
    numbers = np.asarray(values, np.float64)
    known = np.isfinite(numbers)
    return _ramp(np.where(known, _shares(numbers, known, low, high), np.nan), _HEAT)


def overlay(picture: np.ndarray, colours: np.ndarray, strength: float = 0.6) -> np.ndarray:
    """A coloured map over the grey version of a picture of the same size.

    Args:
        picture, colours: (H, W, 3) uint8. strength: the share of the map.
    """
    luminance = picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    mixed = (1 - strength) * luminance[..., None] + strength * colours.astype(np.float64)
    return np.rint(mixed).astype(np.uint8)


def _shares(numbers: np.ndarray, known: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    """Numbers as shares of their range."""
    seen = numbers[known]
    bottom = float(seen.min(initial=np.inf)) if low is None else low
    top = float(seen.max(initial=-np.inf)) if high is None else high
    if not top > bottom:
        return np.full(numbers.shape, 0.5)
    return np.clip((np.where(known, numbers, bottom) - bottom) / (top - bottom), 0, 1)


def _ramp(shares: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Shares as colours between evenly spaced stops."""
    known = np.isfinite(shares)
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(np.where(known, shares, 0), places, stops[:, channel]) for channel in range(3)]
    pixels = np.rint(np.stack(channels, -1)).astype(np.uint8)
    pixels[~known] = (255, 0, 255)
    return pixels
