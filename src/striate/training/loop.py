"""The loop: epochs of compiled steps, looked at a few times a second, stopped cleanly by Ctrl-C or NaN."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from striate.layers._drawing import folded, key_of
from striate.training._diagnosis import not_finite
from striate.training._evaluators import Evaluator
from striate.training._feeders import Feeder
from striate.training._hooks import Hooks
from striate.training._pace import Interruption, Pace, rest
from striate.training._state import Carry, Sums, is_alive, new_epoch, own
from striate.training._steps import Programs


@dataclass
class Run:
    """A training under way: all that a backup must hold, and what makes its steps.

    Args:
        model: the shell; its optimizer gives the learning rates, its `stop_training` ends the run.
        programs: what is compiled. feeder: where batches come from. hooks: the callbacks.
        carry: weights, memory and sums on the device.
        seed: decides order, dropout and noise. epochs: the epoch that is not made any more.
        epoch: the epoch under way, from 0. step: its steps that are done.
        done: the optimizer's steps before this epoch, in earlier trainings too. begun: those before this run.
        validation: what is measured after each `validate_every` epochs, or None.
        consumed: batches that an earlier process took from a generator.
        note: why the run ended early, as a sentence; empty when it did not.
        safe: weights from before the epoch, in case a program is cut off.
    """

    model: Any
    programs: Programs
    feeder: Feeder
    hooks: Hooks
    carry: Carry
    seed: int
    epochs: int
    epoch: int = 0
    step: int = 0
    done: int = 0
    begun: int = 0
    validation: Evaluator | None = None
    validate_every: Any = 1
    consumed: int = 0
    note: str = ""
    safe: Any = None
    logs: dict[str, Any] = field(default_factory=dict)

    def variables(self) -> dict[str, Any]:
        """A copy of the weights as they are now."""
        if not is_alive(self.carry):
            return self.safe
        return {"params": own(self.carry.params), "state": own(self.carry.state)}

    def set_variables(self, variables: Any) -> None:
        """Go on from other weights."""
        self.carry = self.carry._replace(params=own(variables["params"]), state=own(variables["state"]))

    def rates(self, start: int, stop: int) -> np.ndarray:
        """The learning rates of steps start … stop - 1 of this epoch."""
        return self.model.optimizer.rates(np.arange(self.done + start, self.done + stop))

    def train(self) -> None:
        """Make all epochs that are left; afterwards the carry holds the result."""
        with Interruption() as interruption:
            try:
                while self.epoch < self.epochs and not self.model.stop_training and not self.note:
                    self._epoch(interruption)
                if self.note:
                    self.hooks.call("after_stop", self)
            except KeyboardInterrupt:
                self._stopped()
        self.hooks.call("on_train_end", self.logs)

    def _epoch(self, interruption: Interruption) -> None:
        if self.step == 0:
            self.hooks.call("on_epoch_begin", self.epoch, {})
        self.safe = self.variables()
        self.feeder.begin(self.seed, self.epoch, self.step, self.consumed + self.step)
        self.consumed = 0
        self._steps(interruption)
        if self.note:
            return
        logs = self._summed(jax.device_get(self.carry.sums))
        logs |= self._validated()
        epoch = self.epoch
        self.epoch, self.step, self.done = epoch + 1, 0, self.done + self.step
        self.carry = new_epoch(self.carry, self.programs.steps.objective)
        self.logs = logs
        self.hooks.call("on_epoch_end", epoch, logs)
        self.hooks.call("after_epoch", self)
        if interruption.asked and self.epoch < self.epochs and not self.model.stop_training:
            self._stopped()

    def _steps(self, interruption: Interruption) -> None:
        """The steps of an epoch, chunk by chunk."""
        each = self.hooks.every_batch
        pace, key = Pace(each), folded(key_of(self.seed), self.epoch)
        bound = self.feeder.bound
        while (bound is None or self.step < bound) and not self.model.stop_training:
            self.hooks.call("before_chunk", self)
            start, stop, began = self.step, self._next_look(pace, bound), time.perf_counter()
            if each:
                self.hooks.call("on_train_batch_begin", start, {})
            self.carry = self.feeder.advance(self.programs, self.carry, start, stop, self.rates, key)
            sums, step, finite = jax.device_get((self.carry.sums, self.carry.step, self.carry.finite))
            self.step = int(step)
            if not finite:
                raise not_finite(self, key)
            self.feeder.complain()
            pace.record(self.step - start, seconds := time.perf_counter() - began)
            rest(seconds)
            if self.step > start:
                self._looked(sums, each)
            if interruption.asked:
                self._stopped()
                return
            if self.step < stop:
                return

    def _next_look(self, pace: Pace, bound: int | None) -> int:
        """The step after which to look: soon, at the end of the epoch, or where a callback asked for it."""
        stops = [self.step + pace.steps] + ([] if bound is None else [bound])
        stops += [step - self.done for step in self.hooks.next_looks(self.done + self.step)]
        return min(stops)

    def _looked(self, sums: Sums, each: bool) -> None:
        logs = self._summed(sums)
        if each:
            self.hooks.call("on_train_batch_end", self.step - 1, logs)
        self.hooks.call("on_chunk_end", self.step, logs)
        self.hooks.call("after_chunk", self)

    def _summed(self, sums: Sums) -> dict[str, Any]:
        return self.programs.steps.objective.logs(sums)

    def _validated(self) -> dict[str, Any]:
        """The numbers of the validation data, if it is their turn."""
        every, number = self.validate_every, self.epoch + 1
        due = number % every == 0 if isinstance(every, int) else number in every
        if self.validation is None or not due:
            return {}
        self.hooks.call("on_test_begin", {})
        variables = {"params": self.carry.params, "state": self.carry.state}
        logs: dict[str, Any] = {}
        for evaluated in self.validation.looks(self.programs, variables):
            logs = self._summed(evaluated.sums)
        self.hooks.call("on_test_end", logs)
        return {f"val_{name}": value for name, value in logs.items()}

    def _stopped(self) -> None:
        """Say where Ctrl-C ended the run."""
        if self.note:
            return
        if self.step == 0:
            self.note = (
                f"Stopped by Ctrl-C after epoch {self.epoch}; the model holds the weights of that moment."
            )
        else:
            self.note = (
                f"Stopped by Ctrl-C in epoch {self.epoch + 1} after step {self.step}; "
                "the model holds the weights of that step."
            )
