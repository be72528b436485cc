"""A network together with its weights: what a model is before anybody speaks of training."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.images.preprocessing import Preprocessing
from striate.layers import Layer
from striate.network import Network, to_json
from striate.network.run import check_variables
from striate.network.summary import print_summary, summary_text
from striate.training import _freezing, _weights
from striate.training._answering import ReadyWeights, predictor_for
from striate.training._predicting import predict
from striate.training._scaling import wanted_by
from striate.training._starts import start_variables, starts_from
from striate.training._state import own
from striate.training.utils import get_seed


class Weighted:
    """A network, frozen, and its newest weights; the ground that `Model` stands on.

    `about` holds plain JSON values of whoever made the model; they are saved with it.
    """

    def __init__(self, network: Network, seed: int | None) -> None:
        """Weights are drawn when they are first needed."""
        self.seed = get_seed() if seed is None else seed
        self.class_names: tuple[str, ...] | None = None
        self.about: dict[str, Any] = {}
        self._preprocessing: Preprocessing | None = None
        self._variables: dict[str, Any] | None = None
        self._enter(network)

    def _enter(self, network: Network) -> None:
        """Take a network; programs for another one are forgotten."""
        self._network = network
        self._starts = starts_from(network)
        self._forget_programs()

    def _forget_programs(self) -> None:
        """What was compiled is out of date."""
        self._predict: Any = None
        self._ready = ReadyWeights()

    @property
    def network(self) -> Network:
        """The architecture, a frozen value."""
        return self._network

    @property
    def precision(self) -> str:
        """Of the numbers that are multiplied: "float32", or what `compile` said."""
        return "float32"

    @property
    def name(self) -> str:
        """The network's name, "model" when it has none."""
        return self.network.name or "model"

    def __repr__(self) -> str:
        """Kind, name and size."""
        size = "open shape" if self.network.errors() else f"{self.count_params():,} parameters"
        return f"<{type(self).__name__} {self.name}: {len(self.layers)} layers, {size}>"

    @property
    def layers(self) -> list[Layer]:
        """The layers in the order they run."""
        return [node.layer for node in self.network.nodes]

    @property
    def input_shape(self) -> Any:
        """The shape of the input, None being the batch axis, as in Keras; a list for several inputs."""
        shapes = [(None, *(spec.shape or ())) for spec in self.network.inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        """The shape of the output, None being the batch axis, as in Keras; a list for several outputs."""
        shapes = [(None, *shape) for shape in self.network.output_shapes]
        return shapes[0] if len(shapes) == 1 else shapes

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of this name in the network, or at this place.

        Raises:
            ArgumentError: there is none.
        """
        nodes = self.network.nodes
        if index is not None and -len(nodes) <= index < len(nodes):
            return nodes[index].layer
        for node in nodes:
            if node.name == name and index is None:
                return node.layer
        shown = repr(name) if index is None else str(index)
        known = f"one of {', '.join(node.name for node in nodes)}"
        cure = "model.summary() shows the names."
        raise ArgumentError(Problem("get_layer", f"there is no layer {shown}", known, cure))

    def count_params(self) -> int:
        """The number of weights, trainable or not."""
        return self.network.totals.params

    def summary(self, line_length: int | None = None, print_fn: Any = None) -> None:
        """Print the layers with their shapes and costs, the totals, and what looks wrong.

        Args:
            line_length: columns of the text that goes to `print_fn`. print_fn: called with the text instead.
        """
        if print_fn is None and line_length is None:
            print_summary(self.network)
        else:
            (print_fn or print)(summary_text(self.network, width=line_length))

    def to_json(self) -> str:
        """The architecture as JSON text; `striate.network.from_json` reads it."""
        return to_json(self.network)

    @property
    def trainable(self) -> bool:
        """Whether training may move its weights, also inside the models it is used in from now on."""
        return self.network.trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self._regroup(replace(self.network, trainable=trainable))

    def freeze(self, *, until: str | None = None, layers: str | Sequence[str] | None = None) -> None:
        """Keep layers from learning; their batch norms use their moving statistics and leave them alone.

        Args:
            until: freeze all layers that run before this one. layers: freeze these: names, or patterns such
                as "layer1.*"; the name of a nested network means all of it. Without both, everything.

        Raises:
            ArgumentError: names that nothing bears, all at once.

        What `compile` said stays; the optimizer begins without memory.
        """
        chosen = _freezing.chosen_paths(self.network, until, layers, "freeze")
        self._regroup(_freezing.with_trainable(self.network, chosen, False))

    def unfreeze(self, *, until: str | None = None, layers: str | Sequence[str] | None = None) -> None:
        """Let layers learn again; see `freeze`."""
        chosen = _freezing.chosen_paths(self.network, until, layers, "unfreeze")
        self._regroup(_freezing.with_trainable(self.network, chosen, True))

    def _regroup(self, network: Network) -> None:
        """Take a network that differs only in what learns; the weights stay as they are."""
        weights = None if self._variables is None else _weights.flat(self._variables)
        self._enter(network)
        self._variables = None if weights is None else _weights.grouped(self.network, weights)

    @property
    def variables(self) -> dict[str, Any]:
        """{"params": {path: {weight: array}}, "state": …}; during `fit` a copy of the newest ones."""
        if self._variables is None:
            self._variables = start_variables(self.network, self.seed, self._starts)
        return self._variables

    @variables.setter
    def variables(self, variables: Mapping[str, Any]) -> None:
        check_variables(self.network.declared, variables)
        self._variables = own(_weights.grouped(self.network, _weights.flat(variables)))

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights, layer by layer in Keras' order."""
        return _weights.to_list(self.network, self.variables)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Go on with the weights of a list such as `get_weights` gives."""
        self.variables = _weights.from_list(self.network, weights)

    def save_weights(self, path: str | os.PathLike[str], *, convention: str | None = None) -> None:
        """Write the weights alone.

        Args:
            path: ends with `.weights.h5` for a file that Keras loads, `.npz` for NumPy's; anything else
                becomes a safetensors file. convention: of the names: "torch" is what PyTorch loads.
        """
        _weights.save(path, self.network, self.variables, convention)

    def load_weights(
        self,
        path: str | os.PathLike[str],
        *,
        convention: str | None = None,
        by: Literal["name", "order"] = "name",
        skip_head: bool = False,
        ignore: Sequence[str] = (),
    ) -> None:
        """Go on with the weights of a file: our own, or one of PyTorch, Keras, TensorFlow.js, NumPy.

        The file is read as data and never as code; what it is, is decided by its bytes.

        Args:
            path: the file, or the folder of a TensorFlow.js model.
            convention: "torch", "keras", "keras3" or "striate"; recognised from the names when left out.
            by: "order" matches the first tensor with the first weight and so on, where names differ.
            skip_head: leave the layers that make the outputs as they start, for other classes.
            ignore: patterns such as "fc.*" of names that are not wanted.

        Raises:
            FormatError: everything missing, unknown or of another shape, at once.
        """
        options = {"convention": convention, "by": by, "skip_head": skip_head, "ignore": ignore}
        self.variables = _weights.load(path, self.network, seed=self.seed, **options)

    @property
    def preprocessing(self) -> Preprocessing | None:
        """What scales raw uint8 pictures on the device; it is saved with the model."""
        return self._preprocessing

    @preprocessing.setter
    def preprocessing(self, preprocessing: Preprocessing | None) -> None:
        self._preprocessing = preprocessing
        self._forget_programs()

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The network's answers, a batch at a time.

        Args:
            x: (N, ...) array, a list or dict of them, or an iterable of batches (their targets are not
                looked at).
            batch_size: examples at once, 32 unless given.
            verbose, callbacks: taken for Keras' sake and not used: prediction is silent.
            steps: only so many batches.

        Returns:
            An (N, ...) NumPy array; a list of them for several outputs.

        Raises:
            DataError: x does not fit the network.
        """
        self._build_for(x)
        if self._predict is None:
            self._predict = predictor_for(self.network, self.preprocessing, self.precision)
        wanted = wanted_by(self.network, self.preprocessing)
        answer = partial(self._predict, self.variables, self._ready)
        outputs = predict(answer, wanted, x, batch_size, steps)
        return outputs[0] if len(outputs) == 1 else list(outputs)

    def predict_on_batch(self, x: Any) -> Any:
        """The answers for one batch, whatever its size."""
        return self.predict(x, batch_size=2**31)

    def _build_for(self, x: Any) -> None:
        """Settle open input shapes by data; a model of symbols has none."""
