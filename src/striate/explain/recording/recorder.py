"""The callback that records a training while it runs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from striate.errors import Problem, StriateError
from striate.explain.recording._layout import Entry
from striate.explain.recording._selecting import WHAT
from striate.explain.recording._settings import checked
from striate.explain.recording.beginning import Session, begin, estimate
from striate.explain.recording.planning import Plan, SizeEstimate, block_bytes, megabytes
from striate.explain.recording.probing import Probe
from striate.explain.recording.reading import Recording, open_recording
from striate.models import Model
from striate.training._callback import Callback
from striate.training.loop import Run

_NOTHING = Plan(lambda step: False, ())


class Recorder(Callback):
    """Record activations, weights and gradients at chosen steps of a training.

    At step s the weights are those after s steps of the optimizer, so step 0 is the beginning. Activations
    and gradients belong to the very same weights. On the "probe", a few fixed examples, they are those of an
    answer (no dropout, running statistics), so that steps can be compared. On the "batch", the one that the
    next training step takes, they are those of that step, dropout and augmentation included; the end of a
    training has no next batch and is not recorded then. Recording changes no bit of what is trained.

    Args:
        path: a folder for the recording, which `open_recording` reads, also while it is written.
        layers: names of layers, of activations ("conv1/preactivation") or of weights ("conv1/kernel"); every
            layer that has weights unless given.
        what: some of "weights", "gradients", "activations".
        steps: every so many steps, numbers of steps, or a function of the step; counted over all epochs.
        examples: how many of the first training examples are the probe, or arrays: x, or (x, y). Of a batch
            the first ones are kept, that many; a short last batch is filled up with NaN.
        on: "probe", "batch" or both.
        dtype: "float32" (exact), or "float16" (half the size; numbers keep three digits).
        limit_bytes: the recording is never larger than this.
        over_limit: what happens if it would be: "thin" records fewer steps, evenly spread, "stop" ends the
            recording there, "refuse" raises an error before the training. The first two warn. Where nobody
            knows how many steps there will be, "thin" stops as well.
        overwrite: replace a recording that is there.

    Raises:
        ArgumentError: all that is wrong with the arguments. Names of layers, the limit and the folder are
            looked at when the training begins.

    >>> import tempfile, numpy as np, striate as st
    >>> model = st.Sequential([st.Input((3,)), st.layers.Dense(1)], seed=1)
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recorder = Recorder(f"{folder}/run", steps=2, examples=3)
    ...     x, y = np.ones((8, 3), np.float32), np.ones(8, np.float32)
    ...     _ = model.fit(x, y, batch_size=2, verbose=0, callbacks=[recorder])
    ...     recorder.recording.steps, recorder.recording.value("dense1/kernel", step=4).shape
    ((0, 2, 4), (3, 1))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        layers: Any = None,
        what: Any = WHAT,
        steps: Any = 10,
        examples: Any = 4,
        on: Any = "probe",
        dtype: str = "float32",
        limit_bytes: int = 2**30,
        over_limit: str = "thin",
        overwrite: bool = False,
    ) -> None:
        """Refuse what can be refused without a model."""
        given = (path, layers, what, steps, examples, on, dtype, limit_bytes, over_limit, overwrite)
        self.settings = checked(*given)
        self._session: Session | None = None
        self._plan = _NOTHING
        self._resumed_at: int | None = None

    @property
    def recording(self) -> Recording:
        """What has been recorded so far.

        Raises:
            FormatError: nothing has.
        """
        self._finish()
        return open_recording(self.settings.path)

    def size_estimate(self, model: Model, steps: int) -> SizeEstimate:
        """How large the recording of a training of so many steps becomes.

        Args:
            model: what will be trained. steps: of the optimizer, over all epochs.

        Raises:
            ArgumentError: names that the model has not, or a limit that not one step fits into.
        """
        return estimate(self.settings, model.network, steps)

    def get_state(self) -> dict[str, Any]:
        """How many steps are recorded, so that a resumed training cuts off what came later."""
        self._finish()
        return {"count": 0 if self._session is None else len(self._session.scribe.writer.steps)}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on with the recording of an interrupted training."""
        self._resumed_at, self._resumed = int(state["count"]), True

    def reset(self) -> None:
        """A training begins that resumes none."""
        self._resumed_at = None

    def before_training(self, run: Run) -> None:
        """Open the folder and lay down the plan."""
        self._finish()
        if self._session is not None:
            self._session.scribe.close()
        writer = None if self._session is None else self._session.scribe.writer
        self._session = begin(self.settings, run, writer, self._resumed_at)
        self._plan = self._session.plan

    def next_wanted_step(self, done: int) -> int | None:
        """Where the loop should pause."""
        return self._plan.after(done)

    def before_chunk(self, run: Run) -> None:
        """Record the step, if it is one of those."""
        step = run.done + run.step
        if self._session is not None and step > self._session.scribe.newest and self._plan.includes(step):
            self._record(run, step, self._session)

    def after_training(self, run: Run) -> None:
        """Record the end too, unless a batch is wanted that there is not."""
        session = self._session
        if session is not None and not (session.selection.runs and "batch" in session.selection.on):
            self.before_chunk(run)
        self._finish()
        if session is not None:
            session.scribe.close()

    def _record(self, run: Run, step: int, session: Session) -> None:
        """Add a step; what keeps it from being added ends the recording and not the training."""
        self._finish()
        writer = session.scribe.writer
        if writer.size + block_bytes(writer.layout) > self.settings.limit:
            self._stop(f"another step would exceed {megabytes(self.settings.limit)}", "Raise limit_bytes.")
        if self._plan is not _NOTHING:
            session.scribe.add(step, run.epoch, _arrays(run, session))

    def _finish(self) -> None:
        """Wait for the step that is being written."""
        try:
            if self._session is not None:
                self._session.scribe.finish()
        except StriateError as error:
            self._stop(f"{error.problems[0].where} {error.problems[0].happened}", error.problems[0].cure)

    def _stop(self, why: str, cure: str) -> None:
        """Say why there will be no more; the training goes on."""
        self._plan = _NOTHING
        count = 0 if self._session is None else len(self._session.scribe.writer.steps)
        happened = f"recording stops after {count} steps: {why}"
        problem = Problem(str(self.settings.path), happened, "room for every step", cure, "warning")
        warnings.warn(str(problem), stacklevel=2)


def _arrays(run: Run, session: Session) -> Callable[[], dict[Entry, np.ndarray]]:
    """Everything that is recorded at this step, computed while the training goes on.

    Weights are copied at once, for the next step takes their memory.
    """
    held, selection = {"params": run.carry.params, "state": run.carry.state}, session.selection
    wanted = {(entry.name, entry.on): entry for entry in session.scribe.writer.layout.entries}
    found: dict[tuple[str, str], Any] = {}
    if "weights" in selection.what:
        found |= {(f"{path}/{name}", ""): np.array(held[group][path][name])
                  for group, path, name in selection.weights}  # fmt: skip
    for on, look in session.looks.items():
        observed = look(run.carry.params, run.carry.state, *_examples(run, session.probe, on))
        found |= {(name, on): array for name, array in observed.items() if (name, on) in wanted}
    return lambda: {
        wanted[place]: _filled(np.asarray(array, np.float32), wanted[place])
        for place, array in jax.device_get(found).items()
    }


def _filled(array: np.ndarray, entry: Entry) -> np.ndarray:
    """The examples of a short last batch, and NaN in the place of those that it has not."""
    if array.shape == entry.shape:
        return array
    missing = entry.shape[0] - len(array)
    return np.pad(array, [(0, missing), *[(0, 0)] * (array.ndim - 1)], constant_values=np.nan)


def _examples(run: Run, probe: Probe | None, on: str) -> tuple[Any, jax.Array | None]:
    """What is run, and the random key of a training step."""
    if on == "probe":
        assert probe is not None
        return probe.batch, None
    key = jax.random.fold_in(jax.random.key(run.seed), run.epoch)
    return run.feeder.batch(run.step), jax.random.fold_in(key, run.step)
