"""What a callback is: Keras' hooks, and a memory that outlives an interrupted run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from striate.errors import ArgumentError, Problem

Logs = dict[str, Any] | None


class Callback:
    """Something that is told what happens during training, and may change its course.

    `self.model` is the model; `self.params` holds `epochs`, `steps`, `samples`, `batch_size` and `verbose`.
    A callback may read and set `model.learning_rate`, `model.stop_training` and `model.variables`. What it
    adds to `logs` in `on_epoch_end` goes to the callbacks after it and into the history.

    Where we differ from Keras: overriding a batch hook makes the loop look at every batch, which is slower;
    `on_chunk_end` is called a few times a second instead. `MEMORY` names what a resumed run needs.

    >>> class Best(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, logs["loss"])
    >>> Best().on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    MEMORY: ClassVar[tuple[str, ...]] = ()

    model: Any = None
    params: Mapping[str, Any] = {}
    _resumed: bool = False

    def set_model(self, model: Any) -> None:
        """The model that is going to be trained."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """The facts of the run."""
        self.params = params

    def get_state(self) -> dict[str, Any]:
        """What a resumed run needs: JSON values and nested dicts of arrays."""
        return {name: getattr(self, name) for name in self.MEMORY}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on with the memory of an interrupted run; the next `on_train_begin` forgets nothing."""
        for name in self.MEMORY:
            setattr(self, name, state[name])
        self._resumed = True

    def reset(self) -> None:
        """Forget the training before; called when one begins, unless it goes on from an interrupted one."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Training begins."""
        if not self._resumed:
            self.reset()
        self._resumed = False

    def on_train_end(self, logs: Logs = None) -> None:
        """Training is over; `logs` are those of the last epoch."""
        self._resumed = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Epoch `epoch`, counted from 0, begins."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """An epoch is over; `logs` holds its loss and metrics, and those of the validation as "val_…"."""

    def on_chunk_end(self, step: int, logs: Logs = None) -> None:
        """A look at the running epoch: `step` steps are done and `logs` holds the means so far."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Batch `batch` of the epoch, counted from 0, begins."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """A batch is over; `logs` holds the means of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Keras' older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Keras' older name of `on_train_batch_end`."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Evaluation or validation begins."""

    def on_test_end(self, logs: Logs = None) -> None:
        """Evaluation or validation is over."""

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """A batch of an evaluation begins."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """A batch of an evaluation is over."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Prediction begins."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """Prediction is over."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """A batch of a prediction begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """A batch of a prediction is over."""


class LambdaCallback(Callback):
    """A callback made of functions, each with the arguments of the hook whose name it bears.

    >>> said = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
    >>> said.on_epoch_end(3, {"loss": 1.0})
    3 {'loss': 1.0}
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **others: Callable[..., Any],
    ) -> None:
        """Args: others: functions for any other hook.

        Raises:
            ArgumentError: a name that is no hook.
        """
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **others,
        }
        hooks = [name for name in dir(Callback) if name.startswith("on_")]
        if unknown := [name for name in given if name not in hooks]:
            happened = f"{', '.join(unknown)} {'is no hook' if len(unknown) == 1 else 'are no hooks'}"
            expected = f"some of {', '.join(hooks)}"
            raise ArgumentError(Problem("LambdaCallback", happened, expected, "Correct the name."))
        for name, function in given.items():
            if function is not None:
                setattr(self, name, function)
