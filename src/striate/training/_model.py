"""The model: a network with weights that can be trained, in Keras' words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.images.preprocessing import Preprocessing
from striate.network import Network, Symbol, graph
from striate.training._compilable import Compilable
from striate.training._evaluating import evaluate
from striate.training._fitting import FitArguments, fit
from striate.training._freezing import beginning
from striate.training._starts import lend
from striate.training._weighted import Weighted
from striate.training._weights import flat, grouped
from striate.training.history import History
from striate.training.loop import Run
from striate.training.progress import Progress


class Model(Compilable):
    """A network with weights that can be trained.

    All that computes is a pure function of `model.network` (the architecture, frozen) and `model.variables`
    (the weights); the model only remembers the newest weights and what `compile` said.

    Args:
        inputs: what `Input` gave, one or a list.
        outputs: what the last layers gave, one or a list.
        name: its name; it begins the paths when the model is used as a layer.
        seed: decides the first weights, and order and dropout of trainings that are given no seed; the one of
            `utils.set_random_seed` unless given.

    Raises:
        ArgumentError, ShapeError: all that is wrong with the graph, at once.

    >>> import numpy as np
    >>> from striate.layers import Dense
    >>> from striate.network import Input
    >>> x = Input((4,))
    >>> model = Model(x, Dense(2)(x))
    >>> model.count_params(), model.predict(np.zeros((3, 4), np.float32)).shape
    (10, (3, 2))

    Where we differ from Keras: a model called on symbols gives its weights as start values, and the new model
    trains copies of its own.
    """

    def __init__(
        self, inputs: Any, outputs: Any, name: str | None = None, *, seed: int | None = None
    ) -> None:
        """Draw the graph; weights are drawn when they are first needed."""
        self._begin(graph(inputs, outputs, name).verify(), seed)

    def _begin(self, network: Network, seed: int | None) -> None:
        """Everything that a new model holds."""
        self.history: History | None = None
        self.stop_training = False
        self._run: Run | None = None
        super().__init__(network, seed)

    @classmethod
    def from_network(
        cls,
        network: Network,
        variables: Mapping[str, Any] | None = None,
        *,
        preprocessing: Preprocessing | None = None,
        class_names: Sequence[str] | None = None,
        seed: int | None = None,
    ) -> Model:
        """A model around a network, with these variables or with freshly drawn ones.

        Raises:
            ShapeError: the network's shapes do not fit together, or the variables do not fit the network.
        """
        model = Model.__new__(Model)
        model._begin(network.verify(), seed)
        model.preprocessing = preprocessing
        model.class_names = None if class_names is None else tuple(class_names)
        if variables is not None:
            model.variables = variables
        return model

    @property
    def variables(self) -> dict[str, Any]:
        """{"params": {path: {weight: array}}, "state": …}; during `fit` a copy of the newest ones."""
        return super().variables if self._run is None else self._run.variables()

    @variables.setter
    def variables(self, variables: Mapping[str, Any]) -> None:
        Weighted.variables.__set__(self, variables)
        if self._run is not None:
            self._run.set_variables(self._variables)

    def __call__(self, x: Any, *others: Any, training: bool = False) -> Any:
        """On symbols: this model as a layer, its weights being start values. On arrays: the answers.

        Args:
            x: symbols, or (N, ...) arrays. training: taken for Keras' sake; it must be False, for a model
                called on arrays only answers, and a model used as a layer trains when the model around it
                does.
        """
        if training:
            cure = "Use model.network.apply(variables, x, train=True, key=...)."
            raise ArgumentError(Problem("training", "got True", "False", cure))
        first = x[0] if isinstance(x, list | tuple) and x else x
        if isinstance(first, Symbol):
            return lend(self)(x, *others)
        return self.predict_on_batch([x, *others] if others else x)

    def twin(self) -> Model:
        """A model of its own with the same weights, compiled alike; training one leaves the other alone."""
        names = {"preprocessing": self.preprocessing, "class_names": self.class_names, "seed": self.seed}
        twin = Model.from_network(self.network, self.variables, **names)
        twin.about = dict(self.about)
        if self._settings is not None:
            said = self._settings
            more = {name: getattr(said, name) for name in ("weighted_metrics", "augment", "precision")}
            twin.compile(self.optimizer, said.loss, said.loss_weights, said.metrics, **more)
        return twin

    def features(self, at: str | None = None) -> Model:
        """A model of its own that gives a layer's output, with these weights and this preprocessing.

        Args:
            at: the layer's name; unless given, what the last layer with weights reads.

        Raises:
            ArgumentError: the network has no such layer.

        >>> from striate.layers import Dense
        >>> from striate.network import Input
        >>> x = Input((4,))
        >>> Model(x, Dense(2)(Dense(3, name="hidden")(x))).features().output_shape
        (None, 3)
        """
        network = beginning(self.network, at)
        weights = grouped(network, flat(self.variables))
        model = Model.from_network(network, weights, preprocessing=self.preprocessing, seed=self.seed)
        model.about = {"features": {"of": self.name, "at": network.outputs[0]}}
        return model

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Iterable[Any] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        *,
        seed: int | None = None,
    ) -> History:
        """Train.

        The data lie on the device, and an epoch runs there. The last short batch counts exactly. Ctrl-C
        ends the training between two steps, with a usable model and its history; `history.note` says where.

        Args:
            x: (N, ...) array, a list or dict of them, or an iterable of batches (x, y) or (x, y, weights).
                Raw uint8 pictures stay as they are until the device scales them.
            y: targets, one array for each output.
            batch_size: examples in a step, 32 unless given.
            epochs: the number of the last epoch. initial_epoch: where counting begins.
            verbose: "auto" or 1 for a progress bar, 2 for a line each epoch, 0 for silence.
            callbacks: objects of `striate.callbacks`.
            validation_split: the fraction at the end of the data, before shuffling, that is only measured.
            validation_data: (x, y), (x, y, weights) or an iterable of batches, measured after each epoch.
            shuffle: arrays in a new order each epoch.
            class_weight: {class: weight}. sample_weight: (N,) weights of the examples in the loss.
            steps_per_epoch: only so many steps an epoch. validation_steps: only so many batches.
            validation_batch_size: as batch_size unless given. validation_freq: every so many epochs, or
                which.
            seed: decides order, dropout and noise; made from the model's seed unless given.

        Returns:
            The History, also kept as `model.history`.

        Raises:
            ArgumentError, DataError, ShapeError: all that is wrong with arguments and data, before anything
                is compiled. TrainingError: not compiled, or a number was not finite; the weights are then
                those from before the step.

        Where we differ from Keras: a NaN stops the training at its step with the name of the layer. An
        iterable begins anew each epoch unless it is a generator. The same seed gives the same weights.
        """
        arguments = {name: value for name, value in locals().items() if name != "self"}
        return fit(self, FitArguments(**arguments))

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Iterable[Any] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics on data that are only measured.

        Args:
            x, y, sample_weight: as for `fit`. batch_size: examples at once, 32 unless given.
            verbose, callbacks: as for `fit`. steps: only so many batches.
            return_dict: give {"loss": …, "accuracy": …} and not a list.

        Returns:
            The loss; a list with the metrics behind it when there are some; or the dict.
        """
        self._build_for(x)
        told = (callbacks, Progress(verbose))
        logs = evaluate(self, self.compiled(), x, y, sample_weight, batch_size, steps, *told)
        values = list(logs.values())
        return logs if return_dict else values[0] if len(values) == 1 else values

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """One step on one batch; loss and metrics of that batch, as it was before the step."""
        history = self.history
        given = {"sample_weight": sample_weight, "class_weight": class_weight}
        record = self.fit(x, y, batch_size=2**31, verbose=0, shuffle=False, **given)
        self.history = history
        logs = {name: values[-1] for name, values in record.history.items()}
        return logs if return_dict else next(iter(logs.values())) if len(logs) == 1 else list(logs.values())

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch."""
        return self.evaluate(x, y, 2**31, 0, sample_weight, return_dict=return_dict)
