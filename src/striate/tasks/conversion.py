"""Model and weight files from one framework's form into another's, each step said and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.formats import SavedModel, load_model, save_model
from striate.formats._places import shown
from striate.formats.exchange import Mapped, Rebuilt, map_tensors, rebuild, write_weights
from striate.formats.exchange.writing import ENDINGS, ending_of
from striate.formats.foreign import ForeignTensors, read_tensors
from striate.formats.onnx import OPSET, write_onnx
from striate.tasks._beside import Beside
from striate.tasks.model_source import find_network
from striate.tasks.run_folder import model_file

MODEL, ONNX = ".striate", ".onnx"
KINDS: Mapping[str, str] = {
    "striate": "a model of Striate",
    "torch": "a file of PyTorch",
    "safetensors": "a safetensors file",
    "keras-h5": "an HDF5 file of Keras",
    "keras-zip": "an archive of Keras",
    "tfjs": "a model of TensorFlow.js",
    "numpy": "a file of NumPy",
    "pickled-arrays": "a stream of NumPy arrays",
}
"""What files are called."""


@dataclass(frozen=True)
class Conversion:
    """What was done.

    Args:
        source, target: the files. kind: of the source, in words. written: what the target became, in words.
        network: its name. architecture: where it is from. parameters: how many weights.
        notes: what was recognised in the source. fresh: layers that were left at their own start.
        ignored: tensors of the source that were not used. lost: what the target cannot hold.
        checks: what was compared afterwards, in sentences.
    """

    source: str
    target: str
    kind: str
    written: str
    network: str
    architecture: str
    parameters: int
    notes: tuple[str, ...]
    fresh: tuple[str, ...]
    ignored: tuple[str, ...]
    lost: tuple[str, ...]
    checks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        values = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    model: str | None = None,
    to: str | None = None,
    convention: str | None = None,
    group: str | None = None,
    by: Literal["name", "order"] = "name",
    skip_head: bool = False,
    ignore: Sequence[str] = (),
    input_shape: tuple[int, ...] | None = None,
    classes: int | None = None,
    preprocessing: str | os.PathLike[str] | None = None,
    class_names: str | os.PathLike[str] | None = None,
) -> Conversion:
    """Read a model or a weight file of any framework and write it in another form.

    Args:
        source: a file, a run's folder, or the folder of a TensorFlow.js model.
        target: its ending says what is written: .striate, .onnx, .safetensors, .weights.h5 or .npz.
        model: the architecture, as `find_network` takes it, where the source holds none.
        to: the convention of the names written: "striate", "torch" or "keras".
        convention, by, skip_head, ignore: as for `map_tensors`. group: of a checkpoint with several.
        input_shape, classes: given to a named architecture, or to a configuration with open sizes.
        preprocessing, class_names: JSON files to go with the weights: the fields of a `Preprocessing`, and a
            list of texts. They take the place of what a model of ours brings along.

    Raises:
        StriateError: the source is not as it should be, no architecture is known, weights do not fit it, or
            the target cannot be written; the previous file is untouched then.
    """
    kind = _target_kind(target, to)
    beside = Beside.read(preprocessing, class_names)
    found = _read(source)
    if isinstance(found, SavedModel):
        _refuse_beside_a_model(model=model, convention=convention, group=group, ignore=ignore or None)
        saved, said = found, _Said("striate", "the model file")
    else:
        found = found if group is None else found.under(group)
        wanted = {"input_shape": input_shape, "classes": classes}
        built, origin = _architecture(found, model, wanted, shown(source))
        options = {"convention": convention, "by": by, "skip_head": skip_head}
        options["ignore"] = (*ignore, *built.ignore)
        mapped = map_tensors(built.network, found, where=shown(source), **options)
        saved = SavedModel(built.network, mapped.variables)
        said = _Said(found.kind, origin, *_told(mapped, built.inside))
    saved = beside.added_to(saved)
    written, checks = _write(kind, target, saved, to)
    network = saved.network
    return Conversion(
        str(source),
        str(target),
        KINDS[said.kind],
        written,
        network.name or "network",
        said.architecture,
        network.count_parameters(),
        said.notes,
        said.fresh,
        said.ignored,
        _lost(kind, saved),
        checks,
    )


@dataclass(frozen=True)
class _Said:
    """What is told of the source."""

    kind: str
    architecture: str
    notes: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def _told(mapped: Mapped, inside: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Notes, fresh layers and unused tensors; statistics that became part of the network are used."""
    notes = mapped.notes
    if inside:
        notes = (*notes, f"statistics that are hyperparameters here: {', '.join(inside)}")
    return notes, mapped.fresh, tuple(name for name in mapped.ignored if name not in inside)


def _target_kind(target: str | os.PathLike[str], to: str | None) -> str:
    """The ending of the target, refused before anything is read."""
    for ending in (MODEL, ONNX):
        if str(target).endswith(ending):
            if to is not None:
                happened, cure = f"{ending} has names of its own", "Leave --to out."
                raise ArgumentError(Problem("--to", happened, "no --to", cure))
            return ending
    return ending_of(target, [MODEL, ONNX, *ENDINGS])


def _read(source: str | os.PathLike[str]) -> SavedModel | ForeignTensors:
    """A model of ours, or the tensors of somebody else's file."""
    path = Path(source)
    if path.suffix == MODEL or (path / "config.json").exists():  # which every run's folder has
        return load_model(model_file(path))
    found = read_tensors(path)
    if found.kind == "safetensors" and "striate" in found.metadata:
        return load_model(path)
    return found


def _refuse_beside_a_model(**given: Any) -> None:
    """A model of ours says everything itself."""
    problems = [
        Problem(f"--{name}", "a model of Striate says this itself", f"no --{name}", "Leave it out.")
        for name, value in given.items()
        if value is not None
    ]
    if problems:
        raise ArgumentError(problems)


def _architecture(
    found: ForeignTensors, model: str | None, wanted: Mapping[str, Any], where: str
) -> tuple[Rebuilt, str]:
    """The network, and where it is from: what the person says, or the configuration in the file."""
    if model is not None:
        given = {name: value for name, value in wanted.items() if value is not None}
        return Rebuilt(find_network(model, **given)), model
    config = found.metadata.get("config")
    if config is None:
        cure = "Say which with --model: a name such as resnet50, FILE.json or FILE.py:NAME."
        happened = f"it is {KINDS[found.kind]} without an architecture"
        raise ArgumentError(Problem(where, happened, "a network for the weights", cure))
    return rebuild(found, input_shape=wanted["input_shape"], where=where), "the configuration in the file"


def _write(
    kind: str, target: str | os.PathLike[str], saved: SavedModel, to: str | None
) -> tuple[str, tuple[str, ...]]:
    """Write the target and compare what lies there with what was to be written."""
    network, variables = saved.network, saved.variables
    parts = {"preprocessing": saved.preprocessing, "class_names": saved.class_names}
    if kind == MODEL:
        save_model(target, network, variables, **parts, training=saved.training)
        count = _count_equal(_flat(variables), _flat(load_model(target).variables))
        return "a model of Striate", (f"read back, {count} tensors equal bit for bit",)
    if kind == ONNX:
        made = write_onnx(target, network, variables, **parts)
        graph = f"an ONNX model of opset {OPSET}, {len(made.graph.node)} nodes"
        takes = "uint8 pictures" if saved.preprocessing is not None else "float32"
        return f"{graph}, which takes {takes}", ("onnx.checker finds nothing to say against it",)
    arrays = write_weights(target, network, variables, to)
    count = _count_equal(arrays, read_tensors(target).tensors)
    names = to or ENDINGS[kind].conventions[0]
    return f"weights alone, names of the convention {names}", (
        f"read back, {count} tensors equal bit for bit",
    )


def _flat(variables: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Arrays by path and name."""
    return {
        f"{path}/{name}": np.asarray(array)
        for group in variables.values()
        for path, weights in group.items()
        for name, array in weights.items()
    }


def _count_equal(written: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> int:
    """How many tensors there are, when all are as they were written."""
    different = [
        name for name, array in written.items() if name in found and not np.array_equal(array, found[name])
    ]
    if different or set(written) != set(found):
        happened = f"{len(different) or len(set(written) ^ set(found))} tensors differ from what was written"
        raise ArgumentError(
            Problem("read back", happened, "the same numbers", "Check the disk, and try again.")
        )
    return len(written)


def _lost(kind: str, saved: SavedModel) -> tuple[str, ...]:
    """What the target has no place for."""
    parts = {
        "preprocessing": saved.preprocessing,
        "class names": saved.class_names,
        "training record": saved.training,
    }
    held = {MODEL: set(parts), ONNX: {"preprocessing", "class names"}}.get(kind, set())
    lost = [name for name, part in parts.items() if part is not None and name not in held]
    return tuple(lost if kind in (MODEL, ONNX) else ["architecture", *lost])
