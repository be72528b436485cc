"""ResNets: the weights that the papers and the frameworks count, shapes, places of the strides."""

import jax
import numpy as np
import pytest

import striate.applications as applications
from striate.errors import ArgumentError, ShapeError
from striate.network import from_json, to_json

DEPTHS = (18, 34, 50, 101, 152)
NETWORKS = {
    (depth, convention): applications.get(f"resnet{depth}", convention=convention).network
    for depth in DEPTHS
    for convention in ("torch", "keras")
}
TORCH = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}
KERAS = {50: 25_636_712, 101: 44_707_176, 152: 60_419_944}
"""Keras counts the running means and variances too; torchvision leaves them out and has no biases."""


def shape_of(network, name):
    return next(row.output_shape for row in network.rows() if row.name == name)


@pytest.mark.parametrize("depth", DEPTHS)
def test_torchvisions_count(depth):
    network = NETWORKS[depth, "torch"]
    assert network.totals.trainable == TORCH[depth]
    assert network.name == f"resnet{depth}"
    assert network.check() == []


@pytest.mark.parametrize("depth", KERAS)
def test_keras_count(depth):
    assert NETWORKS[depth, "keras"].totals.params == KERAS[depth]
    assert NETWORKS[depth, "keras"].check() == []


@pytest.mark.parametrize("depth", DEPTHS)
def test_conventions_differ_by_the_biases_alone(depth):
    """A batch norm stands behind every convolution, so there are as many biases as betas."""
    torch, keras = NETWORKS[depth, "torch"], NETWORKS[depth, "keras"]
    assert keras.totals.trainable - torch.totals.trainable == torch.totals.non_trainable // 2


@pytest.mark.parametrize("depth", DEPTHS)
def test_stages_have_the_papers_shapes(depth):
    network, wide = NETWORKS[depth, "torch"], 1 if depth < 50 else 4
    assert shape_of(network, "conv1") == (112, 112, 64)
    assert shape_of(network, "maxpool") == (56, 56, 64)
    for stage, (size, blocks) in enumerate(zip((56, 28, 14, 7), PAPER[depth], strict=True), 1):
        for block in range(blocks):
            shape = (size, size, 64 * 2 ** (stage - 1) * wide)
            assert shape_of(network, f"layer{stage}.{block}.out") == shape
    assert shape_of(network, "avgpool") == (512 * wide,)
    assert network.output_shapes == ((1000,),)


PAPER = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def test_the_papers_count_of_multiplications():
    """Table 1 says 1.8, 3.6, 3.8, 7.6 and 11.3 billion, for the strides of version 1."""
    found = {depth: applications.get(f"resnet{depth}", version="v1").network.totals.macs for depth in DEPTHS}
    rounded = {depth: macs / 1e9 for depth, macs in found.items()}
    assert rounded == pytest.approx({18: 1.8, 34: 3.6, 50: 3.8, 101: 7.6, 152: 11.3}, abs=0.08)


@pytest.mark.parametrize(
    ("convention", "version", "first"),
    [
        ("torch", None, 56),
        ("torch", "v1.5", 56),
        ("torch", "v1", 28),
        ("keras", None, 28),
        ("keras", "v1", 28),
        ("keras", "v1.5", 56),
    ],
)
def test_version_places_the_stride_of_a_bottleneck(convention, version, first):
    network = applications.resnet50(convention=convention, version=version).network
    names = ("layer2.0.conv{}", "conv3_block1_{}_conv")[convention == "keras"]
    assert shape_of(network, names.format(1)) == (first, first, 128)
    assert shape_of(network, names.format(2)) == (28, 28, 128)


def test_version_changes_nothing_about_basic_blocks():
    first, second = (applications.resnet18(version=version).network for version in ("v1", "v1.5"))
    assert first == second


def test_only_blocks_that_change_the_shape_project_their_shortcut():
    for depth, projected in ((18, (2, 3, 4)), (50, (1, 2, 3, 4))):
        names = [node.name for node in NETWORKS[depth, "torch"].nodes]
        found = [name for name in names if name.endswith("downsample.0")]
        assert found == [f"layer{stage}.0.downsample.0" for stage in projected]


def test_names_are_those_of_the_frameworks():
    torch = [node.name for node in NETWORKS[50, "torch"].nodes]
    keras = [node.name for node in NETWORKS[50, "keras"].nodes]
    assert {"conv1", "bn1", "layer1.0.conv3", "layer1.0.downsample.1", "layer4.2.bn3", "fc"} <= set(torch)
    assert {"conv1_conv", "conv2_block1_0_conv", "conv5_block3_3_bn", "avg_pool", "predictions"} <= set(keras)


def test_settings_of_the_batch_norms():
    torch = next(node.layer for node in NETWORKS[50, "torch"].nodes if node.name == "bn1")
    keras = next(node.layer for node in NETWORKS[50, "keras"].nodes if node.name == "conv1_bn")
    assert (torch.momentum, torch.epsilon) == (0.9, 1e-5)
    assert (keras.momentum, keras.epsilon) == (0.99, 1.001e-5)


def test_without_a_top_it_ends_with_the_feature_map():
    assert applications.resnet50(include_top=False).output_shape == (None, 7, 7, 2048)
    assert applications.resnet18((33, 65, 1), include_top=False).output_shape == (None, 2, 3, 512)


@pytest.mark.parametrize("key", [(18, "torch"), (50, "keras")])
def test_it_is_data(key):
    assert from_json(to_json(NETWORKS[key])) == NETWORKS[key]


def drawn(rng, shape):
    """He's kernels; numbers above 0 for the norms, whose variances are among them."""
    if len(shape) == 1:
        return rng.uniform(0.5, 1, shape).astype(np.float32)
    return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32)


def test_it_runs():
    """Two small pictures through all 18 layers; the weights are drawn by NumPy, which compiles nothing."""
    network, rng = applications.resnet18((32, 32, 3), 5).network, np.random.default_rng(0)
    promised = jax.eval_shape(lambda: network.init(0))
    variables = jax.tree.map(lambda leaf: drawn(rng, leaf.shape), promised)
    x = rng.normal(size=(2, 32, 32, 3)).astype(np.float32)
    output = np.asarray(jax.jit(lambda v, x: network.apply(v, x).output)(variables, x))
    assert output.shape == (2, 5)
    np.testing.assert_allclose(output.sum(1), 1, rtol=1e-5)
    assert np.abs(output[0] - output[1]).max() > 1e-6


def test_logits_or_probabilities():
    activations = [
        applications.resnet50(classifier_activation=activation).layers[-1].activation
        for activation in (None, "softmax")
    ]
    assert activations == [None, "softmax"]


def test_wrong_words_are_told_at_once():
    with pytest.raises(ArgumentError) as caught:
        applications.resnet50(convention="caffe", version="v2")
    assert str(caught.value) == (
        "2 problems:\n"
        "1. convention: got 'caffe'; expected one of 'torch', 'keras'.\n  Choose one of them.\n"
        "2. version: got 'v2'; expected one of 'v1', 'v1.5', None.\n  Choose one of them."
    )


def test_a_shape_without_channels_is_told():
    with pytest.raises(ShapeError, match="conv1"):
        applications.resnet18((224, 224))
