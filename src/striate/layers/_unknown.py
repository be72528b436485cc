"""Arguments that a class does not have: the nearest name, or what to write for an argument of Keras."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable

from striate.errors import ArgumentError, Problem

_CURES = {
    "dtype": "Leave it out: layers compute in the type of their input, float32 unless cast.",
    "autocast": "Leave it out: nothing is cast in silence.",
    "data_format": "Leave it out: channels are always last.",
    "input_dim": "Write input_shape=(n,), or begin with Input(shape=(n,)).",
    "batch_input_shape": "Write input_shape=..., without the batch axis.",
    "batch_size": "Leave it out: a batch may have any size.",
    "lr": "Did you mean learning_rate?",
    "decay": "Give learning_rate a schedule such as schedules.InverseTimeDecay.",
}
_CURES |= {
    f"{weight}_constraint": "Leave it out: there are no constraints; a regularizer is the nearest thing."
    for weight in ("kernel", "bias", "beta", "gamma", "depthwise", "pointwise", "alpha")
}


def refuse_unknown(kind: type, given: Iterable[str]) -> None:
    """Refuse, all at once, keyword arguments that a class does not take.

    Args:
        kind: the class. given: the names of the keyword arguments.

    Raises:
        ArgumentError: one Problem for each name, with the nearest name or what stands for it here.
    """
    fields = getattr(kind, "__dataclass_fields__", {})
    strange = [name for name in given if name not in fields]
    if not strange:
        return
    parameters = inspect.signature(kind.__init__).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    known = [name for name in parameters if name != "self"]
    problems = [_problem(kind.__name__, name, known) for name in strange if name not in known]
    if problems:
        raise ArgumentError(problems)


def _problem(where: str, name: str, known: list[str]) -> Problem:
    """There is no such argument; perhaps another was meant."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    cure = _CURES.get(name) or (f"Did you mean {near[0]}?" if near else "Take it out.")
    return Problem(where, f"it has no argument {name!r}", f"some of {', '.join(known)}", cure)
