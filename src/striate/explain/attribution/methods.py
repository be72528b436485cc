"""All methods of attribution by name, and the one door to them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.explain._reading import Reading, read
from striate.explain.attribution._aim import Target
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution.backpropagation import WARNING, deconvolution, guided_backpropagation
from striate.explain.attribution.class_maps import class_activation, grad_cam, grad_cam_plus_plus, layer_cam
from striate.explain.attribution.gradients import gradient, input_times_gradient, smoothgrad
from striate.explain.attribution.integrated import integrated_gradients
from striate.explain.attribution.masked import rise, score_cam
from striate.explain.attribution.occlusion import occlusion
from striate.explain.attribution.relevance import relevance
from striate.models import Model


@dataclass(frozen=True)
class Method:
    """A method of attribution: called on a reading it gives an `Attribution`.

    Args:
        name: as in METHODS. function: (reading, target, **options) -> Attribution.
        about: what the map says, in a clause. paper: who proposed it.
        sums: what its values add up to: "difference" (from the baseline), "score" or nothing.
        slopes: whether its values are slopes, to be multiplied by a change, and no shares of the score.
        warning: what speaks against it, or nothing.
    """

    name: str
    function: Callable[..., Attribution]
    about: str
    paper: str
    sums: str = ""
    slopes: bool = False
    warning: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """{option: default}."""
        parameters = inspect.signature(self.function).parameters.values()
        return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}

    @property
    def layered(self) -> bool:
        """Whether its map is that of a layer, which `layer=` names."""
        return "layer" in self.options

    def __call__(self, reading: Reading, target: Target = None, **options: Any) -> Attribution:
        """Attribute the scores of a reading.

        Raises:
            ArgumentError: an option that the method does not have.
        """
        if unknown := [name for name in options if name not in self.options]:
            known = ", ".join(self.options) or "none"
            expected = f"an option of {self.name}: {known}"
            cure = "Leave it out."
            raise ArgumentError([Problem(name, "unknown option", expected, cure) for name in unknown])
        return self.function(reading, target, **options)


_ALL = (
    Method(
        "gradient", gradient, "how the score changes with each pixel", "Simonyan et al., 2014", slopes=True
    ),
    Method(
        "input-x-gradient",
        input_times_gradient,
        "each pixel times its gradient",
        "Shrikumar et al., 2016",
    ),
    Method(
        "smoothgrad", smoothgrad, "the mean gradient over noisy copies", "Smilkov et al., 2017", slopes=True
    ),
    Method(
        "integrated-gradients",
        integrated_gradients,
        "each pixel's share of the difference from a baseline",
        "Sundararajan et al., 2017",
        sums="difference",
    ),
    Method(
        "occlusion", occlusion, "how much the score drops when a part is covered", "Zeiler and Fergus, 2014"
    ),
    Method("grad-cam", grad_cam, "where the last map speaks for the class", "Selvaraju et al., 2017"),
    Method(
        "grad-cam++",
        grad_cam_plus_plus,
        "Grad-CAM that counts small objects as well",
        "Chattopadhyay et al., 2018",
    ),
    Method("layer-cam", layer_cam, "Grad-CAM place by place, for early layers too", "Jiang et al., 2021"),
    Method("score-cam", score_cam, "maps weighted by the score seen through them", "Wang et al., 2020"),
    Method("cam", class_activation, "the last map weighted by the dense layer", "Zhou et al., 2016"),
    Method("rise", rise, "random masks weighted by the probability behind them", "Petsiuk et al., 2018"),
    Method("lrp", relevance, "the score handed back layer by layer", "Bach et al., 2015", sums="score"),
    Method(
        "guided-backpropagation",
        guided_backpropagation,
        "the gradient through relu's positive side only",
        "Springenberg et al., 2015",
        slopes=True,
        warning=WARNING,
    ),
    Method(
        "deconvnet",
        deconvolution,
        "the gradient with relu on the way back",
        "Zeiler and Fergus, 2014",
        slopes=True,
        warning=WARNING,
    ),
)

METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _ALL})
"""Every method by its name."""


def method_named(method: str | Method) -> Method:
    """The method of this name; underscores and capitals do not matter.

    Raises:
        ArgumentError: there is none.

    >>> method_named("Grad_CAM").paper
    'Selvaraju et al., 2017'
    """
    if isinstance(method, Method):
        return method
    name = str(method).lower().replace("_", "-").replace(" ", "-")
    if name in METHODS:
        return METHODS[name]
    near = difflib.get_close_matches(name, METHODS, 1)
    cure = f"Did you mean {near[0]!r}?" if near else f"Methods are: {', '.join(METHODS)}."
    raise ArgumentError(Problem("method", f"there is no method {method!r}", "a name of METHODS", cure))


def attribute(
    model: Model | Reading, x: Any = None, method: str | Method = "", target: Target = None, **options: Any
) -> Attribution:
    """Say what each part of each picture did for one of the network's scores.

    Args:
        model: the model, or a `Reading` that holds its pictures already; then x is left out.
        x: (N, H, W, C) pictures, or one without its batch axis; raw uint8 is scaled as the model was trained.
        method: a name of `METHODS`.
        target: the class to explain, by number or name, or one for each picture; the top class unless given.
            The score is the one before the softmax or sigmoid.
        options: of the method: `METHODS[name].options` lists them with their defaults.

    Returns:
        An `Attribution`: numbers, and a page or picture for whoever looks.

    Raises:
        ArgumentError: no such method, option, class or layer. DataError, ShapeError: x does not fit.

    >>> import numpy as np
    >>> from striate.applications import mnist_convnet
    >>> found = attribute(mnist_convnet(), np.zeros((28, 28, 1), np.float32), "gradient", target=3)
    >>> found.values.shape, found.aim.names
    ((1, 28, 28, 1), ('3',))
    """
    chosen = method_named(method)
    reading = model if isinstance(model, Reading) else read(model, x)
    return chosen(reading, target, **options)
