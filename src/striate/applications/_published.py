"""What papers and frameworks measured with the published architectures, each number with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """Errors on the 50,000 validation pictures of ImageNet's 1,000 classes, in per cent.

    Args:
        top1, top5: how often the class is not the likeliest, or not among the five likeliest; None where the
            source does not say.
        how: on what parts of the pictures. source: where it is printed.
    """

    top1: float | None
    top5: float | None
    how: str
    source: str


@dataclass(frozen=True)
class Published:
    """What is known about an architecture beside what can be counted.

    Args:
        year: of the paper. paper: who wrote it. family: what it is drawn with.
        layout: whose layers we count: "paper", "torchvision" or "timm".
        scores: on ImageNet, the paper's own first. other: what the paper measured elsewhere.
    """

    year: int
    paper: str
    family: str
    layout: str
    scores: tuple[Score, ...] = ()
    other: str = ""


_ONE_CROP = "one 224x224 crop"


def _torchvision(right1: float, right5: float) -> Score:
    """torchvision prints accuracies of its first weights (IMAGENET1K_V1)."""
    return Score(round(100 - right1, 3), round(100 - right5, 3), _ONE_CROP, "torchvision's weights")


def _vgg(top1: float, top5: float, how: str, right1: float, right5: float) -> Published:
    paper = Score(top1, top5, f"dense, {how}", "table 3 of the paper")
    return Published(2014, "Simonyan, Zisserman", "VGG", "torchvision", (paper, _torchvision(right1, right5)))


def _resnet(top1: float, top5: float | None, table: int, right1: float, right5: float) -> Published:
    paper = Score(top1, top5, "ten crops", f"table {table} of the paper")
    layers = (paper, _torchvision(right1, right5))
    return Published(2015, "He, Zhang, Ren, Sun", "ResNet", "torchvision", layers)


PUBLISHED: Mapping[str, Published] = {
    "lenet5-1998": Published(
        1998,
        "LeCun, Bottou, Bengio, Haffner",
        "LeNet",
        "paper",
        other="0.95 % errors on MNIST's test digits, 0.8 % with distorted copies",
    ),
    "lenet5": Published(1998, "after LeCun, Bottou, Bengio, Haffner", "LeNet", "paper"),
    "all-cnn-a": Published(
        2014,
        "Springenberg, Dosovitskiy, Brox, Riedmiller",
        "All-CNN",
        "paper",
        other="10.30 % errors on CIFAR-10's test pictures, without augmentation",
    ),
    "all-cnn-b": Published(
        2014,
        "Springenberg, Dosovitskiy, Brox, Riedmiller",
        "All-CNN",
        "paper",
        other="9.10 % errors on CIFAR-10's test pictures, without augmentation",
    ),
    "all-cnn-c": Published(
        2014,
        "Springenberg, Dosovitskiy, Brox, Riedmiller",
        "All-CNN",
        "paper",
        other="9.08 % errors on CIFAR-10's test pictures, 7.25 % with augmentation",
    ),
    "alphago-policy": Published(
        2016, "Silver et al.", "AlphaGo", "paper", other="57.0 % of experts' moves foreseen"
    ),
    "alexnet-2012": Published(
        2012,
        "Krizhevsky, Sutskever, Hinton",
        "AlexNet",
        "paper",
        (Score(40.7, 18.2, "ten crops", "table 2 of the paper"),),
    ),
    "zfnet": Published(
        2013,
        "Zeiler, Fergus",
        "AlexNet",
        "paper",
        (Score(38.4, 16.5, "ten crops", "table 2 of the paper"),),
    ),
    "alexnet": Published(2014, "Krizhevsky", "AlexNet", "torchvision", (_torchvision(56.522, 79.066),)),
    "vgg11": _vgg(29.6, 10.4, "at 256", 69.020, 88.628),
    "vgg13": _vgg(28.7, 9.9, "at 256", 69.928, 89.246),
    "vgg16": _vgg(25.6, 8.1, "at 384, trained at 256 to 512", 71.592, 90.382),
    "vgg19": _vgg(25.5, 8.0, "at 384, trained at 256 to 512", 72.376, 90.876),
    "googlenet-2014": Published(
        2014,
        "Szegedy et al.",
        "GoogLeNet",
        "paper",
        (Score(None, 10.07, _ONE_CROP, "table 3 of the paper"),),
    ),
    "googlenet": Published(
        2014, "Szegedy et al.", "GoogLeNet", "torchvision", (_torchvision(69.778, 89.530),)
    ),
    "resnet18": _resnet(27.88, None, 2, 69.758, 89.078),
    "resnet34": _resnet(24.52, 7.46, 3, 73.314, 91.420),
    "resnet50": _resnet(22.85, 6.71, 3, 76.130, 92.862),
    "resnet101": _resnet(21.75, 6.05, 3, 77.374, 93.546),
    "resnet152": _resnet(21.43, 5.71, 3, 78.312, 94.046),
    "mobilenet-v2": Published(
        2018,
        "Sandler, Howard, Zhu, Zhmoginov, Chen",
        "Mobile",
        "torchvision",
        (Score(28.0, None, _ONE_CROP, "table 4 of the paper"), _torchvision(71.878, 90.286)),
    ),
    "efficientnet-lite0": Published(
        2020, "Tan, Le", "Mobile", "timm", (Score(24.9, None, _ONE_CROP, "its authors' list of models"),)
    ),
}
"""By the names of the registry."""
