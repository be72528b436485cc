"""Reading a recording, also while it is written: any number of any step, without reading the rest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, FormatError, Problem
from striate.explain.recording._index import MODEL, PROBE, VALUES, read_index
from striate.explain.recording._layout import DTYPES, SCALE, Entry, Layout, checksum, restored
from striate.explain.recording._selecting import GRAD
from striate.explain.recording._slices import covering
from striate.explain.recording.finding import find_entry, find_step
from striate.explain.recording.picturing import kernels_over_steps, sizes_over_steps
from striate.explain.recording.planning import megabytes
from striate.formats import read_safetensors
from striate.formats.safetensors_file import opened
from striate.layers._base import Shape
from striate.models import Model, load
from striate.pages import Note, Part, Shown, Table

_CURE = "Record again, or use another copy of the folder."


@dataclass(frozen=True, eq=False)
class Recording(Shown):
    """The steps of a training that a `Recorder` kept, as far as they were there when this was opened.

    Args:
        title: a heading. path: the folder. layout: how the numbers of a step lie.
        steps: that are recorded. epochs: of each. sums: the checksums of each.
    """

    title: str
    path: Path
    layout: Layout
    steps: tuple[int, ...]
    epochs: tuple[int, ...]
    sums: tuple[tuple[int, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What is recorded: "conv1" (activations), "conv1/kernel" (weights), both with ".grad" too."""
        return tuple(dict.fromkeys(entry.name for entry in self.layout.entries))

    @property
    def dtype(self) -> str:
        """How numbers are kept; they are always given back as float32."""
        return self.layout.dtype

    def entry(self, name: str, on: str | None = None) -> Entry:
        """Name, examples and shape of an array; "conv1/output" and "conv1/weights" are understood too.

        Raises:
            ArgumentError: it is not recorded.
        """
        return self.layout.entries[find_entry(self.layout.entries, name, on, str(self.path))]

    def shape(self, name: str, on: str | None = None) -> Shape:
        """The shape of an array."""
        return self.entry(name, on).shape

    def value(self, name: str, step: int, on: str | None = None) -> np.ndarray:
        """An array at a step, float32.

        Args:
            name: as in `names`. step: as in `steps`.
            on: "probe" or "batch", where both are recorded; the probe unless given.

        Raises:
            ArgumentError: the name or the step is not recorded. FormatError: the file is damaged.
        """
        entry, place = self._entry_and_step(name, step, on)
        raw, scale = self._read(entry, place, 0, entry.size)
        if checksum(scale, raw) != self.sums[place][self.layout.entries.index(entry)]:
            where, happened = f"{self.path}, {entry.name}, step {step}", "its numbers are not those written"
            raise FormatError(Problem(where, happened, "the numbers that the index vouches for", _CURE))
        return restored(raw, self.dtype, scale).reshape(entry.shape)

    def part(self, name: str, step: int, index: Any, on: str | None = None) -> np.ndarray:
        """A slice of an array at a step, float32; little more than the slice is read, so no checksum is.

        Args:
            name, step, on: as for `value`. index: a whole number, a slice, or a tuple of them.
        """
        entry, place = self._entry_and_step(name, step, on)
        return self._part(entry, place, index)

    def series(self, name: str, index: Any = (), on: str | None = None) -> np.ndarray:
        """A slice of an array at every step, (steps, ...) float32; () is the whole array."""
        entry = self.entry(name, on)
        return np.stack([self._part(entry, place, index) for place in range(len(self.steps))])

    @property
    def probe(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The examples that stayed the same: inputs by name, as they were given, and targets by name.

        Raises:
            FormatError: there are none, or they are damaged.
        """
        arrays, _ = read_safetensors(self.path / PROBE)
        groups = ({}, {})
        for name, array in arrays.items():
            group, _, own = name.partition("/")
            groups[group == "targets"][own] = array
        return groups

    def model(self, step: int) -> Model:
        """The model as it was at a step.

        Raises:
            ArgumentError: not every weight is recorded, or the step is not.
            FormatError: the model file is missing or damaged, or made for other weights.
        """
        model = load(self.path / MODEL)
        variables, missing = model.variables, []
        for group, weights in variables.items():
            for path, named in weights.items():
                for name, array in named.items():
                    full = f"{path}/{name}"
                    if full not in self.names:
                        missing.append(full)
                    elif self.shape(full) != array.shape:
                        happened = f"its shape is {self.shape(full)}"
                        problem = Problem(f"{self.path}, {full}", happened, f"{array.shape}", _CURE)
                        raise FormatError(problem)
                    else:
                        variables[group][path][name] = jnp.asarray(self.value(full, step))
        if missing:
            happened = f"{len(missing)} weights are not recorded, such as {missing[0]!r}"
            cure = "Record layers=None and what=('weights', …)."
            raise ArgumentError(Problem(str(self.path), happened, "every weight", cure))
        model.variables = variables
        return model

    def at(self, step: int) -> RecordedStep:
        """A step, for `compare`.

        Raises:
            ArgumentError: it was not recorded.
        """
        find_step(self.steps, step, str(self.path))
        return RecordedStep(self, step)

    def refresh(self) -> Recording:
        """The same recording with the steps that came since."""
        return open_recording(self.path)

    def parts(self) -> Sequence[Part]:
        """What is recorded, how large it is, how it changed, and kernels as pictures."""
        size = (self.path / VALUES).stat().st_size if self.steps else 0
        held = f"{len(self.steps)} steps, {len(self.layout.entries)} arrays each"
        words = f"{held}, {self.dtype}: {megabytes(size)}. "
        if not self.steps:
            return [Note(words + "Nothing is recorded yet.")]
        words += f"From step {self.steps[0]} to step {self.steps[-1]}."
        rows = [self._row(entry) for entry in self.layout.entries]
        head = ["array", "of", "shape", "rms at first", "rms at last", "change"]
        return [Note(words), Table(head, rows), sizes_over_steps(self), *kernels_over_steps(self)]

    def _row(self, entry: Entry) -> list[str]:
        """How an array changed."""
        first, last = (self.value(entry.name, step, entry.on) for step in (self.steps[0], self.steps[-1]))
        sizes = [float(np.sqrt(np.mean(np.square(array, dtype=np.float64)))) for array in (first, last)]
        moved = float(np.sqrt(np.mean(np.square(last - first, dtype=np.float64))))
        share = f"{100 * moved / sizes[0]:.3g} %" if sizes[0] else "–"
        shape = " x ".join(map(str, entry.shape))
        return [entry.name, entry.on or "–", shape, f"{sizes[0]:.3g}", f"{sizes[1]:.3g}", share]

    def _entry_and_step(self, name: str, step: int, on: str | None) -> tuple[Entry, int]:
        return self.entry(name, on), find_step(self.steps, step, str(self.path))

    def _part(self, entry: Entry, place: int, index: Any) -> np.ndarray:
        run = covering(entry.shape, index, f"{self.path}, {entry.name}")
        raw, scale = self._read(entry, place, run.start, run.count)
        return restored(raw, self.dtype, scale).reshape(run.shape)[run.index]

    def _read(self, entry: Entry, place: int, start: int, count: int) -> tuple[bytes, float]:
        """Some numbers of an array as they lie in the file, and their scale."""
        layout, number = self.layout, self.layout.entries.index(entry)
        block = place * layout.block
        with opened(self.path / VALUES) as file:
            scale = 1.0
            if layout.scales:
                file.seek(block + number * SCALE.itemsize)
                scale = float(np.frombuffer(file.read(SCALE.itemsize), SCALE)[0])
            file.seek(block + layout.starts[number] + start * DTYPES[layout.dtype].itemsize)
            raw = file.read(count * layout.item)
        if len(raw) != count * layout.item:
            happened = "the file became shorter than its index says"
            raise FormatError(Problem(str(self.path / VALUES), happened, "a file nobody cuts", _CURE))
        return raw, scale


@dataclass(frozen=True, eq=False)
class RecordedStep:
    """One step of a recording, to be compared with another one or with a model.

    Args:
        recording: the recording. step: which step.
    """

    recording: Recording
    step: int

    def model(self) -> Model:
        """The model as it was; see `Recording.model`."""
        return self.recording.model(self.step)

    def weights(self) -> dict[str, np.ndarray]:
        """The recorded weights by name."""
        return self._arrays("")

    def values(self) -> dict[str, np.ndarray]:
        """The recorded activations of the probe by name."""
        return self._arrays("probe")

    def _arrays(self, on: str) -> dict[str, np.ndarray]:
        names = [e.name for e in self.recording.layout.entries if e.on == on and not e.name.endswith(GRAD)]
        return {name: self.recording.value(name, self.step, on) for name in names}


def open_recording(path: str | os.PathLike[str]) -> Recording:
    """Open the recording that a `Recorder` made, or is still making.

    Args:
        path: its folder.

    Returns:
        Recording, with the steps that were whole at this moment; `refresh()` looks again.

    Raises:
        FormatError: it is no recording, or not as it was written.
    """
    folder = Path(path)
    layout, lines = read_index(folder)
    steps, epochs = (tuple(line[name] for line in lines) for name in ("step", "epoch"))
    sums = tuple(tuple(line["crc"]) for line in lines)
    return Recording(f"Recording {folder.name}", folder, layout, steps, epochs, sums)
