"""Weights and multiplications by hand, from a layer's numbers alone."""

from __future__ import annotations


def conv(size: int, channels: int, filters: int, groups: int = 1, bias: bool = True) -> int:
    """Weights of a square convolution."""
    return size * size * (channels // groups) * filters + bias * filters


def dense(features: int, units: int) -> int:
    """Weights of a dense layer."""
    return (features + 1) * units


def norm(channels: int) -> int:
    """Trainable weights of a batch norm."""
    return 2 * channels


def normed(size: int, channels: int, filters: int, groups: int = 1) -> int:
    """A convolution without bias and its batch norm."""
    return conv(size, channels, filters, groups, bias=False) + norm(filters)
