"""Does a map depend on what was learned? Weights made random from the top down, and labels made random."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from striate.explain.attribution._aim import squashing
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._parts import toward_scores
from striate.explain.checking._asked import Asked, Measured
from striate.explain.checking._similarity import rank_correlation, structure
from striate.layers import Dropout, SpatialDropout2D
from striate.models import Model
from striate.network import Network
from striate.training import callbacks

ALIKE = 0.5
"""Maps with a smaller rank correlation count as different: they share less than a quarter of the variance."""

STAGES, DRAWS = 5, 2
"""A cascade is looked at after so many depths, and made so many times."""

TWIN_SECONDS, TWIN_EXAMPLES, LEARNED = 60.0, 2000, 0.9


def cascading_randomisation(asked: Asked) -> Measured:
    """Make weights random from the scores down, and compare the maps as they are shown, signs included.

    The number of a picture is the rank correlation with the trained network's map, the mean over the depths:
    a map that says what the network has learned is another one as soon as the top layer is random. Weights
    are drawn as the layers declare; batch norms start anew.

    Adebayo et al., Sanity checks for saliency maps, 2018.
    """
    return _cascade(asked, "cascading randomisation", "values")


def cascading_sizes(asked: Asked) -> Measured:
    """The same for the sizes of the values, which is what an eye sees that does not look at signs.

    The sizes of pixels follow the picture for many methods, since a pixel's value is a factor of them.
    """
    return _cascade(asked, "cascading randomisation, sizes", "sizes")


def _cascade(asked: Asked, check: str, how: str) -> Measured:
    owners = weighted_layers(asked.reading.network)
    depths = np.unique(np.linspace(1, len(owners), min(STAGES, len(owners))).round().astype(int))
    found, shapes = [], []
    for draw in range(DRAWS):
        fresh = asked.reading.network.init(asked.seed + 1 + draw)
        for depth in depths:
            made = asked.with_weights(replaced(asked.reading.variables, fresh, owners[:depth]))
            found.append(similarities(asked, made, how))
            shapes.append(np.nanmean(similarities(asked, made, "SSIM")))
    by_depth = np.reshape(found, (DRAWS, len(depths), -1)).transpose(1, 0, 2).reshape(len(depths), -1)
    return Measured(
        check,
        _means(np.array(found)),
        f"rank correlation of {how} with the maps of ever more random weights",
        f"holds if surely below {ALIKE:g}",
        most=ALIKE,
        curves={
            "rank correlation": np.append(1.0, _means(by_depth.T)),
            "SSIM": np.append(1.0, np.reshape(shapes, (DRAWS, -1)).mean(0)),
        },
        axis="layers made random, from the top",
        places=np.array([0, *depths]),
    )


def label_randomisation(asked: Asked) -> Measured:
    """Compare maps with those of a twin that was trained on shuffled labels and knows nothing else.

    Adebayo et al., Sanity checks for saliency maps, 2018.
    """
    assert asked.training is not None  # the check applies only then
    twin, accuracy = random_label_twin(asked.model, *asked.training, seed=asked.seed)
    numbers = similarities(asked, asked.with_weights(twin.variables), "values")
    learned = accuracy >= LEARNED
    words = f"holds if surely below {ALIKE:g}"
    note = f"The twin learned {100 * accuracy:.0f} % of its random labels by heart."
    if not learned:
        words += f" and the twin learned {100 * LEARNED:.0f} % by heart"
        note += " That is too little to judge by: give it fewer examples or more time."
    return Measured(
        "label randomisation",
        numbers,
        "rank correlation of values with the map of random labels",
        words,
        most=ALIKE if learned else None,
        note=note,
    )


def random_label_twin(
    model: Model,
    x: Any,
    y: Any,
    *,
    examples: int = TWIN_EXAMPLES,
    seconds: float = TWIN_SECONDS,
    epochs: int = 200,
    seed: int = 0,
) -> tuple[Model, float]:
    """Train a network of the same make on shuffled labels, until it knows them by heart.

    Args:
        model: whose architecture and scaling it takes. x, y: pictures and classes, (N, H, W, C) and (N,).
        examples: only so many of them. seconds, epochs: when to stop at the latest. seed: draws the order.

    Returns:
        The twin and its accuracy on the shuffled labels.
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(len(x), min(examples, len(x)), replace=False))
    labels = rng.permutation(np.asarray(y).reshape(-1)[rows])
    twin = Model.from_network(_steady(model.network), preprocessing=model.preprocessing, seed=seed + 1)
    squash = squashing(model.network)
    loss: Any = "sparse_categorical_crossentropy"
    if model.network.output_shapes[0][-1] == 1:
        loss = "binary_crossentropy"
    elif squash is None:
        from striate.training.losses import SparseCategoricalCrossentropy

        loss = SparseCategoricalCrossentropy(from_logits=True)
    twin.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    pictures = np.asarray(x)[rows]
    enough = _Enough(seconds)
    twin.fit(pictures, labels, batch_size=64, epochs=epochs, verbose=0, callbacks=[enough], seed=seed)
    return twin, float(twin.evaluate(pictures, labels, verbose=0)[1])


def _steady(network: Network) -> Network:
    """The same network without dropout, which keeps a network from learning by heart."""
    nodes = [
        replace(node, layer=replace(node.layer, rate=0.0))
        if isinstance(node.layer, Dropout | SpatialDropout2D)
        else node
        for node in network.nodes
    ]
    return replace(network, nodes=tuple(nodes))


class _Enough(callbacks.Callback):
    """Stops a training that has learned its labels, or that has no time left."""

    def __init__(self, seconds: float) -> None:
        """Args: seconds: from now on."""
        self.until = time.monotonic() + seconds

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the accuracy and the clock."""
        known = float((logs or {}).get("accuracy", 0.0))
        if known > 0.99 or time.monotonic() > self.until:
            self.model.stop_training = True


def weighted_layers(network: Network) -> list[str]:
    """The layers with weights on the way to the scores, the last first.

    >>> from striate.applications import mnist_convnet
    >>> weighted_layers(mnist_convnet().network)
    ['dense2', 'dense1', 'conv3', 'conv2', 'conv1']
    """
    owners = [step.owner.removesuffix("/preactivation") for step in toward_scores(network).steps.values()]
    return [owner for owner in dict.fromkeys(reversed(owners)) if owner in network.declared]


def replaced(variables: Mapping[str, Any], fresh: Mapping[str, Any], owners: Iterable[str]) -> dict[str, Any]:
    """The variables with those of some layers taken from others."""
    taken = set(owners)
    return {
        kind: {path: fresh[kind][path] if path in taken else weights for path, weights in layers.items()}
        for kind, layers in variables.items()
    }


def similarities(asked: Asked, other: Attribution, how: str) -> np.ndarray:
    """(N,) how alike the maps of two attributions are; maps of a layer are compared at the layer.

    Args:
        how: rank correlation of "values" or of "sizes", or "SSIM" of sizes. But for maps of a layer, pixels
            that both leave at exactly 0, such as those that equal the baseline, are not compared: any network
            leaves them there.
    """
    pairs = zip(_maps(asked.found), _maps(other), strict=True)
    if how == "SSIM":
        return np.array([structure(np.abs(one), np.abs(two)) for one, two in pairs])
    shown = np.abs if how == "sizes" else np.asarray
    everywhere = asked.method.layered
    return np.array([rank_correlation(*_told(shown(one), shown(two), everywhere)) for one, two in pairs])


def _told(one: np.ndarray, two: np.ndarray, everywhere: bool) -> tuple[np.ndarray, np.ndarray]:
    """The values that are compared."""
    said = np.ones(one.shape, bool) if everywhere else (one != 0) | (two != 0)
    return one[said], two[said]


def _maps(found: Attribution) -> np.ndarray:
    """(N, h, w), channels added up."""
    return found.values.sum(-1) if found.values.ndim == 4 else found.values


def _means(rows: np.ndarray) -> np.ndarray:
    """The mean over the first axis of what is known; a map that is empty has no number."""
    known = np.isfinite(rows)
    sums, counts = np.where(known, rows, 0).sum(0), known.sum(0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
