"""Keras on TensorFlow: float32, bfloat16 (mixed_bfloat16), and compiled by XLA.

    python keras_tf_peer.py mnist-step

What makes it fast on a CPU: TensorFlow's oneDNN kernels (its default), channels last (its default), a
`tf.data` pipeline that is cached in memory and fetches ahead, and several steps in one call
(`steps_per_execution`). Steps are those of `fit`, as for Striate; answers come from a `tf.function`.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import common
import keras
import numpy as np
import tensorflow as tf
from keras_models import MODELS

SETTINGS = ("float32", "bf16", "xla")
WORKS = ("mnist-step", "cifar-step", "resnet50-train", "mnist-infer", "resnet50-infer", "mnist-99")
PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "numpy")


def compiled(given: argparse.Namespace, optimizer: Any, steps: int) -> keras.Model:
    """The network ready to train."""
    model = MODELS[given.name]()
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=given.setting == "xla",
        steps_per_execution=steps,
    )
    return model


class Clock(keras.callbacks.Callback):
    """Milliseconds of a step, one sample an epoch; the first two warm up."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.times: list[float] = []
        self.steps = steps

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch >= 2:
            self.times.append(1000 * (time.perf_counter() - self.began) / self.steps)


def time_training(given: argparse.Namespace, precision: str) -> None:
    """Epochs of `fit` over batches that are cached in memory."""
    (size,), count = common.batches(given), common.steps(given)
    x, y = common.examples(given, size * count)
    shape = (size, *x.shape[1:])
    if given.name == "resnet50":
        optimizer: Any = keras.optimizers.SGD(0.01, momentum=0.9)
    else:
        optimizer = keras.optimizers.RMSprop(1e-3)
    model, clock = compiled(given, optimizer, math.gcd(count, 10)), Clock(count)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(size, drop_remainder=True).cache().prefetch(2)
    model.fit(data, epochs=2 + common.samples(given, 5), verbose=0, callbacks=[clock])
    common.tell(given, clock.times, shape, precision, PACKAGES, batch=size, steps=count)


def time_inference(given: argparse.Namespace, precision: str) -> None:
    """Answers of the network as one graph."""
    model = MODELS[given.name]()
    run = tf.function(lambda x: model(x, training=False), jit_compile=given.setting == "xla")
    for size in common.batches(given):
        x, _ = common.examples(given, size)
        images = tf.constant(x)
        span = common.seconds(given, 0.5)
        times = common.time_calls(lambda x=images: run(x).numpy(), common.samples(given, 7), span)
        common.tell(given, times, (size, *x.shape[1:]), precision, PACKAGES, batch=size)


@keras.saving.register_keras_serializable()
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Half a cosine up over 30 % of the steps, then half a cosine down to nearly nothing."""

    def __init__(self, top: float, total: int) -> None:
        self.top, self.total = top, total

    def __call__(self, step: Any) -> Any:
        step, peak = keras.ops.cast(step, "float32"), 0.3 * self.total
        rising = 0.04 + 0.96 * 0.5 * (1 - keras.ops.cos(math.pi * step / peak))
        falling = 0.5 * (1 + keras.ops.cos(math.pi * (step - peak) / (self.total - peak)))
        return self.top * keras.ops.where(step < peak, rising, falling)


def train_digits(given: argparse.Namespace, precision: str) -> None:
    """A whole training on MNIST with AdamW and one cycle of the learning rate, then the test."""
    keras.utils.set_random_seed(given.seed)
    recipe = given.recipe
    x, y, x_test, y_test = common.digits(given)
    size = recipe["batch_size"]
    schedule = OneCycle(recipe["learning_rate"], recipe["epochs"] * -(-len(x) // size))
    model = compiled(given, keras.optimizers.AdamW(schedule, weight_decay=recipe["weight_decay"]), 10)
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), given.seed).batch(size).prefetch(4)
    model.fit(data, epochs=recipe["epochs"], verbose=0)
    guesses = model.predict(x_test, batch_size=1000, verbose=0).argmax(1)
    common.tell_training(given, round(float(np.mean(guesses == y_test)), 4), precision, PACKAGES)


def main() -> None:
    """Measure one work in one setting."""
    given = common.arguments("keras-tf", SETTINGS, WORKS)
    tf.config.threading.set_intra_op_parallelism_threads(given.threads)
    tf.config.threading.set_inter_op_parallelism_threads(given.threads)
    precision = "bfloat16" if given.setting == "bf16" else "float32"
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if given.setting == "bf16" else "float32")
    if given.work == "mnist-99":
        train_digits(given, precision)
    elif given.work.endswith("infer"):
        time_inference(given, precision)
    else:
        time_training(given, precision)


if __name__ == "__main__":
    main()
