"""Guided backpropagation and the deconvnet as attributions: the gradient with another rule for relu."""

from __future__ import annotations

import numpy as np

from striate.explain._reading import Reading
from striate.explain.attribution._aim import Target, aim_at
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._rectifiers import deconvnet, guided
from striate.explain.attribution.gradients import slopes_of

WARNING = (
    "it restores edges of the picture whatever the network has learned: maps stay alike when the weights are"
    " made random (Adebayo et al., 2018; Nie, Zhang and Patel, 2018). Let striate.explain.check say so here."
)


def guided_backpropagation(reading: Reading, target: Target = None) -> Attribution:
    """The gradient, but relu sends back only what is positive, and only where it is open.

    Args:
        reading: a model with pictures in it. target: as for `attribute`.

    It is known to fail sanity checks: it draws edges of the picture rather than reasons of the network.

    Springenberg, Dosovitskiy, Brox and Riedmiller, Striving for simplicity: the all convolutional net, 2015.
    """
    aim = aim_at(reading, target)
    values = np.asarray(slopes_of(reading, aim, guided))
    about = "The gradient, where every relu sends back only positive numbers through open units."
    return Attribution("guided-backpropagation", values, aim, reading, about, warning=WARNING)


def deconvolution(reading: Reading, target: Target = None) -> Attribution:
    """The gradient, but relu sends back what is positive, open or not.

    Args:
        reading: a model with pictures in it. target: as for `attribute`.

    It shares the failing of guided backpropagation.

    Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.
    """
    aim = aim_at(reading, target)
    values = np.asarray(slopes_of(reading, aim, deconvnet))
    about = "The gradient, where every relu sends back only positive numbers, through closed units too."
    return Attribution("deconvnet", values, aim, reading, about, warning=WARNING)
