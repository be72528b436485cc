"""What `compile` says: what is minimized and what is measured, for each output of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.training import losses, metrics
from striate.training._loss import Loss, TargetKind

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Objective:
    """Losses and metrics, one entry for each output.

    Args:
        outputs: names of the network's outputs.
        losses: what each output is compared by, or None for an output that no loss looks at.
        loss_weights: the factor of each loss in the whole loss.
        metrics: what is measured, every example counting as one.
        weighted_metrics: what is measured with the sample and class weights.
    """

    outputs: tuple[str, ...]
    losses: tuple[Loss | None, ...]
    loss_weights: tuple[float, ...]
    metrics: tuple[tuple[metrics.Metric, ...], ...]
    weighted_metrics: tuple[tuple[metrics.Metric, ...], ...]

    @property
    def loss_outputs(self) -> tuple[int, ...]:
        """The positions of the outputs that have a loss."""
        return tuple(index for index, loss in enumerate(self.losses) if loss is not None)

    @property
    def kinds(self) -> tuple[TargetKind, ...]:
        """What each output's loss wants as target."""
        return tuple("none" if loss is None else loss.TARGET for loss in self.losses)

    def metric_groups(self) -> tuple[tuple[metrics.Metric, ...], ...]:
        """For each output its metrics, the weighted ones last."""
        return tuple(a + b for a, b in zip(self.metrics, self.weighted_metrics, strict=True))

    def logs(self, sums: Any) -> dict[str, Any]:
        """The numbers that a person sees, from sums on the host: "loss" first, the rest as Keras names it."""
        examples = max(float(sums.examples), 1.0)
        named: dict[str, Any] = {"loss": float(sums.loss) / examples}
        several = len(self.outputs) > 1
        if several:
            for index, total in zip(self.loss_outputs, sums.losses, strict=True):
                named[f"{self.outputs[index]}_loss"] = float(total) / examples
        for output, group, states in zip(self.outputs, self.metric_groups(), sums.metrics, strict=True):
            for metric, state in zip(group, states, strict=True):
                key = f"{output}_{metric.name}" if several else metric.name
                named[_free(key, named)] = metric.result(state)
        return named


def make_objective(
    loss: Any,
    metric_list: Any,
    loss_weights: Any,
    weighted: Any,
    outputs: Mapping[str, Shape],
) -> Objective:
    """Resolve the arguments of `compile` against the outputs of the network.

    Args:
        loss: a name, an object or a function; with several outputs a list or a dict by output name.
        metric_list: names or objects; with several outputs a list of lists or a dict by output name.
        loss_weights: a number for each output, as a list or a dict, or None.
        weighted: like `metric_list`, for metrics that count sample weights.
        outputs: name -> shape of one example.

    Raises:
        ArgumentError: a name is not known, or the numbers of entries differ.
    """
    names = tuple(outputs)
    found = tuple(None if one is None else losses.get(one) for one in _for_each(loss, names, "loss"))
    if all(one is None for one in found):
        cure = "Give for instance loss='sparse_categorical_crossentropy' to compile."
        raise ArgumentError(Problem("loss", "no output has a loss", "at least one loss", cure))
    factors = tuple(map(_factor, _for_each(loss_weights, names, "loss_weights")))
    groups = [_metric_groups(wanted, found, outputs, argument)
              for wanted, argument in ((metric_list, "metrics"), (weighted, "weighted_metrics"))]  # fmt: skip
    return Objective(names, found, factors, groups[0], groups[1])


def _factor(value: Any) -> float:
    """The factor of a loss, 1 unless given."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return float(value)
    if value is None:
        return 1.0
    cure = "Metrics are given by name: compile(optimizer, loss, metrics=[...])."
    raise ArgumentError(Problem("loss_weights", f"got {value!r}", "a number for each output", cure))


def _metric_groups(
    wanted: Any, found: Sequence[Loss | None], outputs: Mapping[str, Shape], argument: str
) -> tuple[tuple[metrics.Metric, ...], ...]:
    """The metrics of each output."""
    if len(outputs) == 1 and not isinstance(wanted, Mapping):
        wanted = [[] if wanted is None else wanted]
    groups = []
    for group, loss, shape in zip(
        _for_each(wanted, tuple(outputs), argument), found, outputs.values(), strict=True
    ):
        flat = _flat(group)
        groups.append(tuple(metrics.get(one, loss, shape) for one in flat))
    return tuple(groups)


def _flat(group: Any) -> list[Any]:
    """A list of metrics from one, some, or none."""
    if group is None:
        return []
    return [one for part in group for one in _flat(part)] if isinstance(group, list | tuple) else [group]


def _for_each(value: Any, names: tuple[str, ...], argument: str) -> tuple[Any, ...]:
    """One entry for each output, from one, a list or tuple, or a dict by name."""
    if value is None:
        return (None,) * len(names)
    if isinstance(value, Mapping) and "class_name" not in value:
        if unknown := [str(name) for name in value if name not in names]:
            expected = f"names of outputs: {', '.join(names)}"
            raise ArgumentError(
                Problem(argument, f"it names {', '.join(unknown)}", expected, "Correct the names.")
            )
        return tuple(value.get(name) for name in names)
    if not isinstance(value, list | tuple):
        value = (value,) if len(names) == 1 or argument.endswith("weights") else (value,) * len(names)
    if len(value) != len(names):
        expected = f"one for each of the {len(names)} outputs: {', '.join(names)}"
        cure = "Give a list in this order, or a dict by name."
        raise ArgumentError(Problem(argument, f"got {len(value)} entries", expected, cure))
    return tuple(value)


def _free(key: str, taken: Mapping[str, Any]) -> str:
    """The key, or key_1, key_2 … when two metrics bear the same name."""
    number, free = 0, key
    while free in taken:
        number += 1
        free = f"{key}_{number}"
    return free
