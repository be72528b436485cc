"""Rules asked without a network: a ledger of arrays that were given, and both sides of one layer."""

import jax
import numpy as np

from striate.explain.addresses.rules.base import Site
from striate.explain.addresses.rules.table import rule_of


class Given:
    """A ledger of arrays that were given."""

    def __init__(self, values, grads):
        self.values, self.grads = values, grads

    def value(self, path):
        return np.asarray(self.values[path])

    def grad(self, path):
        return np.asarray(self.grads[path])


def sent(site, ledger, position, place):
    """(sum, size) of what a number gets back."""
    blocks = site.rule.sent(ledger, site, position, place)
    return sum(b.values.sum() for b in blocks), sum(np.abs(b.values).sum() for b in blocks)


def slopes(layer, x, weights=None):
    """The engine's gradient of the sum of a layer's answers, and what the terms say."""
    x, weights = np.asarray(x, np.float32), weights or {}
    ones = np.ones((len(x), *layer.output_shape(x.shape[1:])), np.float32)

    @jax.jit
    def run(x, ones):
        output, back = jax.vjp(lambda x: layer.forward(weights, x).output, x)
        return output, *back(ones)

    output, engine = run(x, ones)
    rule = rule_of(layer, (x.shape[1:],), tuple(output.shape[1:]))
    site = Site("z", rule, ("x", *weights))
    ledger = Given({"x": x, "z": output, **weights}, {"z": ones})
    terms = [sent(site, ledger, 0, tuple(map(int, place)))[0] for place in np.ndindex(x.shape)]
    return np.asarray(engine), np.reshape(terms, x.shape)
