"""Published and classic architectures: functions that give a model, whose weights are drawn or loaded."""

from striate.applications.cats_and_dogs import cats_and_dogs
from striate.applications.cifar10 import cifar10_convnet
from striate.applications.lenet import lenet5
from striate.applications.mnist import mnist_convnet, mnist_dense
from striate.applications.registry import get, names
from striate.applications.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from striate.applications.vgg import vgg16

__all__ = [
    "cats_and_dogs",
    "cifar10_convnet",
    "get",
    "lenet5",
    "mnist_convnet",
    "mnist_dense",
    "names",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "vgg16",
]
