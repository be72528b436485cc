"""The numbers of a file as float32, refused where they are none."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from striate.errors import Problem
from striate.formats._entry_rules import printable
from striate.formats.safetensors_file import nonfinite_problems

_LARGEST = float(np.finfo(np.float32).max)


def number_problems(tensors: Mapping[str, np.ndarray], where: str) -> list[Problem]:
    """A problem for each tensor of whole numbers, of numbers not finite, or of some too large for float32."""
    problems = []
    for name, array in tensors.items():
        place = f"{where}, tensor {printable(name)}"
        if not jnp.issubdtype(array.dtype, jnp.floating):
            cure = (
                "Give the weights as floats; numbers of a compressed (quantized) network mean something else."
            )
            problems.append(Problem(place, f"it holds {array.dtype}", "floating-point numbers", cure))
        elif array.dtype.itemsize > 4 and array.size and np.abs(array).max() > _LARGEST:
            happened, cure = "a number in it is too large for float32", "Is it really a weight?"
            problems.append(Problem(place, happened, f"at most {_LARGEST:.3g}", cure))
    unfinished = nonfinite_problems(
        {name: array for name, array in tensors.items() if jnp.issubdtype(array.dtype, jnp.floating)}, where
    )
    told = {problem.where for problem in unfinished}
    return unfinished + [problem for problem in problems if problem.where not in told]


def as_float32(array: np.ndarray) -> np.ndarray:
    """The same numbers; only float64 loses digits."""
    return np.asarray(array).astype(np.float32, copy=False)
