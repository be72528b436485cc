"""Published and classic architectures: functions that give a model, whose weights are drawn or loaded."""

from striate.applications._comparison import compare
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
from striate.applications.registry import get, names
from striate.applications.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from striate.applications.small_resnet import small_resnet
from striate.applications.vgg import vgg11, vgg13, vgg16, vgg19
from striate.applications.zfnet import zfnet

__all__ = [
    "alexnet",
    "alexnet_2012",
    "all_cnn_a",
    "all_cnn_b",
    "all_cnn_c",
    "alphago_policy",
    "cats_and_dogs",
    "cifar10_convnet",
    "compare",
    "efficientnet_lite0",
    "get",
    "googlenet",
    "googlenet_2014",
    "lenet5",
    "lenet5_1998",
    "mnist_convnet",
    "mnist_dense",
    "mobilenet_v2",
    "names",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "small_resnet",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
    "zfnet",
]
