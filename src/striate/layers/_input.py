"""`Input` among the layers, where Keras has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import striate


def Input(
    shape: Sequence[int], batch_size: int | None = None, dtype: str | None = None, name: str | None = None
) -> Any:
    """The same as `striate.Input`: the beginning of a network.

    Args:
        shape: the shape of one example, (H, W, C) for a picture; the batch axis is left out.
        batch_size, dtype: taken for Keras' sake and not used.
        name: its name, "input1" and so on when left out.

    Raises:
        ArgumentError: the shape is not made of whole numbers; an axis of None is one of these.

    >>> Input((28, 28, 1)).shape
    (28, 28, 1)
    """
    # The graph lives a floor above; the package's own lazy door finds it when it is wanted, not before.
    return striate.Input(shape, batch_size, dtype, name)
