"""Files of programs that call the parts of a network otherwise; their names are written out here by hand."""

import numpy as np
import pytest
from test_exchange_layouts import assert_same, drawn

from striate import applications
from striate.errors import FormatError
from striate.formats import exchange
from striate.layers import Conv2D, Dense, Flatten
from striate.network import sequential


def network_of(name, **options):
    return applications.get(name, **options).network


def timm_mobilenet(parts):
    """timm's names of MobileNetV2, in the order of torchvision's tensors."""
    names = [("conv_stem", "weight"), *[("bn1", part) for part in parts]]
    for stage, repeats in enumerate((1, 2, 3, 4, 3, 3, 1)):
        for index in range(repeats):
            kinds = ("conv_dw", "bn1", "conv_pw", "bn2") if stage == 0 else ()
            for kind in kinds or ("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"):
                layer = f"blocks.{stage}.{index}.{kind}"
                names += [(layer, part) for part in (parts if "bn" in kind else ("weight",))]
    names += [("conv_head", "weight"), *[("bn2", part) for part in parts]]
    return [*names, ("classifier", "weight"), ("classifier", "bias")]


def efficientnet_pytorch(parts):
    """efficientnet-pytorch's names of EfficientNet-Lite0, in the order of timm's tensors."""
    names = [("_conv_stem", "weight"), *[("_bn0", part) for part in parts]]
    for block in range(16):
        kinds = ("_depthwise_conv", "_bn1", "_project_conv", "_bn2")
        for kind in (("_expand_conv", "_bn0") if block else ()) + kinds:
            names += [(f"_blocks.{block}.{kind}", part) for part in (parts if "bn" in kind else ("weight",))]
    names += [("_conv_head", "weight"), *[("_bn1", part) for part in parts]]
    return [*names, ("_fc", "weight"), ("_fc", "bias")]


NORM = ("weight", "bias", "running_mean", "running_var")


@pytest.mark.parametrize(
    ("name", "make", "title"),
    [
        ("mobilenet-v2", timm_mobilenet, "timm's MobileNetV2"),
        ("efficientnet-lite0", efficientnet_pytorch, "efficientnet-pytorch"),
    ],
)
def test_names_of_pytorch_programs(name, make, title):
    network = network_of(name)
    variables = drawn(network)
    state = exchange.from_variables(network, variables, "torch")
    arrays = [array for name, array in state.items() if not name.endswith("num_batches_tracked")]
    theirs = [".".join(parts) for parts in make(NORM)]
    mapped = exchange.map_tensors(network, dict(zip(theirs, arrays, strict=True)))
    assert_same(mapped.variables, variables)
    assert mapped.notes[-1] == f"names: {title}"


def tiny_vgg(name):
    """A network with the names of a VGG and hardly any weights."""
    paths = list(network_of(name).declared)
    convs = [Conv2D(1, 1, name=path) for path in paths if path.startswith("features")]
    denses = [Dense(2, name=path) for path in paths if path.startswith("classifier")]
    return sequential([*convs, Flatten(), *denses], input_shape=(2, 2, 1))


def test_timm_draws_the_dense_layers_of_vgg_as_convolutions():
    network = tiny_vgg("vgg11")
    variables = drawn(network)
    state = exchange.from_variables(network, variables, "torch")
    heads = {"classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc"}
    theirs = {}
    for name, array in state.items():
        layer, _, weight = name.rpartition(".")
        theirs[f"{heads.get(layer, layer)}.{weight}"] = array
    theirs["pre_logits.fc1.weight"] = theirs["pre_logits.fc1.weight"].reshape(2, 1, 2, 2)
    theirs["pre_logits.fc2.weight"] = theirs["pre_logits.fc2.weight"].reshape(2, 2, 1, 1)
    mapped = exchange.map_tensors(network, theirs)
    assert mapped.notes[-1] == "names: timm's VGG"
    assert_same(mapped.variables, variables)


@pytest.mark.parametrize(
    ("name", "blocks"), [("vgg11", (1, 1, 2, 2, 2)), ("vgg16", (2, 2, 3, 3, 3)), ("vgg19", (2, 2, 4, 4, 4))]
)
def test_keras_counts_the_convolutions_of_vgg_block_by_block(name, blocks):
    network = tiny_vgg(name)
    variables = drawn(network)
    layers = [f"block{b}_conv{c}" for b, count in enumerate(blocks, 1) for c in range(1, count + 1)]
    theirs = {}
    for ours, layer in zip(network.declared, [*layers, "fc1", "fc2", "predictions"], strict=True):
        for weight, letter in (("kernel", "W"), ("bias", "b")):
            theirs[f"{layer}/{layer}_{letter}_1:0"] = variables["params"][ours][weight]
    mapped = exchange.map_tensors(network, theirs)
    assert mapped.notes == ("names: Keras' names (keras)", "names: Keras' VGG")
    assert_same(mapped.variables, variables)


def test_older_keras_calls_the_parts_of_resnet_as_its_authors_did():
    network = network_of("resnet50", convention="keras", input_shape=(32, 32, 3), classes=5)
    variables = drawn(network)
    sample = {
        "conv1": "conv1_conv",
        "bn_conv1": "conv1_bn",
        "res2a_branch1": "conv2_block1_0_conv",
        "bn2a_branch2c": "conv2_block1_3_bn",
        "res4f_branch2a": "conv4_block6_1_conv",
        "fc1000": "predictions",
    }
    back = {ours: theirs for theirs, ours in sample.items()}
    for stage, blocks in enumerate((3, 4, 6, 3), 2):
        for block in range(blocks):
            for place, branch in enumerate(("1", "2a", "2b", "2c")):
                for kind, word in (("conv", "res"), ("bn", "bn")):
                    back[f"conv{stage}_block{block + 1}_{place}_{kind}"] = (
                        f"{word}{stage}{'abcdef'[block]}_branch{branch}"
                    )
    assert {theirs: ours for ours, theirs in back.items()}.items() >= sample.items()
    theirs = {
        f"{back[path]}/{weight}": array
        for group in variables.values()
        for path, weights in group.items()
        for weight, array in weights.items()
    }
    mapped = exchange.map_tensors(network, theirs)
    assert_same(mapped.variables, variables)
    assert mapped.notes[-1] == "names: older Keras' residual networks"


def test_a_table_that_does_not_help_is_not_taken():
    network = network_of("lenet5")
    strange = {"blocks.0.0.conv_pwl.weight": np.zeros((1, 1), np.float32)}
    with pytest.raises(FormatError) as caught:
        exchange.map_tensors(network, strange)
    assert "blocks.0.0.conv_pwl.weight: the network has no place for it" in str(caught.value)
