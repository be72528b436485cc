"""Every weight of every architecture learns: a gradient, finite and not zero, on small pictures."""

import jax
import numpy as np
import pytest

import striate.applications as applications
from striate import ops

SIDES = {
    "mnist-convnet": (28, 1),
    "mnist-dense": (28, 1),
    "lenet5": (28, 1),
    "lenet5-1998": (32, 1),
    "cifar10-convnet": (32, 3),
    "small-resnet": (16, 3),
    "all-cnn-a": (20, 3),
    "all-cnn-b": (20, 3),
    "all-cnn-c": (20, 3),
    "alphago-policy": (7, 48),
    "cats-and-dogs": (86, 3),
    "alexnet": (63, 3),
    "alexnet-2012": (64, 3),
    "zfnet": (64, 3),
    "vgg11": (32, 3),
    "vgg13": (32, 3),
    "vgg16": (32, 3),
    "vgg19": (32, 3),
    "googlenet": (96, 3),
    "googlenet-2014": (96, 3),
    "resnet18": (64, 3),
    "resnet34": (64, 3),
    "resnet50": (64, 3),
    "resnet101": (64, 3),
    "resnet152": (64, 3),
    "mobilenet-v2": (64, 3),
    "efficientnet-lite0": (64, 3),
}
"""Side and channels; norms need several places to take a mean of, and the middle heads of GoogLeNet 5x5."""

SLOW = (
    "mnist-convnet",
    "mnist-dense",
    "cifar10-convnet",
    "cats-and-dogs",
    "all-cnn-a",
    "all-cnn-b",
    "alexnet",
    "zfnet",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
    "mobilenet-v2",
    "efficientnet-lite0",
    "googlenet",
    "googlenet-2014",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
)
TEXTBOOK = ("mnist-convnet", "mnist-dense", "cifar10-convnet", "cats-and-dogs")
"""They always end with probabilities."""

QUICK = {"xla_backend_optimization_level": 0}


CASES = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in applications.names()]


@pytest.mark.parametrize("name", CASES)
def test_every_weight_gets_a_gradient(name):
    side, channels = SIDES[name]
    options = {} if name == "alphago-policy" else {"classes": 10}
    options |= {} if name in TEXTBOOK else {"classifier_activation": None}
    options |= {"auxiliary_heads": True} if name.startswith("googlenet") else {}
    network = applications.get(name, input_shape=(side, side, channels), **options).network
    variables = jax.jit(lambda: network.init(0), compiler_options=QUICK)()
    rng = np.random.default_rng(len(name))
    x = rng.standard_normal((2, side, side, channels), np.float32)
    targets = [rng.integers(0, shape[-1], 2) for shape in network.output_shapes]

    def loss(params, state, key):
        applied = network.apply({"params": params, "state": state}, x, train=True, key=key)
        outputs = applied.output if isinstance(applied.output, tuple) else (applied.output,)
        pairs = zip(targets, outputs, strict=True)
        logits = name not in TEXTBOOK
        return sum(ops.sparse_categorical_crossentropy(t, z, from_logits=logits).mean() for t, z in pairs)

    slope = jax.jit(jax.grad(loss), compiler_options=QUICK)
    gradients = slope(variables["params"], variables["state"], jax.random.key(1))
    trained = {path for path, some in network.declared.items() if any(one.trainable for one in some.values())}
    assert set(gradients) == trained
    for path, weights in gradients.items():
        for weight, gradient in weights.items():
            assert np.isfinite(gradient).all(), f"{path}/{weight}"
            assert np.abs(gradient).max() > 0, f"{path}/{weight}"
