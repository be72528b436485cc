"""One question about the numbers of a network."""

from __future__ import annotations

from typing import Any

import jax

from striate.errors import ArgumentError, Problem
from striate.explain.addresses.address import Address
from striate.explain.addresses.explained import Explained
from striate.explain.addresses.numbers import Numbers
from striate.explain.addresses.recorded import Recorded, RecordedNumbers
from striate.models import Model


def at(
    model: Model,
    address: str | Address,
    x: Any = None,
    y: Any = None,
    *,
    train: bool = False,
    key: jax.Array | None = None,
    loss: Any = None,
    target: Any = None,
    recording: Recorded | None = None,
) -> Explained:
    """The numbers of an address: the engine's own, and how each of them was made.

    Args:
        model: the model.
        address: such as "conv2/output[0,5,3,7]" (a stage and its index, the batch first),
            "conv2/preactivation[…]", "conv2/kernel[0,1,2,7]" or "conv2/weights[…]" (the main weight),
            "input[0,4,4,0]", "loss"; with ".grad" behind the path for the gradient, and "@step=120" behind
            all for a recorded training. Slices and missing indices name several numbers.
        x: (N, ...) array, one example without its batch axis, several inputs as a tuple or dict, or a
            `Reading`.
        y: targets; gradients are then of the loss. Without, they are of the winning score before its
            softmax.
        train, key, loss, target: as for `Numbers`, which answers many questions about one run.
        recording: of which "@step=…" speaks; x and y are then needed for terms only.

    Returns:
        Explained: `.value`, `.terms` (whose sum it is), `.text()`, `.latex()`, `.to_json()`, and all that a
        result does that can be shown.

    Raises:
        ArgumentError: there are no such numbers. DataError, ShapeError: x or y do not fit the model.

    >>> import numpy as np
    >>> from striate.layers import Conv2D
    >>> from striate.models import Input, Sequential
    >>> model = Sequential([Input((2, 2, 1)), Conv2D(1, (1, 2), use_bias=False, name="edge")])
    >>> model.set_weights([np.array([1.0, -1.0]).reshape(1, 2, 1, 1)])
    >>> print(at(model, "edge/output[0,1,0,0]", np.array([[3.0, 4.0], [7.0, 5.0]])).text())
    edge/output[0,1,0,0] = 2
    the sum of inputs times weights
    term                                     numbers  product
    input1[0,1,0,0] × edge/kernel[0,0,0,0]     7 × 1        7
    input1[0,1,1,0] × edge/kernel[0,1,0,0]  5 × (-1)       -5
    sum                                                     2
    Recombined in float64: 2, off by 0 of the terms' size.
    """
    step = Address.parse(address).step
    if step is not None and recording is not None:
        return RecordedNumbers(model, recording, step, x, y, train=train, loss=loss).at(address)
    if x is None:
        cure = "Give the examples whose numbers are meant, or recording=… and @step=…."
        raise ArgumentError(Problem("x", "nothing was given", "an array (N, ...)", cure))
    return Numbers(model, x, y, train=train, key=key, loss=loss, target=target).at(address)
