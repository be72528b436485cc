"""Tensors of a file found for a network: what is recognised and said, and everything that does not fit."""

import numpy as np
import pytest
from test_exchange_layouts import assert_same, drawn

from striate.errors import ArgumentError, FormatError
from striate.formats import exchange
from striate.formats.foreign.tensors import ForeignTensors
from striate.layers import BatchNormalization, Conv2D, Dense, DepthwiseConv2D, Flatten, GlobalAveragePooling2D
from striate.network import sequential


def small(classes=3):
    """conv1, bn1, fc: seven tensors in PyTorch."""
    layers = [Conv2D(4, 3, name="conv1"), BatchNormalization(name="bn1"), GlobalAveragePooling2D()]
    return sequential([*layers, Dense(classes, name="fc")], input_shape=(6, 6, 3))


@pytest.fixture
def state():
    return exchange.from_variables(small(), drawn(small()), "torch")


def refused(network, tensors, *arguments, **options):
    with pytest.raises(FormatError) as caught:
        exchange.map_tensors(network, tensors, *arguments, where="a.pth", **options)
    return str(caught.value)


@pytest.mark.parametrize("prefix", ["module.", "model.", "backbone.", "module.encoder_q."])
def test_a_prefix_of_all_names_is_taken_off_and_told(state, prefix):
    mapped = exchange.map_tensors(small(), {prefix + name: array for name, array in state.items()})
    assert_same(mapped.variables, drawn(small()))
    assert mapped.notes == (
        "names: PyTorch's names, channels first (torch)",
        f"all names begin with '{prefix}'",
    )
    assert mapped.names["fc/kernel"] == f"{prefix}fc.weight"


def test_a_prefix_that_all_names_lack_is_put_on_and_told():
    network = sequential(
        [Conv2D(2, 1, name="features.0"), Conv2D(2, 1, name="features.2")], input_shape=(4, 4, 1)
    )
    state = exchange.from_variables(network, drawn(network), "torch")
    bare = {name.removeprefix("features."): array for name, array in state.items()}
    mapped = exchange.map_tensors(network, bare)
    assert_same(mapped.variables, drawn(network))
    assert mapped.notes[1:] == ("all names lack 'features.'",)


def test_the_group_of_a_checkpoint_is_found_beside_an_optimizer(state):
    checkpoint = {f"state_dict/{name}": array for name, array in state.items()}
    checkpoint |= {"optimizer/state/0/exp_avg": np.zeros(3), "epoch": np.asarray(3)}
    mapped = exchange.map_tensors(small(), ForeignTensors("torch", checkpoint, {}))
    assert_same(mapped.variables, drawn(small()))
    assert mapped.notes[0] == "weights are in the group 'state_dict'"
    assert mapped.ignored == ("state_dict/bn1.num_batches_tracked", "optimizer/state/0/exp_avg", "epoch")


def test_two_groups_of_weights_must_be_told_apart(state):
    both = {f"{group}/{name}": array for group in ("ema", "model") for name, array in state.items()}
    assert refused(small(), both) == (
        "a.pth: it holds several sets of weights: ema, model; expected one set of weights.\n"
        "  Choose one: read_tensors(path).under(...), or --group at the command line."
    )


def test_everything_missing_extra_and_misshaped_is_told_at_once(state):
    state = dict(state)
    state["conv1.wait"] = state.pop("conv1.weight")
    state["fc.bias"] = np.zeros(5, np.float32)
    state["aux.weight"] = np.zeros((7, 7), np.float32)
    del state["bn1.running_var"]
    assert refused(small(), state) == (
        "5 problems:\n"
        "1. a.pth, tensor fc.bias: its shape is [5]; expected [3], for fc/bias.\n"
        "  Make the network for as many classes as the file has, or give skip_head=True (--skip-head).\n"
        "2. a.pth, tensor conv1.weight: it is missing; expected float32 [4, 3, 3, 3], for conv1/kernel.\n"
        "  Is it 'conv1.wait' in the file?\n"
        "3. a.pth, tensor bn1.running_var: it is missing; expected float32 [4], for bn1/moving_variance.\n"
        "  Load it into the network that it was made for.\n"
        "4. a.pth, tensor conv1.wait: the network has no place for it; its shape is [4, 3, 3, 3]; "
        "expected none.\n"
        "  Is it meant to be 'conv1.weight'?\n"
        "5. a.pth, tensor aux.weight: the network has no place for it; its shape is [7, 7]; expected none.\n"
        "  Leave it out with ignore= (--ignore), if it is not needed."
    )


def test_a_shape_in_the_middle_has_another_cure_than_one_in_the_head(state):
    state["bn1.weight"] = np.zeros(9, np.float32)
    assert refused(small(), state) == (
        "a.pth, tensor bn1.weight: its shape is [9]; expected [4], for bn1/gamma.\n"
        "  Load it into the network that it was made for."
    )


def test_a_head_for_other_classes_keeps_its_own_start(state):
    network = small(classes=8)
    mapped = exchange.map_tensors(network, state, skip_head=True, seed=5)
    start, wanted = network.init(5), drawn(small())
    np.testing.assert_array_equal(mapped.variables["params"]["fc"]["kernel"], start["params"]["fc"]["kernel"])
    np.testing.assert_array_equal(
        mapped.variables["params"]["conv1"]["kernel"], wanted["params"]["conv1"]["kernel"]
    )
    assert mapped.fresh == ("fc",)
    assert mapped.notes[-1] == "left at their own start: fc"
    assert set(mapped.ignored) == {"bn1.num_batches_tracked", "fc.weight", "fc.bias"}


def test_skipping_the_head_forgives_nothing_else(state):
    del state["conv1.bias"]
    state["aux.bias"] = np.zeros(2, np.float32)
    said = refused(small(8), state, skip_head=True)
    assert said.startswith("2 problems:\n1. a.pth, tensor conv1.bias: it is missing; expected float32 [4]")
    assert "2. a.pth, tensor aux.bias: the network has no place for it" in said


def test_unwanted_names_are_left_out_by_pattern(state):
    state |= {"aux.weight": np.zeros(2, np.float32), "aux.bias": np.zeros(2, np.float32)}
    mapped = exchange.map_tensors(small(), state, ignore=("aux.*",))
    assert_same(mapped.variables, drawn(small()))
    assert {"aux.weight", "aux.bias"} < set(mapped.ignored)


def test_numbers_that_are_not_finite_are_refused_by_name(state):
    state["conv1.bias"] = np.array([1, np.nan, np.inf, 2], np.float32)
    state["fc.bias"] = np.array([1e39, 0, 0])
    state["bn1.weight"] = np.ones(4, np.int8)
    assert refused(small(), state) == (
        "3 problems:\n"
        "1. a.pth, tensor conv1.bias: 2 of 4 numbers are not finite; expected finite numbers.\n"
        "  Use weights from before they overflowed, or train again with a smaller learning rate.\n"
        "2. a.pth, tensor bn1.weight: it holds int8; expected floating-point numbers.\n"
        "  Give the weights as floats; numbers of a compressed (quantized) network mean something else.\n"
        "3. a.pth, tensor fc.bias: a number in it is too large for float32; expected at most 3.4e+38.\n"
        "  Is it really a weight?"
    )


@pytest.mark.parametrize("kind", ["float16", "float64", "bfloat16"])
def test_other_floats_become_float32(state, kind):
    import ml_dtypes

    dtype = np.dtype(getattr(ml_dtypes, kind, kind))
    mapped = exchange.map_tensors(small(), {name: array.astype(dtype) for name, array in state.items()})
    kernel = mapped.variables["params"]["fc"]["kernel"]
    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel, state["fc.weight"].T.astype(dtype).astype(np.float32))


def test_what_is_given_is_not_shared_with_what_comes_out(state):
    given = exchange.from_variables(small(), drawn(small()), "striate")
    variables = exchange.into_variables(small(), given)
    given["fc/kernel"][:] = 7
    assert_same(variables, drawn(small()))


def test_names_of_no_convention(state):
    strange = {"w0": np.zeros(3), "w1": np.zeros(3), "w2": np.zeros(3), "w3": np.zeros(3)}
    assert refused(small(), strange) == (
        "a.pth: its names follow no convention that is known here: w0, w1, w2, ...; expected names such as "
        "conv1.weight (PyTorch), conv1/kernel (Keras) or layers/conv2d/vars/0 (Keras 3).\n"
        "  Name the convention yourself, rename the tensors, or match them by order."
    )
    assert refused(small(), {}).startswith("a.pth: its names follow no convention that is known here: none; ")


def test_an_unknown_convention(state):
    with pytest.raises(ArgumentError) as caught:
        exchange.map_tensors(small(), state, "pytorch")
    assert str(caught.value) == (
        "convention: there is no convention 'pytorch'; expected one of striate, torch, keras, keras3.\n"
        "  Choose one of these."
    )


def renamed_stems(state):
    """The same tensors, in the same order, with layers called 0, 1, 2."""
    stems = {"conv1": "0", "bn1": "1", "fc": "5"}
    return {
        f"{stems[name.partition('.')[0]]}.{name.partition('.')[2]}": array for name, array in state.items()
    }


def test_order_is_used_only_when_it_is_asked_for(state):
    state = renamed_stems(state)
    assert "conv1.weight: it is missing" in refused(small(), state)
    assert_same(exchange.map_tensors(small(), state, by="order").variables, drawn(small()))


def test_order_needs_equal_layers_roles_and_shapes(state):
    state = renamed_stems(state)
    swapped = {**{name: state[name] for name in state if name[0] == "1"}, **state}
    assert refused(small(), swapped, by="order") == (
        "2 problems:\n"
        "1. a.pth, layer 1: it has weight [4], bias [4], running_mean [4], running_var [4]; "
        "expected weight [4, 3, 3, 3], bias [4], for conv1.\n"
        "  The order is not the network's: match by name, after renaming the tensors.\n"
        "2. a.pth, layer 0: it has weight [4, 3, 3, 3], bias [4]; "
        "expected weight [4], bias [4], running_mean [4], running_var [4], for bn1.\n"
        "  The order is not the network's: match by name, after renaming the tensors."
    )
    del state["5.bias"], state["5.weight"]
    assert refused(small(), state, by="order") == (
        "a.pth: it has tensors of 2 layers; expected 3, as many as the network has with weights.\n"
        "  Give one for each; leave others out with ignore=."
    )


def test_a_sorted_file_is_read_in_the_order_of_its_numbers():
    layers = [Conv2D(2, 1, name=f"conv{number}") for number in range(12)]
    network = sequential(layers, input_shape=(2, 2, 2))
    state = exchange.from_variables(network, drawn(network), "torch")
    numbered = {name.replace("conv", "features."): array for name, array in state.items()}
    shuffled = dict(sorted(numbered.items()))
    assert list(shuffled)[2:4] == ["features.1.bias", "features.1.weight"]
    assert list(shuffled)[4:6] == ["features.10.bias", "features.10.weight"]
    assert_same(exchange.map_tensors(network, shuffled, by="order").variables, drawn(network))


def test_order_does_not_take_the_bias_of_another_layer():
    layers = [Conv2D(4, 1, name="a", use_bias=False), Conv2D(4, 1, name="b")]
    network = sequential(layers, input_shape=(4, 4, 4))
    zeros = np.zeros((4, 4, 1, 1), np.float32)
    crossed = {"0.weight": zeros, "1.weight": zeros, "0.bias": np.zeros(4, np.float32)}
    assert refused(network, crossed, by="order").startswith(
        "2 problems:\n"
        "1. a.pth, layer 0: it has weight [4, 4, 1, 1], bias [4]; expected weight [4, 4, 1, 1], for a."
    )


def test_by_must_be_name_or_order(state):
    with pytest.raises(ArgumentError) as caught:
        exchange.map_tensors(small(), state, by="size")
    assert str(caught.value) == (
        "by: got 'size'; expected 'name' or 'order'.\n  Write by='order' to match in the order of the file."
    )


def test_a_dense_layer_may_be_a_convolution_in_the_file_and_the_other_way_round():
    network = sequential([Conv2D(4, 1, name="a"), Flatten(), Dense(2, name="fc")], input_shape=(2, 3, 5))
    state = exchange.from_variables(network, drawn(network), "torch")
    state["a.weight"] = state["a.weight"].reshape(4, 5)
    state["fc.weight"] = state["fc.weight"].reshape(2, 4, 2, 3)
    assert_same(exchange.into_variables(network, state), drawn(network))


def test_keras_two_calls_the_kernel_of_a_depthwise_convolution_otherwise():
    network = sequential([DepthwiseConv2D(3, name="dw")], input_shape=(4, 4, 2))
    state = exchange.from_variables(network, drawn(network), "keras")
    state["dw/depthwise_kernel:0"] = state.pop("dw/kernel")
    mapped = exchange.map_tensors(network, state)
    assert_same(mapped.variables, drawn(network))
    assert mapped.convention == "keras"


def test_a_model_file_s_own_names_are_known():
    arrays = exchange.from_variables(small(), drawn(small()), "striate")
    groups = {name: "state" if "moving" in name else "params" for name in arrays}
    mapped = exchange.map_tensors(
        small(), {f"{groups[name]}/{name}": array for name, array in arrays.items()}
    )
    assert_same(mapped.variables, drawn(small()))
    assert mapped.convention == "striate"


def test_errors_stay_short_for_another_network_s_file(state, monkeypatch):
    monkeypatch.setattr("striate.formats.exchange.matching.MAX_TOLD", 5)
    with pytest.raises(FormatError) as caught:
        exchange.map_tensors(small(), {f"x{name}": array for name, array in state.items()})
    assert len(caught.value.problems) == 6
    assert str(caught.value.problems[-1]) == (
        "and so on: there are 17 problems; expected none.\n  Is it another network's file?"
    )


def test_a_long_list_begins_with_the_counts(state):
    state = {f"x{name}": array for name, array in state.items() if name != "fc.bias"} | {
        "fc.bias": state["fc.bias"]
    }
    assert refused(small(), state).startswith(
        "15 problems:\n"
        "1. a.pth: 1 of the network's 8 weights are found, 7 are missing, 0 have another shape; "
        "7 tensors have no place; expected all 8 and no others.\n"
        "  Is it the file of another network? If only names differ, by='order' (--by-order) may match it.\n"
        "2. "
    )
