"""Where a training begins that does not begin anew: a trained network by name, from a run, or from a file."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from striate import models
from striate.applications import pretrained
from striate.errors import ArgumentError, DataError, Problem
from striate.formats.foreign import read_tensors
from striate.images import Preprocessing
from striate.layers import Dense, GlobalAveragePooling2D
from striate.models import Model
from striate.network import Network
from striate.network._structure import Node
from striate.tasks.answers import Answer
from striate.tasks.features import digest
from striate.tasks.model_source import find_network
from striate.tasks.planning import with_head
from striate.tasks.run_folder import model_file
from striate.tasks.tuning import Tuning

_IMAGENET = Preprocessing((224, 224), 3, 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "centre")


@dataclass(frozen=True, eq=False)
class TrainedSource:
    """A trained network to begin from.

    Args:
        model: it. source: what the person called it. name: of its network. preprocessing: of its pictures.
        said: what was decided, for the person.
    """

    model: Model
    source: str
    name: str
    preprocessing: Preprocessing
    said: tuple[str, ...] = ()

    def tuning(self, model: str | None, learn: str | None, preprocessing: Preprocessing) -> Tuning:
        """The value for an order.

        Raises:
            ArgumentError: there is no layer of the name after which all learns.
        """
        learn = learn or "all"
        names = list(self.model.network.program.steps)
        if learn not in ("all", "none", *names):
            cure = f"striate summary {self.name} shows the names."
            happened = f"there is no layer {learn!r}"
            raise ArgumentError(Problem("--learn", happened, "all, none, or a layer's name", cure))
        return Tuning(self.source, digest(self.model), preprocessing, model, learn)


def find_source(source: str, model: str | None = None) -> TrainedSource:
    """The trained network that a person means.

    Args:
        source: the name of weights, a run's folder, a .striate file, or weights of another framework.
        model: the architecture for weights that bring none.

    Raises:
        StriateError: there is none, the file is refused, or it does not fit the architecture.
    """
    path = Path(source)
    ours = path.suffix == ".striate" or (path / "config.json").exists()
    if model is not None and (ours or pretrained.is_name(source)):
        happened = f"{source} brings its own architecture"
        raise ArgumentError(Problem("--model", happened, "--from alone", "Leave --model out."))
    if pretrained.is_name(source):
        found = pretrained.load(source)
        record = pretrained.get(source)
        said = f"Beginning from {record.name}: {record.title} ({record.licence})."
        assert found.preprocessing is not None
        return TrainedSource(found, record.name, record.application, found.preprocessing, (said,))
    if not path.exists() and path.suffix == "" and "/" not in source.rstrip("/"):
        pretrained.get(source)  # says which names there are
    if ours or not path.exists():
        return _of_ours(source)
    return _foreign(source, model)


def _of_ours(source: str) -> TrainedSource:
    """A model file of ours, or that of a run."""
    found = models.load(model_file(source))
    shape = found.network.inputs[0].shape or ()
    recipe = found.preprocessing
    if len(shape) != 3 or shape[2] not in (1, 3):
        happened, cure = f"its input has the shape {shape}", "Begin from a network for pictures."
        raise DataError(Problem(source, happened, "(H, W, 1) or (H, W, 3)", cure))
    recipe = dataclasses.replace(recipe or Preprocessing(channels=shape[2]), size=shape[:2])
    where = str(Path(source).absolute())
    return TrainedSource(found, where, found.name, recipe, (f"Beginning from {source}.",))


def _foreign(source: str, name: str | None) -> TrainedSource:
    """Weights of another framework in an architecture that the person names; its head is left out."""
    tensors = read_tensors(source)
    if name is None:
        happened, cure = "it holds no architecture", "Say which with --model, for instance --model resnet50."
        raise ArgumentError(Problem(source, happened, "weights and their architecture", cure))
    found = Model.from_network(find_network(name))
    mapped = map_foreign(found.network, tensors, source)
    made = Model.from_network(found.network, mapped, preprocessing=_IMAGENET)
    shape = found.network.inputs[0].shape or (224, 224, 3)
    recipe = dataclasses.replace(_IMAGENET, size=(shape[0], shape[1]))
    said = f"{source} does not say how pictures become its input; ImageNet's mean and spread are taken."
    where = str(Path(source).absolute())
    return TrainedSource(made, where, name, recipe, (f"Beginning from {source}.", said))


def map_foreign(network: Network, tensors: object, where: str) -> dict[str, object]:
    """The variables of everything but the head."""
    from striate.formats.exchange import map_tensors

    return map_tensors(network, tensors, skip_head=True, where=where).variables


def adopted_network(network: Network, shape: tuple[int, ...], answer: Answer) -> Network:
    """The network for pictures of this shape, with the head that an answer needs.

    A network that ends in a map gets a mean over its places and a dense layer.

    Raises:
        StriateError: the network cannot take such pictures, or does not end in a dense layer or a map.
    """
    channels = (network.inputs[0].shape or shape)[-1]
    given = dataclasses.replace(network.inputs[0], shape=(*shape[:2], channels))
    resized = dataclasses.replace(network, inputs=(given,)).verify()
    if len(resized.output_shapes[0]) != 3:
        return with_head(resized, answer)
    mean = Node("mean", GlobalAveragePooling2D(), resized.outputs, "mean")
    head = Node("answer", Dense(answer.units, activation=answer.ACTIVATION), ("mean",), "answer")
    return dataclasses.replace(resized, nodes=(*resized.nodes, mean, head), outputs=("answer",))
