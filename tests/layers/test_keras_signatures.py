"""Names, order and defaults of arguments are those of Keras 3, so that a program runs unchanged."""

import dataclasses
import inspect

import pytest

from striate.layers._rules import rules_of
from striate.layers._table import LAYERS

keras = pytest.importorskip("keras")

OURS_ALONE = {
    "Bias",
    "L2Pooling1D",
    "L2Pooling2D",
    "LocalResponseNormalization",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "PartialConv2D",
    "RadialBasis",
    "ScaledTanh",
}
SHARED = {name: kind for name, kind in LAYERS.items() if name not in OURS_ALONE}
NOT_TAKEN_OVER = {
    *("activity_regularizer", "kernel_constraint", "bias_constraint", "depthwise_constraint"),
    *("pointwise_constraint", "beta_constraint", "gamma_constraint", "alpha_constraint"),
    *("lora_rank", "lora_alpha", "quantization_config"),
    *("renorm", "renorm_clipping", "renorm_momentum", "synchronized", "name", "dtype"),
}
ADDED = {"edges", "data_format"}


def keras_arguments(name):
    """Keras' own arguments, in order."""
    parameters = inspect.signature(getattr(keras.layers, name)).parameters.values()
    own = [p for p in parameters if p.kind is not p.VAR_KEYWORD and p.kind is not p.VAR_POSITIONAL]
    return {p.name: p.default for p in own if p.name not in NOT_TAKEN_OVER}


def our_arguments(kind):
    """Our own positional arguments, in order."""
    return {f.name: f.default for f in dataclasses.fields(kind) if not f.kw_only}


def test_what_keras_lacks_is_known():
    assert {name for name in LAYERS if not hasattr(keras.layers, name)} == OURS_ALONE


@pytest.mark.parametrize("name", SHARED)
def test_arguments_have_the_names_and_the_order_of_keras(name):
    theirs, mine = list(keras_arguments(name)), list(our_arguments(LAYERS[name]))
    assert [argument for argument in mine if argument in theirs] == theirs
    assert set(mine) - set(theirs) <= ADDED


@pytest.mark.parametrize("name", SHARED)
def test_arguments_have_the_defaults_of_keras(name):
    kind, rules = LAYERS[name], rules_of(LAYERS[name])
    mine = our_arguments(kind)
    for argument, default in keras_arguments(name).items():
        if default is inspect.Parameter.empty:
            assert mine[argument] is dataclasses.MISSING or name.startswith("AveragePooling"), argument
            continue
        rule = rules[argument]
        assert rule.bring(default, kind.AXES) == rule.bring(mine[argument], kind.AXES), argument
