"""Answers anything with how long one of our training steps of mnist-convnet takes: 256 images, RMSprop."""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

sys.path.insert(0, str(Path(__file__).parent.parent))
from _clock import measure

from striate import layers, ops
from striate.network import sequential

network = sequential(
    [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10),
    ],
    (28, 28, 1),
)
variables = network.init(0)
rule = optax.rmsprop(1e-3, decay=0.9)
random = np.random.default_rng(0)
x = jnp.asarray(random.standard_normal((256, 28, 28, 1)), jnp.float32)
y = jnp.asarray(random.integers(0, 10, 256))


@jax.jit
def step(params: dict, memory: optax.OptState, count: jax.Array) -> tuple:
    def loss(params: dict) -> jax.Array:
        key = jax.random.fold_in(jax.random.key(0), count)
        logits = network.apply({"params": params, "state": {}}, x, train=True, key=key).output
        return jnp.mean(ops.sparse_categorical_crossentropy(y, logits, from_logits=True))

    updates, memory = rule.update(jax.grad(loss)(params), memory)
    return optax.apply_updates(params, updates), memory, count + 1


carry = [variables["params"], rule.init(variables["params"]), jnp.int32(0)]


def once() -> None:
    carry[:] = jax.block_until_ready(step(*carry))


for _ in sys.stdin:
    print(json.dumps(measure(once, 1.0)), flush=True)
