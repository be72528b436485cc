"""Flax (linen) and Optax on JAX: a jitted step that gives its buffers away, batches already on the device.

    python flax_peer.py mnist-step

JAX uses all cores that the process may run on, so `--threads` is not told to it. The step is compiled as a
program of its own: inside `lax.scan` XLA's convolutions are slower on a CPU.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import common
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax_models import MODELS

SETTINGS = ("float32",)
WORKS = ("mnist-step", "cifar-step", "resnet50-train", "mnist-infer", "resnet50-infer", "mnist-99")
PACKAGES = ("flax", "jax", "jaxlib", "optax", "numpy")


def stepper(model: Any, optimizer: optax.GradientTransformation) -> Callable[..., Any]:
    """One training step: (params, norms, memory, key, x, y) -> the new ones and the loss."""

    def loss(params: Any, norms: Any, key: jax.Array, x: jax.Array, y: jax.Array) -> tuple[jax.Array, Any]:
        variables = {"params": params, **norms}
        logits, norms = model.apply(variables, x, True, mutable=["batch_stats"], rngs={"dropout": key})
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), norms

    @partial(jax.jit, donate_argnums=(0, 1, 2, 3))
    def step(params: Any, norms: Any, memory: Any, key: jax.Array, x: jax.Array, y: jax.Array) -> Any:
        key, mine = jax.random.split(key)
        (value, norms), grads = jax.value_and_grad(loss, has_aux=True)(params, norms, mine, x, y)
        updates, memory = optimizer.update(grads, memory, params)
        return optax.apply_updates(params, updates), norms, memory, key, value

    return step


class Training:
    """A network, its optimizer's memory, and the step that moves both."""

    def __init__(self, given: argparse.Namespace, optimizer: optax.GradientTransformation) -> None:
        self.model = MODELS[given.name]()
        image = jnp.zeros((1, *common.IMAGES[given.name]))
        variables = jax.jit(lambda key: self.model.init(key, image, False))(jax.random.key(given.seed))
        norms = {"batch_stats": variables["batch_stats"]} if "batch_stats" in variables else {}
        params = variables["params"]
        self.carry = (params, norms, optimizer.init(params), jax.random.key(given.seed + 1))
        self.step = stepper(self.model, optimizer)
        self.loss: Any = None

    def advance(self, x: jax.Array, y: jax.Array) -> None:
        """One step; it may return before the work is done."""
        *carry, self.loss = self.step(*self.carry, x, y)
        self.carry = tuple(carry)

    def wait(self) -> None:
        """Let the last step finish."""
        jax.block_until_ready((self.carry[0], self.loss))


def time_training(given: argparse.Namespace) -> None:
    """Steps over batches that lie on the device."""
    (size,), count = common.batches(given), common.steps(given)
    x, y = common.examples(given, size * count)
    shape = (size, *x.shape[1:])
    if given.name == "resnet50":
        optimizer = optax.sgd(0.01, momentum=0.9)
    else:
        optimizer = optax.rmsprop(1e-3, decay=0.9, eps=1e-7)
    training = Training(given, optimizer)
    xs = [jax.device_put(x[start : start + size]) for start in range(0, len(x), size)]
    ys = [jax.device_put(y[start : start + size].astype(np.int32)) for start in range(0, len(y), size)]
    del x

    def epoch() -> None:
        for batch in zip(xs, ys, strict=True):
            training.advance(*batch)

    common.mean_of(lambda: training.advance(xs[0], ys[0]), 3, training.wait)
    times = [common.mean_of(epoch, 1, training.wait) / count for _ in range(common.samples(given, 5) + 1)]
    common.tell(given, times[1:], shape, "float32", PACKAGES, batch=size, steps=count)


def time_inference(given: argparse.Namespace) -> None:
    """Answers of a jitted network, waited for one by one."""
    model = MODELS[given.name]()
    image = jnp.zeros((1, *common.IMAGES[given.name]))
    variables = jax.jit(lambda key: model.init(key, image, False))(jax.random.key(given.seed))
    run = jax.jit(lambda variables, x: model.apply(variables, x, False))
    for size in common.batches(given):
        x, _ = common.examples(given, size)
        images = jax.device_put(x)
        span = common.seconds(given, 0.5)
        call = lambda x=images: jax.block_until_ready(run(variables, x))  # noqa: E731
        times = common.time_calls(call, common.samples(given, 7), span)
        common.tell(given, times, (size, *x.shape[1:]), "float32", PACKAGES, batch=size)


def train_digits(given: argparse.Namespace) -> None:
    """A whole training on MNIST with AdamW and one cycle of the learning rate, then the test."""
    recipe = given.recipe
    x, y, x_test, y_test = common.digits(given)
    size = recipe["batch_size"]
    total = recipe["epochs"] * -(-len(x) // size)
    schedule = optax.cosine_onecycle_schedule(total, recipe["learning_rate"], 0.3, 25, 1e4)
    training = Training(given, optax.adamw(schedule, weight_decay=recipe["weight_decay"]))
    labels = y.astype(np.int32)
    for epoch in common.permutations(given, len(x), size):
        for rows in epoch:
            training.advance(x[rows], labels[rows])
    training.wait()
    params, norms, *_ = training.carry
    run = jax.jit(lambda x: training.model.apply({"params": params, **norms}, x, False).argmax(1))
    guesses = np.concatenate([run(x_test[start : start + 1000]) for start in range(0, len(x_test), 1000)])
    common.tell_training(given, round(float(np.mean(guesses == y_test)), 4), "float32", PACKAGES)


def main() -> None:
    """Measure one work."""
    given = common.arguments("flax", SETTINGS, WORKS)
    if given.work == "mnist-99":
        train_digits(given)
    elif given.work.endswith("infer"):
        time_inference(given)
    else:
        time_training(given)


if __name__ == "__main__":
    main()
