"""The names of ImageNet's thousand classes, in the order of their labels."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def imagenet() -> tuple[str, ...]:
    """The thousand classes of ILSVRC 2012 (Russakovsky et al., 2015), the first word for each.

    >>> imagenet()[285], len(imagenet())
    ('Egyptian cat', 1000)
    """
    text = files("striate.applications.pretrained").joinpath("imagenet_classes.txt").read_text("utf-8")
    return tuple(text.splitlines())
