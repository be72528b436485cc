"""Models by name, for the command line and for files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from striate.applications.alexnet import alexnet, alexnet_2012
from striate.applications.all_cnn import all_cnn_a, all_cnn_b, all_cnn_c
from striate.applications.alphago import alphago_policy
from striate.applications.cats_and_dogs import cats_and_dogs
from striate.applications.cifar10 import cifar10_convnet
from striate.applications.efficientnet_lite import efficientnet_lite0
from striate.applications.googlenet import googlenet, googlenet_2014
from striate.applications.lenet import lenet5, lenet5_1998
from striate.applications.mnist import mnist_convnet, mnist_dense
from striate.applications.mobilenet import mobilenet_v2
from striate.applications.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from striate.applications.small_resnet import small_resnet
from striate.applications.vgg import vgg11, vgg13, vgg16, vgg19
from striate.applications.zfnet import zfnet
from striate.errors import ArgumentError, Problem
from striate.models import Model

_MAKERS: Mapping[str, Callable[..., Model]] = {
    "mnist-convnet": mnist_convnet,
    "mnist-dense": mnist_dense,
    "lenet5": lenet5,
    "lenet5-1998": lenet5_1998,
    "cifar10-convnet": cifar10_convnet,
    "small-resnet": small_resnet,
    "all-cnn-a": all_cnn_a,
    "all-cnn-b": all_cnn_b,
    "all-cnn-c": all_cnn_c,
    "alphago-policy": alphago_policy,
    "cats-and-dogs": cats_and_dogs,
    "alexnet": alexnet,
    "alexnet-2012": alexnet_2012,
    "zfnet": zfnet,
    "vgg11": vgg11,
    "vgg13": vgg13,
    "vgg16": vgg16,
    "vgg19": vgg19,
    "googlenet": googlenet,
    "googlenet-2014": googlenet_2014,
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
    "resnet101": resnet101,
    "resnet152": resnet152,
    "mobilenet-v2": mobilenet_v2,
    "efficientnet-lite0": efficientnet_lite0,
}


def names() -> tuple[str, ...]:
    """The name of every application, small pictures first.

    >>> names()[:4], names()[-2:]
    (('mnist-convnet', 'mnist-dense', 'lenet5', 'lenet5-1998'), ('mobilenet-v2', 'efficientnet-lite0'))
    """
    return tuple(_MAKERS)


def get(name: str, **arguments: Any) -> Model:
    """The model of a name.

    Args:
        name: one of `names()`; "mnist_convnet" will do for "mnist-convnet".
        arguments: what its function takes, such as input_shape, classes and weights.

    Raises:
        ArgumentError: there is none of this name.

    >>> get("lenet5", classes=26).output_shape
    (None, 26)
    """
    maker = _MAKERS.get(str(name).replace("_", "-"))
    if maker is None:
        near = difflib.get_close_matches(str(name).replace("_", "-"), _MAKERS, 1)
        cure = f"Did you mean {near[0]!r}?" if near else "Choose one of these."
        happened = f"there is no network {name!r}"
        raise ArgumentError(Problem("applications.get", happened, "one of " + ", ".join(_MAKERS), cure))
    return maker(**arguments)
