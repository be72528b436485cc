"""Why this answer: a sensible set of methods, chosen for the network, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import ArgumentError
from striate.explain._reading import Reading, read
from striate.explain.attribution._aim import Target, probabilities, scores_of
from striate.explain.attribution._attribution import SHOWN, Attribution, picture_of
from striate.explain.attribution._badge import VERDICTS, badge_row
from striate.explain.attribution._layers import choose_layer
from striate.explain.attribution.methods import METHODS, method_named
from striate.explain.attribution.relevance import check_layers
from striate.explain.checking.check import check_attribution
from striate.models import Model
from striate.network import Network
from striate.pages import Note, Panel, Part, Shown, Table, overlay

ANSWERS = 5
"""So many of the answers are listed."""

CHECKED = ("cascading-randomisation", "deletion", "insertion", "completeness", "conservation", "infidelity")
"""The checks that `why(checked=True)` makes: those that tell methods apart and take seconds."""


@dataclass(frozen=True, eq=False)
class Why(Shown):
    """Several explanations of the same answers.

    Args:
        attributions: one a method. reasons: for each of them, why it was chosen.
        left_out: what was not made, and why. probabilities: (N, K) of the classes, or None.
    """

    attributions: tuple[Attribution, ...]
    reasons: tuple[str, ...]
    left_out: tuple[str, ...]
    probabilities: np.ndarray | None

    @property
    def reading(self) -> Reading:
        """The model with the pictures in it."""
        return self.attributions[0].reading

    @property
    def title(self) -> str:  # type: ignore[override]
        """The classes that are explained."""
        names = list(dict.fromkeys(self.attributions[0].aim.names))
        return f"why {', '.join(names[:4])}{', …' if len(names) > 4 else ''}"

    def __getitem__(self, method: str) -> Attribution:
        """One method's attribution, by its name."""
        name = method_named(method).name
        for one in self.attributions:
            if one.method == name:
                return one
        raise KeyError(name)

    def parts(self) -> list[Part]:
        """For each picture its answers and all maps, then how and why, then the badges."""
        parts: list[Part] = []
        count = len(self.attributions[0].values)
        for index in range(min(count, SHOWN)):
            parts += self._row(index)
        if count > SHOWN:
            parts.append(Note(f"The first {SHOWN} of {count} pictures."))
        for one, reason in zip(self.attributions, self.reasons, strict=True):
            parts.append(Note(f"{one.method}: {reason}. {one.about}"))
            parts += [Note(f"Beware of {one.method}: {one.warning}")] if one.warning else []
        parts += [Note(words) for words in self.left_out]
        return [*parts, *self._badges()]

    def _row(self, index: int) -> list[Part]:
        picture = picture_of(self.reading, index)
        smooth, words = min(picture.shape[:2]) > 64, self.attributions[0].aim.words(index)
        row: list[Part] = [Panel(f"picture {index}", picture, words, smooth)]
        for one in self.attributions:
            colours = one.colours(index)
            shown = overlay(picture, colours) if one.layer else colours
            row.append(Panel(one.method, shown, _verdict(one), smooth))
        return [*row, Note(""), *self._answers(index)]

    def _answers(self, index: int) -> list[Part]:
        """The likeliest classes of a picture."""
        if self.probabilities is None:
            return []
        shares = self.probabilities[index]
        best = np.argsort(-shares, kind="stable")[:ANSWERS]
        rows = [(self.reading.class_name(int(number)), f"{100 * shares[number]:.2f} %") for number in best]
        return [Table(("answer", "probability"), rows)]

    def _badges(self) -> list[Part]:
        rows = [(one.method, *badge_row(badge)) for one in self.attributions for badge in one.badges]
        head = ("method", "check", "verdict", "measured", "mean", "95 % interval", "pictures", "criterion")
        return [Table(head, rows, "Checked on this model")] if rows else []


def why(
    model: Model,
    x: Any,
    target: Target = None,
    *,
    methods: Sequence[str] | None = None,
    layer: str | None = None,
    checked: bool = False,
    on: Any = None,
    seed: int = 0,
) -> Why:
    """Explain the answers to pictures by methods that suit the network.

    Args:
        model: the model. x: (N, H, W, C) pictures, or one of them.
        target: the classes; the top ones unless given.
        methods: names of METHODS; chosen by itself unless given, and it says why.
        layer: for maps of a layer; the last map on the way to the scores unless given.
        checked: make checks, and put their badges under every map.
        on: (M, H, W, C) pictures to check on, for instance of the test set; x itself unless given. More
            pictures make narrower intervals. seed: draws whatever is drawn.

    Returns:
        A `Why`: `found["grad-cam"]` is one of its attributions.

    Raises:
        ArgumentError, DataError, ShapeError: as for `attribute`.

    >>> from striate.applications import mnist_convnet
    >>> found = why(mnist_convnet(), np.zeros((28, 28, 1), np.float32), target=3)
    >>> [one.method for one in found.attributions]
    ['integrated-gradients', 'grad-cam', 'occlusion', 'lrp']
    """
    reading = read(model, x)
    chosen, left_out = choose_methods(model.network) if methods is None else (_named(methods), ())
    found, reasons = [], []
    for name, reason in chosen.items():
        method = METHODS[name]
        options = {"layer": layer} if method.layered and layer is not None else {}
        made = method(reading, target, **options)
        if checked:
            made = _checked(model, made, name, options, on, seed)
        found.append(made)
        reasons.append(reason)
    scores = np.asarray(scores_of(reading))
    return Why(tuple(found), tuple(reasons), left_out, probabilities(scores, model.network))


def choose_methods(network: Network) -> tuple[dict[str, str], tuple[str, ...]]:
    """{method: why it suits the network}, and what was left out for which reason.

    One method of gradients, one of a layer's map, one that takes no gradient, one that keeps an account.
    """
    chosen = {
        "integrated-gradients": "chosen for pixels, because its values add up to a difference of scores"
    }
    left_out = []
    try:
        chosen["grad-cam"] = f"chosen for regions, at {choose_layer(network)[1]}"
    except ArgumentError:
        left_out.append("grad-cam: left out, for no layer on the way to the scores is a map.")
    chosen["occlusion"] = "chosen because it only asks the network, and takes no gradient"
    try:
        check_layers(network)
        chosen["lrp"] = "chosen because it keeps an account of the score, biases included"
    except ArgumentError as error:
        where = ", ".join(problem.where for problem in error.problems[:3])
        left_out.append(f"lrp: left out, for it has no rule for {where}.")
    return chosen, tuple(left_out)


def _named(methods: Sequence[str]) -> dict[str, str]:
    names = [methods] if isinstance(methods, str) else methods
    return {method_named(name).name: "asked for" for name in names}


def _checked(
    model: Model, made: Attribution, name: str, options: dict[str, Any], on: Any, seed: int
) -> Attribution:
    """The attribution with badges, measured on its own pictures or on others."""
    method = METHODS[name]
    measured = made if on is None else method(read(model, on), None, **options)
    names = [one for one in CHECKED if one not in ("completeness", "conservation") or method.sums]
    report = check_attribution(model, measured, method, options, names, seed=seed)
    return made.with_badges(report.badges)


def _verdict(found: Attribution) -> str:
    """The badges of a map in a few words."""
    told = [badge for badge in found.badges if badge.holds is not None]
    if not told:
        return ""
    failed = [badge.check for badge in told if not badge.holds]
    return f"{VERDICTS[False]}: {', '.join(failed)}" if failed else f"all {len(told)} checks hold"
