"""Small random networks that together hold every kind of layer, with branches, nesting and shared weights."""

import dataclasses
import math

import numpy as np

from striate import layers as L
from striate import losses
from striate.layers._table import LAYERS
from striate.models import Input, Model, Sequential
from striate.network import Symbol
from striate.ops import ACTIVATIONS

MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
LARGEST = 160
"""Numbers of one example; a picture with more is pooled."""


@dataclasses.dataclass
class Drawn:
    """A random model with its data and the way it is run."""

    model: Model
    x: list
    y: object
    loss: object
    train: bool
    kinds: set


def wishes(rng, count):
    """The kinds of layers dealt to so many networks, every kind to at least one of them."""
    kinds = [str(kind) for kind in rng.permutation(sorted(LAYERS))]
    hands = [kinds[number::count] for number in range(count)]
    return [hand + [str(k) for k in rng.choice(kinds, max(0, 6 - len(hand)))] for hand in hands]


class Drawer:
    """Draws one network."""

    def __init__(self, rng):
        self.rng, self.kinds, self.symbol = rng, set(), None

    def number(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def chance(self, share):
        return bool(self.rng.random() < share)

    def pick(self, options):
        return options[self.number(0, len(options) - 1)]

    def put(self, layer, *others):
        self.kinds.add(type(layer).__name__)
        self.symbol = layer([self.symbol, *others]) if others else layer(self.symbol)
        return self.symbol

    @property
    def shape(self):
        return tuple(self.symbol.shape)

    # How the current numbers get the axes that a layer wants.

    def need(self, axes):
        shape = self.shape
        if len(shape) == axes:
            return self.shrink()
        if axes == 1:
            self.put(self.pick([L.Flatten(), L.Reshape((-1,))]))
        elif len(shape) == 1 and axes == 2 and self.chance(0.5):
            self.put(L.RepeatVector(self.number(2, 4)))
        else:
            self.put(L.Reshape(self.folded(math.prod(shape), axes)))
        return self.shrink()

    def folded(self, size, axes):
        """A size as a product of as many axes, the spatial ones not too small where it can be had."""
        shape = []
        for left in range(axes - 1, 0, -1):
            divisors = [d for d in range(1, size + 1) if size % d == 0 and d <= 8]
            shape.append(max(divisors) if left else 1)
            size //= shape[-1]
        return (*shape, size)

    def shrink(self):
        while math.prod(self.shape) > LARGEST:
            axes = len(self.shape)
            if axes == 1:
                self.put(L.Dense(24, activation="tanh"))
            elif max(self.shape[:-1]) > 3:
                self.put((L.AveragePooling1D if axes == 2 else L.AveragePooling2D)(2, padding="same"))
            else:
                self.put((L.Conv1D if axes == 2 else L.Conv2D)(3, 1))

    # Arguments.

    def activation(self):
        return self.pick([None, None, "relu", *sorted(ACTIVATIONS)])

    def sizes(self, axes, low=1, high=3):
        return tuple(self.number(low, min(high, max(low, s))) for s in self.shape[:axes])

    def padding(self, axes, kernel, words=("valid", "same")):
        """Any padding; numbers are smaller than the kernel."""
        if self.chance(0.6):
            return self.pick(list(words))
        return tuple((self.number(0, k - 1), self.number(0, k - 1)) for k in kernel)

    def windowed(self, axes, dilated=True):
        kernel = self.sizes(axes)
        words = ("valid", "same", "causal") if axes == 1 and dilated else ("valid", "same")
        found = {
            "kernel_size": kernel,
            "strides": self.sizes(axes, 1, 3),
            "padding": self.padding(axes, kernel, words),
        }
        if dilated and self.chance(0.4):
            found |= {"dilation_rate": self.sizes(axes, 1, 2), "padding": "same"}
        return {**found, "activation": self.activation(), "use_bias": self.chance(0.8)}

    def regularizer(self):
        return self.pick([None, None, "l1", "l2", "l1_l2"])

    # Layers.

    def add(self, kind):
        """Put a layer of this kind behind what there is."""
        if kind in MERGES:
            return self.merge(kind)
        maker = getattr(self, f"make_{kind}", None)
        axes = 1 if kind.endswith("1D") or "Conv1D" in kind else 2 if "2D" in kind else None
        if axes:
            self.need(axes + 1)
        stem = kind.replace("1D", "").replace("2D", "")
        maker = maker or getattr(self, f"make_{stem}", None)
        if maker is None:
            raise AssertionError(f"the random networks know no {kind}")
        return self.put(getattr(L, kind)(**maker(axes)))

    def make_Conv(self, axes):
        groups = self.pick([g for g in (1, 2, 3) if self.shape[-1] % g == 0])
        filters = groups * self.number(1, 2)
        more = {"kernel_regularizer": self.regularizer(), "bias_regularizer": self.regularizer()}
        return {"filters": filters, "groups": groups, **self.windowed(axes), **more}

    def make_DepthwiseConv(self, axes):
        return {"depth_multiplier": self.number(1, 2), **self.windowed(axes)}

    def make_SeparableConv(self, axes):
        more = {"pointwise_regularizer": self.regularizer()}
        return {
            "filters": self.number(1, 4),
            "depth_multiplier": self.number(1, 2),
            **self.windowed(axes),
            **more,
        }

    def make_ConvTranspose(self, axes):
        found = self.windowed(axes, dilated=False)
        found["padding"] = self.pick(["valid", "same"])
        if self.chance(0.4):
            found["dilation_rate"] = self.sizes(axes, 1, 2)
        if self.chance(0.4):
            found["output_padding"] = tuple(self.number(0, s - 1) for s in found["strides"])
        return {"filters": self.number(1, 3), **found}

    def make_LocallyConnected(self, axes):
        return {"filters": self.number(1, 3), **self.windowed(axes, dilated=False)}

    def make_PartialConv(self, axes):
        channels = self.shape[-1]
        rows = [sorted({self.number(0, channels - 1) for _ in range(2)}) for _ in range(self.number(1, 3))]
        return {"connections": tuple(map(tuple, rows)), **self.windowed(axes, dilated=False)}

    def make_Dense(self, axes):
        return {
            "units": self.number(2, 6),
            "activation": self.activation(),
            "kernel_regularizer": self.regularizer(),
        }

    def make_RadialBasis(self, axes):
        self.need(1)
        if self.shape[0] > 12:
            self.put(L.Dense(self.number(3, 8), activation="tanh"))
        return {"units": self.number(2, 5)}

    def pooled(self, axes):
        size = self.sizes(axes, 1, 3)
        strides = self.pick([None, self.sizes(axes, 1, 3)])
        how = {"padding": self.padding(axes, size), "edges": self.pick(["drop", "keep"])}
        return {"pool_size": size, "strides": strides, **how}

    make_MaxPooling = make_AveragePooling = make_L2Pooling = pooled

    def globally(self, axes):
        return {"keepdims": self.chance(0.5)}

    make_GlobalMaxPooling = make_GlobalAveragePooling = globally

    def nothing(self, axes):
        return {}

    make_Flatten = make_Identity = make_Bias = nothing

    def make_Reshape(self, axes):
        shape = [int(s) for s in self.rng.permutation(self.shape)]
        if self.chance(0.5):
            shape[self.number(0, len(shape) - 1)] = -1
        return {"target_shape": tuple(shape)}

    def make_Permute(self, axes):
        return {"dims": tuple(int(a) + 1 for a in self.rng.permutation(len(self.shape)))}

    def make_RepeatVector(self, axes):
        self.need(1)
        return {"n": self.number(2, 3)}

    def margins(self, axes):
        pairs = tuple((self.number(0, 2), self.number(0, 2)) for _ in range(axes))
        return {"padding": pairs[0] if axes == 1 else pairs}

    make_ZeroPadding = margins

    def make_Cropping(self, axes):
        pairs = tuple((self.number(0, (s - 1) // 2), self.number(0, (s - 1) // 2)) for s in self.shape[:axes])
        return {"cropping": pairs[0] if axes == 1 else pairs}

    def make_UpSampling(self, axes):
        found = {"size": self.sizes(axes, 1, 3)}
        return {**found, "interpolation": self.pick(["nearest", "bilinear"])} if axes == 2 else found

    def make_BatchNormalization(self, axes):
        axis = self.pick([-1, *range(1, len(self.shape) + 1)])
        switches = {"center": self.chance(0.8), "scale": self.chance(0.8)}
        return {"axis": axis, **switches, "gamma_regularizer": self.regularizer()}

    def make_LocalResponseNormalization(self, axes):
        powers = {"alpha": self.pick([1e-4, 0.3]), "beta": self.pick([0.5, 0.75]), "k": self.pick([1.0, 2.0])}
        return {"size": self.number(1, 5), **powers}

    def make_Dropout(self, axes):
        noise = tuple(self.pick([None, 1]) for _ in range(len(self.shape) + 1))
        return {"rate": self.pick([0.0, 0.25, 0.5]), "noise_shape": self.pick([None, noise])}

    def make_SpatialDropout(self, axes):
        return {"rate": 0.4}

    def make_GaussianNoise(self, axes):
        return {"stddev": 0.3}

    def make_Activation(self, axes):
        return {"activation": self.pick(sorted(ACTIVATIONS))}

    def make_ReLU(self, axes):
        lower = {"negative_slope": self.pick([0, 0.1]), "threshold": self.pick([0, 0.2])}
        return {"max_value": self.pick([None, 1, 6]), **lower}

    def make_LeakyReLU(self, axes):
        return {"negative_slope": self.pick([0.1, 0.3])}

    def make_ELU(self, axes):
        return {"alpha": self.pick([1.0, 0.5])}

    def make_ScaledTanh(self, axes):
        return self.pick([{}, {"amplitude": 2, "slope": 0.5}])

    def make_PReLU(self, axes):
        shared = tuple(a for a in range(1, len(self.shape) + 1) if self.chance(0.5)) or None
        return {"shared_axes": shared}

    def make_Softmax(self, axes):
        return {"axis": self.pick([-1, *range(1, len(self.shape) + 1)])}

    def make_Rescaling(self, axes):
        per_channel = tuple(float(n) for n in self.rng.normal(size=self.shape[-1]))
        return {"scale": self.pick([0.5, per_channel]), "offset": self.pick([0.0, -1.0])}

    def make_Normalization(self, axes):
        channels = self.shape[-1]
        mean, variance = self.rng.normal(size=channels), self.rng.uniform(0.5, 2, channels)
        one = {"axis": None, "mean": 0.5, "variance": 2.0}
        many = {"mean": tuple(map(float, mean)), "variance": tuple(map(float, variance))}
        return {**self.pick([one, many]), "invert": self.chance(0.3)}

    # Branches.

    def merge(self, kind):
        """Two or three branches of the same shape, or one that is spread, joined."""
        self.shrink()
        start = self.symbol
        others = [self.branch(start, kind) for _ in range(1 if kind == "Subtract" else self.number(1, 2))]
        self.symbol = start
        return self.put(getattr(L, kind)(**({"axis": -1} if kind == "Concatenate" else {})), *others)

    def branch(self, start, kind):
        self.symbol = start
        shape, axes = self.shape, len(self.shape)
        if self.chance(0.15):
            return start
        if kind != "Concatenate" and axes == 3 and self.chance(0.3):
            return self.put(L.GlobalAveragePooling2D(keepdims=True))
        same = [L.PReLU(), L.BatchNormalization(), L.Activation("tanh"), L.Dense(shape[-1])]
        if axes == 3:
            same += [
                L.Conv2D(shape[-1], 3, padding="same", activation="relu"),
                L.DepthwiseConv2D(3, padding="same"),
            ]
        return self.put(self.pick(same))

    def nested(self):
        """A small network used as a layer, once or twice with the same weights."""
        size = self.shape[-1]
        inner = [L.Dense(size, activation="softplus"), L.Activation("tanh"), L.Dense(size)]
        block = Sequential([Input(self.shape), *inner], name=f"block{self.number(0, 10**6)}")
        self.symbol = block(self.symbol)
        if self.chance(0.5):
            self.symbol = block(self.symbol)
        self.kinds.update(("Dense", "Activation"))

    def shared(self):
        """One layer called twice."""
        layer = L.Dense(self.shape[-1], activation="tanh")
        first = layer(self.symbol)
        self.symbol = L.Add()([first, layer(first)])


def ending(drawer, rng, examples):
    """The last layer, a loss that fits it, and targets."""
    drawer.need(1)
    classes, kind = drawer.number(2, 5), drawer.number(0, 8)
    labels = rng.integers(0, classes, examples)
    rows = rng.random((examples, classes)).astype(np.float32)
    rows /= rows.sum(1, keepdims=True)
    if kind <= 2:
        drawer.put(L.Dense(classes, activation="softmax"))
        smooth = drawer.pick([0.0, 0.1])
        if kind == 0:
            return losses.SparseCategoricalCrossentropy(label_smoothing=smooth), labels
        return losses.CategoricalCrossentropy(label_smoothing=smooth), rows
    if kind == 3:
        drawer.put(L.Dense(classes))
        return losses.SparseCategoricalCrossentropy(from_logits=True), labels
    if kind == 4:
        drawer.put(L.Dense(classes, activation="sigmoid"))
        return losses.BinaryCrossentropy(label_smoothing=drawer.pick([0.0, 0.1])), (rows > 0.3).astype(
            np.float32
        )
    if kind == 5:
        drawer.put(L.Dense(classes))
        return losses.BinaryCrossentropy(from_logits=True), (rows > 0.3).astype(np.float32)
    if kind == 6:
        drawer.put(L.Dense(classes, activation="softplus"))
        return "poisson", rng.poisson(2, (examples, classes)).astype(np.float32)
    drawer.put(L.Dense(classes, activation=drawer.pick([None, "tanh"])))
    y = rng.normal(size=(examples, classes)).astype(np.float32)
    return drawer.pick(["mse", "mae", losses.Huber(0.5), lambda y, p: abs(p - y) ** 3]), y


def weights(rng, network):
    """Random weights of every kind; those that are used as scales or variances are positive."""
    variables = {"params": {}, "state": {}}
    for path, declared in network.declared.items():
        for name, weight in declared.items():
            scale = 1 / math.sqrt(max(1, math.prod(weight.shape[:-1]))) if "kernel" in name else 0.5
            array = rng.normal(scale=scale, size=weight.shape)
            if name in ("gamma", "moving_variance"):
                array = rng.uniform(0.5, 2.0, weight.shape)
            group = variables["params" if weight.trainable else "state"]
            group.setdefault(path, {})[name] = array.astype(np.float32)
    return variables


def draw(rng, hand):
    """A network with the wished kinds of layers, its data and how it is run."""
    drawer = Drawer(rng)
    shape = drawer.pick([(drawer.number(5, 7), drawer.number(5, 7), drawer.number(1, 3)), (9, 3), (7,)])
    start = drawer.symbol = Input(shape)
    for kind in hand:
        drawer.add(kind)
        drawer.shrink()
    if drawer.chance(0.4):
        drawer.nested()
    if drawer.chance(0.4):
        drawer.shared()
    examples = drawer.number(1, 3)
    x = rng.normal(size=(examples, *shape)).astype(np.float32)
    loss, y = ending(drawer, rng, examples)
    assert isinstance(drawer.symbol, Symbol)
    model = Model(start, drawer.symbol)
    model.variables = weights(rng, model.network)
    scored = drawer.chance(0.15)
    return Drawn(model, x, None if scored else y, None if scored else loss, drawer.chance(0.5), drawer.kinds)
