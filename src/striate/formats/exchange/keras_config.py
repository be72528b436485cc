"""Networks out of Keras' configurations, as `.keras`, old `.h5` and TensorFlow.js files hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from striate.errors import FormatError, Problem, StriateError
from striate.formats.exchange.keras_layers import CURE, read_layer
from striate.layers import Layer
from striate.network import Input, Network, graph
from striate.network._json_reader import MAX_DEPTH, MAX_NODES, show
from striate.network.json_text import MAX_PARAMETERS

_MODELS = ("Functional", "Model", "Sequential")


def network_from_config(
    config: Any,
    *,
    input_shape: Sequence[int] | None = None,
    where: str = "config",
    max_parameters: int = MAX_PARAMETERS,
) -> Network:
    """The network that a configuration of Keras tells of.

    Args:
        config: what `read_tensors` gives as metadata["config"], of Keras 3 or 2, functional or sequential.
        input_shape: of one example, where the file leaves sizes open.
        where: what an error calls it. max_parameters: more weights than this are refused.

    Raises:
        FormatError: classes that are not known here, fields that would be without effect, references to
            nothing; all layers' problems at once.

    >>> layers = [{"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "x"}},
    ...           {"class_name": "Dense", "config": {"units": 2, "name": "fc"}}]
    >>> config = {"class_name": "Sequential", "config": {"name": "small", "layers": layers}}
    >>> network_from_config(config).shapes
    {'x': (4,), 'fc': (2,)}
    """
    reader = _Reader(where, input_shape)
    try:
        network = reader.model(_unwrapped(config, where), 1)
        if reader.problems:
            raise FormatError(reader.problems)
        network.verify()
    except FormatError:
        raise
    except StriateError as error:
        told = [Problem(f"{where}, {p.where}", p.happened, p.expected, p.cure) for p in error.problems]
        raise FormatError(told) from error
    if (count := network.count_parameters()) > max_parameters:
        happened, cure = f"the network wants {count:,} weights", "Raise max_parameters= if you trust it."
        raise FormatError(Problem(where, happened, f"at most {max_parameters:,}", cure))
    return network


def _unwrapped(config: Any, where: str) -> Mapping[str, Any]:
    """The part that tells of the model; TensorFlow.js puts it into "model_config"."""
    if isinstance(config, Mapping) and isinstance(config.get("model_config"), Mapping):
        config = config["model_config"]
    if not isinstance(config, Mapping) or config.get("class_name") not in _MODELS:
        found = config.get("class_name") if isinstance(config, Mapping) else config
        _refuse(where, f"its class is {show(found)}", "one of " + ", ".join(_MODELS))
    return config


@dataclass
class _Reader:
    """Reads one configuration, collecting what is wrong with single layers.

    Args:
        where: what an error calls it. input_shape: for open sizes. problems: found so far.
        count: layers met so far, over all nested models.
    """

    where: str
    input_shape: Sequence[int] | None
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def model(self, plain: Mapping[str, Any], depth: int) -> Network:
        """A model, `depth` models deep."""
        if depth > MAX_DEPTH:
            _refuse(self.where, f"models are nested deeper than {MAX_DEPTH}", f"at most {MAX_DEPTH} levels")
        config = plain.get("config")
        config = {"layers": config} if isinstance(config, list) else config  # as Keras 1 wrote a Sequential
        layers = config.get("layers") if isinstance(config, Mapping) else None
        if not isinstance(config, Mapping) or not isinstance(layers, list) or not layers:
            _refuse(self.where, f"its layers are {show(layers)}", "a list of layers")
        if not all(isinstance(each, Mapping) for each in layers):
            _refuse(self.where, "an entry of its layers is no JSON object", "a list of layers")
        self.count += len(layers)
        if self.count > MAX_NODES:
            _refuse(self.where, f"it has more than {MAX_NODES:,} layers", f"at most {MAX_NODES:,}")
        name = config.get("name")
        name = name if isinstance(name, str) else None
        if plain.get("class_name") == "Sequential":
            return self.row(layers, config, name, depth)
        return self.graph(layers, config, name, depth)

    def row(self, layers: list[Any], config: Mapping[str, Any], name: str | None, depth: int) -> Network:
        """A Sequential: its first layer, or an InputLayer, says the shape of an example."""
        value: Any = None
        begin: Any = None
        if layers[0].get("class_name") == "InputLayer":
            value = begin = self.input(layers[0])
            layers = layers[1:]
        made = [self.layer(each, depth) for each in layers]
        if begin is None:
            shape = _shape_of(layers[0]) or _open_shape(config.get("build_input_shape"))
            if isinstance(made[0], Network):
                shape = made[0].inputs[0].shape
            value = begin = Input(self.known(shape, "the first layer"))
        for layer in made:
            value = value if layer is None else layer(value)
        return graph(begin, value, name=name)

    def graph(self, layers: list[Any], config: Mapping[str, Any], name: str | None, depth: int) -> Network:
        """A functional model: every layer names the outputs that it reads."""
        values: dict[tuple[str, int, int], Any] = {}
        for plain in layers:
            own = _name_of(plain)
            if plain.get("class_name") == "InputLayer":
                values[own, 0, 0] = self.input(plain)
                continue
            layer = self.layer(plain, depth)
            for call, reads in enumerate(self.calls(plain, own)):
                if self.problems or layer is None:
                    continue  # go on to collect what is wrong with the other layers
                symbols = [self.value(values, read, own) for read in reads]
                outputs = layer(symbols if len(symbols) > 1 else symbols[0])
                for index, output in enumerate(outputs if isinstance(outputs, tuple) else (outputs,)):
                    values[own, call, index] = output
        if self.problems:
            raise FormatError(self.problems)
        begins = [
            self.value(values, each, "input_layers") for each in _references(config.get("input_layers"))
        ]
        ends = [
            self.value(values, each, "output_layers") for each in _references(config.get("output_layers"))
        ]
        return graph(begins, ends, name=name)

    def layer(self, plain: Mapping[str, Any], depth: int) -> Layer | None:
        """A layer or a nested model; None when it is wrong, which is kept in mind."""
        config, name = plain.get("config"), _name_of(plain)
        if not _is_keras_s(plain):
            happened = f"its class is {show(plain.get('class_name'))} of {show(plain['module'])}"
            self.problems.append(Problem(self.at(name), happened, "a layer of Keras itself", CURE))
            return None
        if plain.get("class_name") in _MODELS:
            network = self.model(plain, depth + 1)
            if isinstance(config, Mapping) and config.get("trainable") is False:
                return _frozen(network)
            return network
        try:
            # Keras 3 writes a "module" beside every class.
            return read_layer(config, plain.get("class_name"), self.at(name), "module" not in plain)
        except StriateError as error:
            self.problems += error.problems
            return None

    def input(self, plain: Mapping[str, Any]) -> Any:
        """An input of the model."""
        name = _name_of(plain)
        return Input(self.known(_shape_of(plain), name), name=name if name != "?" else None)

    def known(self, shape: tuple[int | None, ...] | None, name: str) -> tuple[int, ...]:
        """The shape of an example, its open sizes filled in."""
        if shape is not None and None not in shape:
            return tuple(size for size in shape if size is not None)
        if self.input_shape is None:
            found = "unknown" if shape is None else show(list(shape))
            cure = "Say it: input_shape=(224, 224, 3), or --input-shape 224x224x3."
            _refuse(self.at(name), f"its shape is {found}", "a size for every axis", cure)
        return tuple(self.input_shape)

    def calls(self, plain: Mapping[str, Any], name: str) -> list[list[tuple[str, int, int]]]:
        """For each call of a layer what it reads."""
        nodes = plain.get("inbound_nodes")
        if not isinstance(nodes, list) or not nodes:
            _refuse(self.at(name), f"its inbound_nodes are {show(nodes)}", "what the layer reads")
        return [self.reads(node, name) for node in nodes]

    def reads(self, node: Any, name: str) -> list[tuple[str, int, int]]:
        """What one call reads; other arguments than tensors must say nothing."""
        found = _references(node.get("args") if isinstance(node, Mapping) else node)
        said = [value for value in _arguments(node) if value not in (None, False)]
        if said:
            _refuse(self.at(name), f"it is called with {show(said[0])}", "tensors alone")
        if not found:
            _refuse(self.at(name), f"it reads {show(node)}", "the outputs of other layers")
        return found

    def value(self, values: Mapping[tuple[str, int, int], Any], read: tuple[str, int, int], name: str) -> Any:
        """A symbol that was made before."""
        if read not in values:
            _refuse(self.at(name), f"it reads {show(list(read))}", "an output of an earlier layer")
        return values[read]

    def at(self, name: str) -> str:
        """What an error calls a layer."""
        return f"{self.where}, layer {name if name.isprintable() and len(name) < 80 else show(name)}"


def _is_keras_s(plain: Mapping[str, Any]) -> bool:
    """Whether Keras itself made the class; Keras 3 tells the module, and anybody can call a class Dense."""
    if plain.get("class_name") in _MODELS:
        return "module" not in plain or str(plain["module"]).partition(".")[0] == "keras"
    return "module" not in plain or plain["module"] == "keras.layers"


def _frozen(network: Network) -> Network:
    """The network with weights that training leaves alone."""
    return replace(network, trainable=False)


def _name_of(plain: Mapping[str, Any]) -> str:
    """A layer's name: beside its configuration or in it."""
    config = plain.get("config")
    inside = config.get("name") if isinstance(config, Mapping) else None
    name = inside if isinstance(inside, str) else plain.get("name")
    return name if isinstance(name, str) else "?"


def _shape_of(plain: Mapping[str, Any]) -> tuple[int | None, ...] | None:
    """The shape that a layer says its examples have."""
    config = plain.get("config")
    if not isinstance(config, Mapping):
        return None
    return _open_shape(config.get("batch_shape", config.get("batch_input_shape")))


def _open_shape(shape: Any) -> tuple[int | None, ...] | None:
    """[null, 224, 224, 3] without its batch axis."""
    if not isinstance(shape, list) or not shape:
        return None
    good = all(size is None or (type(size) is int and size > 0) for size in shape)
    return tuple(shape[1:]) if good else None


def _arguments(node: Any) -> list[Any]:
    """What a layer is called with beside tensors: Keras 3 lists it once, Keras 2 behind every tensor."""
    if isinstance(node, list) and not (len(node) == 4 and isinstance(node[0], str)):
        return [value for each in node for value in _arguments(each)]
    given = node.get("kwargs") if isinstance(node, Mapping) else node[3] if isinstance(node, list) else None
    return list(given.values()) if isinstance(given, Mapping) else [given]


def _references(plain: Any) -> list[tuple[str, int, int]]:
    """Every [layer, call, output] in nested lists or in Keras 3's tensors, in order."""
    if isinstance(plain, Mapping):
        config = plain.get("config")
        return _references(config.get("keras_history")) if isinstance(config, Mapping) else []
    if not isinstance(plain, list):
        return []
    if len(plain) in (3, 4) and isinstance(plain[0], str) and all(type(each) is int for each in plain[1:3]):
        return [(plain[0], plain[1], plain[2])]
    return [reference for each in plain for reference in _references(each)]


def _refuse(where: str, happened: str, expected: str, cure: str = CURE) -> NoReturn:
    raise FormatError(Problem(where, happened, expected, cure))
