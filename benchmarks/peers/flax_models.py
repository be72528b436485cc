"""The networks of the benchmark in Flax, layer for layer those of Striate; they give logits."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
from flax import linen as nn


class Mnist(nn.Module):
    """32-pool-64-pool-64, dense 64, dense 10: 93,322 weights."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = nn.max_pool(nn.relu(nn.Conv(32, (3, 3), padding="VALID")(x)), (2, 2), (2, 2))
        x = nn.max_pool(nn.relu(nn.Conv(64, (3, 3), padding="VALID")(x)), (2, 2), (2, 2))
        x = nn.relu(nn.Conv(64, (3, 3), padding="VALID")(x))
        x = nn.relu(nn.Dense(64)(x.reshape(len(x), -1)))
        return nn.Dense(10)(x)


class Cifar(nn.Module):
    """32-32-pool-64-64-pool-64, dense 1024, dense 10, with dropout: 1,162,346 weights."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        for filters in (32, 64):
            x = nn.relu(nn.Conv(filters, (3, 3))(x))
            x = nn.relu(nn.Conv(filters, (3, 3), padding="VALID")(x))
            x = nn.Dropout(0.25, deterministic=not train)(nn.max_pool(x, (2, 2), (2, 2)))
        x = nn.relu(nn.Conv(64, (3, 3), padding="VALID")(x))
        x = nn.relu(nn.Dense(1024)(x.reshape(len(x), -1)))
        return nn.Dense(10)(nn.Dropout(0.5, deterministic=not train)(x))


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the strides), 1x1 to four times as many channels, beside the shortcut."""

    filters: int
    strides: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        conv = partial(nn.Conv, use_bias=False)
        norm = partial(nn.BatchNorm, use_running_average=not train, momentum=0.9, epsilon=1e-5)
        y = nn.relu(norm()(conv(self.filters, (1, 1))(x)))
        y = nn.relu(norm()(conv(self.filters, (3, 3), self.strides, padding=1)(y)))
        y = norm()(conv(4 * self.filters, (1, 1))(y))
        if x.shape != y.shape:
            x = norm()(conv(4 * self.filters, (1, 1), self.strides)(x))
        return nn.relu(x + y)


class ResNet50(nn.Module):
    """ResNet-50 of version 1.5: 25,557,032 trainable weights."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = nn.Conv(64, (7, 7), 2, padding=3, use_bias=False)(x)
        x = nn.relu(nn.BatchNorm(not train, momentum=0.9, epsilon=1e-5)(x))
        x = nn.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
        for stage, blocks in enumerate((3, 4, 6, 3)):
            for index in range(blocks):
                x = Bottleneck(64 << stage, 2 if stage > 0 and index == 0 else 1)(x, train)
        return nn.Dense(1000)(x.mean((1, 2)))


MODELS: dict[str, Any] = {"mnist": Mnist, "cifar": Cifar, "resnet50": ResNet50}
