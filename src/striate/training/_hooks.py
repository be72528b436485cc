"""The callbacks of a run, called by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from striate.errors import Problem
from striate.training._callback import Callback

_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


def listed(callbacks: Any) -> list[Any]:
    """The callbacks from one, some or none."""
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]


def callback_problems(callbacks: Any) -> list[Problem]:
    """What stands among the callbacks and is none: a class, or a thing without a single hook."""
    problems = []
    for number, callback in enumerate(listed(callbacks)):
        name, where = getattr(callback, "__name__", type(callback).__name__), f"callbacks, item {number}"
        if isinstance(callback, type):
            problems.append(Problem(where, f"it is the class {name}", "a callback", f"Write {name}(...)."))
        elif not any(hook.startswith(("on_", "set_")) for hook in dir(callback)):
            cure = "Give objects of striate.callbacks, or of a class of your own that has such methods."
            expected = "a callback with methods such as on_epoch_end"
            problems.append(Problem(where, f"it is of type {type(callback).__name__}", expected, cure))
    return problems


class Hooks:
    """The callbacks in the order they were given.

    Args:
        callbacks: what `fit` was given.
        model: what they may read and change.
        params: what Keras tells callbacks: epochs, steps, samples, batch_size, verbose.
    """

    def __init__(self, callbacks: Iterable[Any], model: Any, params: Mapping[str, Any]) -> None:
        """Tell each callback its model and the facts of the run."""
        self.callbacks = tuple(callbacks)
        self.call("set_params", dict(params))
        self.call("set_model", model)

    @property
    def every_batch(self) -> bool:
        """Whether a callback wants each batch, so that the loop must look after every step."""
        return any(_overrides(callback, name) for callback in self.callbacks for name in _BATCH_HOOKS)

    @property
    def periods(self) -> tuple[int, ...]:
        """The numbers of steps after which callbacks want a look, such as a backup every 100 steps."""
        wanted = (getattr(callback, "every_steps", None) for callback in self.callbacks)
        return tuple(period for period in wanted if isinstance(period, int))

    def next_looks(self, done: int) -> list[int]:
        """The next steps that callbacks want to see, counted over all epochs as `done` is.

        A callback says them as a period, `every_steps`, or answers `next_wanted_step(done)` with a later step
        or None. Its `before_chunk(run)` finds the run there before the next step, its `after_chunk(run)`
        behind the last one.
        """
        wanted = [done + period - done % period for period in self.periods]
        asked = [callback.next_wanted_step(done) for callback in self.callbacks
                 if hasattr(callback, "next_wanted_step")]  # fmt: skip
        return wanted + [max(step, done + 1) for step in asked if step is not None]

    def call(self, name: str, *arguments: Any) -> None:
        """Call a hook of every callback that has it."""
        for callback in self.callbacks:
            method = getattr(callback, name, None)
            if method is not None:
                method(*arguments)

    def states(self) -> list[Any]:
        """What each callback remembers, by the name of its class."""
        return [
            [type(callback).__name__, callback.get_state()]
            for callback in self.callbacks
            if hasattr(callback, "get_state")
        ]

    def set_states(self, states: Iterable[Any]) -> None:
        """Give each callback its memory back; the first of a class gets the first memory of that class."""
        waiting = list(states)
        for callback in self.callbacks:
            found = [index for index, (name, _) in enumerate(waiting) if name == type(callback).__name__]
            if found and hasattr(callback, "set_state"):
                callback.set_state(waiting.pop(found[0])[1])


def _overrides(callback: Any, name: str) -> bool:
    """Whether a callback has its own hook of this name, in its class or on itself."""
    method = getattr(callback, name, None)
    inherited = getattr(Callback, name, None)
    return method is not None and getattr(method, "__func__", method) is not inherited
