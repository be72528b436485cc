"""A whole model out of a file of Keras or TensorFlow.js: its network, and which tensors became part of it.

Keras keeps the statistics of an adapted Normalization layer among the weights; here they are hyperparameters.
"""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from striate.formats.exchange.keras_config import network_from_config
from striate.network import Network
from striate.network.json_text import MAX_PARAMETERS


class Rebuilt(NamedTuple):
    """What a file gives.

    Args:
        network: the architecture.
        inside: names of tensors that became part of it and are no weights.
    """

    network: Network
    inside: tuple[str, ...] = ()

    @property
    def ignore(self) -> tuple[str, ...]:
        """Patterns of those tensors, for `map_tensors`."""
        return tuple(glob.escape(name) for name in self.inside)


class Statistics(NamedTuple):
    """Of one Normalization layer.

    Args:
        mean, variance: the numbers, nested. names: of their tensors and of the count beside them.
    """

    mean: Any
    variance: Any
    names: tuple[str, ...]


def rebuild(
    found: Any,
    *,
    input_shape: Sequence[int] | None = None,
    where: str = "file",
    max_parameters: int = MAX_PARAMETERS,
) -> Rebuilt:
    """The network that a file tells of in its configuration.

    Args:
        found: what `read_tensors` gave; its metadata hold a "config".
        input_shape: of one example, where the file leaves sizes open.
        where: what an error calls the file. max_parameters: more weights than this are refused.

    Raises:
        FormatError: as for `network_from_config`.
    """
    statistics = _statistics(found)
    config = _with_statistics(found.metadata["config"], statistics)
    options: dict[str, Any] = {"input_shape": input_shape, "max_parameters": max_parameters}
    network = network_from_config(config, where=f"{where}, config", **options)
    return Rebuilt(network, tuple(name for each in statistics.values() for name in each.names))


def _statistics(found: Any) -> dict[str, Statistics]:
    """Of the adapted Normalization layers, by their names: a mean, a variance of its shape, and a count."""
    listed = [(layer["name"], layer["weights"]) for layer in found.metadata.get("layers", ())]
    wanted = _waiting(found.metadata.get("config"))
    counts = Counter(name for name, _ in listed)
    listed += [(name, [f"{name}/{part}" for part in ("mean", "variance", "count")]) for name in wanted]
    statistics = {}
    for name, tensors in listed:
        alone = name in wanted and counts[name] <= 1 and len(tensors) == 3
        if not alone or any(tensor not in found.tensors for tensor in tensors):
            continue
        mean, variance, count = (found.tensors[tensor] for tensor in tensors)
        if mean.shape == variance.shape and not count.ndim:
            numbers = {"mean": np.squeeze(mean).tolist(), "variance": np.squeeze(variance).tolist()}
            statistics[name] = Statistics(**numbers, names=tuple(tensors))
    return statistics


def _waiting(plain: Any) -> set[str]:
    """Names of Normalization layers without numbers of their own, anywhere in a configuration."""
    if isinstance(plain, list):
        return {name for entry in plain for name in _waiting(entry)}
    if not isinstance(plain, Mapping):
        return set()
    if _is_waiting(plain):
        name = plain["config"].get("name")
        return {name} if isinstance(name, str) else set()
    return {name for entry in plain.values() for name in _waiting(entry)}


def _with_statistics(plain: Any, statistics: Mapping[str, Statistics]) -> Any:
    """The configuration with the statistics in their layers."""
    if isinstance(plain, list):
        return [_with_statistics(entry, statistics) for entry in plain]
    if not isinstance(plain, Mapping):
        return plain
    if _is_waiting(plain) and plain["config"].get("name") in statistics:
        found = statistics[plain["config"]["name"]]
        config = {**plain["config"], "mean": found.mean, "variance": found.variance}
        return {**plain, "config": config}
    return {key: _with_statistics(entry, statistics) for key, entry in plain.items()}


def _is_waiting(plain: Mapping[str, Any]) -> bool:
    """Whether this is a Normalization layer that was adapted to data."""
    config = plain.get("config")
    adapted = isinstance(config, Mapping) and config.get("mean") is None and config.get("variance") is None
    return plain.get("class_name") == "Normalization" and adapted
