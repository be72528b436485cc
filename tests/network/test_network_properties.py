"""What holds for any network: random rows and branches, tiny, traced rather than run."""

import math

import jax
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from striate.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    LocalResponseNormalization,
    MaxPooling2D,
    SeparableConv2D,
    UpSampling2D,
    ZeroPadding2D,
)
from striate.network import (
    Input,
    Network,
    from_json,
    graph,
    pixels_seen,
    sequential,
    summary_dict,
    summary_text,
    to_json,
)

QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

kernels = st.tuples(st.integers(1, 4), st.integers(1, 4))
paddings = st.sampled_from(["valid", "same", 1, ((0, 1), (2, 0))])


@st.composite
def map_layers(draw):
    """A layer that takes a map and gives a map."""
    kernel, filters = draw(kernels), draw(st.integers(1, 3))
    padding = draw(paddings)
    strides = draw(st.integers(1, 3))
    word = draw(st.sampled_from(["valid", "same"]))
    window = {
        "pool_size": kernel,
        "strides": strides,
        "padding": word,
        "edges": draw(st.sampled_from(["drop", "keep"])),
    }
    return draw(
        st.sampled_from(
            [
                Conv2D(filters, kernel, strides, padding, activation="relu"),
                Conv2D(filters, kernel, dilation_rate=2, padding=padding),
                DepthwiseConv2D(kernel, padding="same"),
                SeparableConv2D(filters, kernel, padding="same"),
                Conv2DTranspose(filters, kernel, strides, word),
                MaxPooling2D(**window),
                AveragePooling2D(**window),
                BatchNormalization(),
                LocalResponseNormalization(),
                Dropout(0.5),
                Activation("tanh"),
                ZeroPadding2D(1),
                Cropping2D(1),
                UpSampling2D(2),
                Dense(filters),
            ]
        )
    )


@st.composite
def rows(draw, most: int = 6):
    """A row of layers, perhaps with an end, perhaps with shapes that do not fit."""
    layers = draw(st.lists(map_layers(), max_size=most))
    ends = [
        [],
        [Flatten(), Dense(2, activation="softmax")],
        [GlobalAveragePooling2D()],
        [Flatten(), Dense(2), Dense(2)],
    ]
    shape = (draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 3)))
    return sequential([*layers, *draw(st.sampled_from(ends))], shape)


@st.composite
def branchings(draw):
    """Branches from one image, joined; one layer is called twice and one network is nested."""
    shape = (draw(st.integers(2, 8)), draw(st.integers(2, 8)), 2)
    image = Input(shape)
    shared = Conv2D(2, 3, padding="same")
    block = sequential(draw(st.lists(map_layers(), min_size=1, max_size=2)), shape, name="block")
    branches = [shared(image), shared(image), block(image)]
    branches += [Conv2D(2, draw(kernels), padding="same")(image) for _ in range(draw(st.integers(0, 2)))]
    join = draw(st.sampled_from([Add, Concatenate]))
    return graph(image, [join()(branches), branches[0]])


def promised_shapes_are_facts(network: Network) -> None:
    """Traced: no array is made."""
    variables = jax.eval_shape(lambda: network.init(0))
    x = jax.ShapeDtypeStruct((2, *network.inputs[0].shape), "float32")
    applied = jax.eval_shape(lambda v, x: network.apply(v, x, record=True), variables, x)
    for path, shape in network.shapes.items():
        if path in applied.record:
            assert applied.record[path].shape == (2, *shape), path
    assert jax.tree.map(lambda leaf: leaf.shape, applied.state) == jax.tree.map(
        lambda leaf: leaf.shape, variables["state"]
    )
    sizes = [math.prod(leaf.shape) for leaf in jax.tree.leaves(variables)]
    assert network.totals.params == sum(sizes) == network.count_parameters()
    assert network.totals.activations >= network.totals.inputs
    for row in network.rows():
        inside = applied.record.get(f"{row.name}/preactivation")
        assert row.preactivations == (0 if inside is None else math.prod(inside.shape[1:]))


@QUICK
@given(rows())
def test_rows_keep_their_promises_or_say_why_not(network):
    if network.errors():
        assert all(problem.severity == "error" for problem in network.errors())
    else:
        promised_shapes_are_facts(network)


@QUICK
@given(branchings())
def test_branches_keep_their_promises_or_say_why_not(network):
    if not network.errors():
        promised_shapes_are_facts(network)


@QUICK
@given(st.one_of(rows(), branchings()))
def test_texts_come_back_equal_and_summaries_never_fail(network):
    assert from_json(to_json(network)) == network
    assert [layer["path"] for layer in summary_dict(network)["layers"]] == list(network.program.steps)
    width = 50
    assert max(map(len, summary_text(network, width=width).splitlines())) <= width


@QUICK
@given(rows(4), st.data())
def test_positions_see_no_more_than_the_table_says(network, data):
    """The exact box lies within the field that size, stride and offset promise, cut off at the border."""
    if network.errors() or not network.nodes:
        return
    row = data.draw(st.sampled_from(network.rows()))
    if row.receptive is None or len(row.output_shape) != 3:
        return
    position = tuple(data.draw(st.integers(0, size - 1)) for size in row.output_shape[:-1])
    for box in pixels_seen(network, row.name, position).values():
        for (first, last), size in zip(box, row.receptive.size, strict=True):
            assert last - first + 1 <= size


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 2), st.sampled_from(["valid", "same"])),
        min_size=1,
        max_size=3,
    )
)
def test_fields_by_theory_are_where_the_gradient_is_not_zero(windows):
    """All weights are 1 and all pixels positive, so nothing cancels; one program for each network."""
    layers = [Conv2D(1, kernel, stride, padding, use_bias=False) for kernel, stride, padding in windows]
    network = sequential(layers, (7, 6, 1))
    if network.errors():
        return
    shapes = {
        path: {name: weight.shape for name, weight in some.items()} for path, some in network.declared.items()
    }
    variables = {
        "params": {
            path: {n: np.ones(s, np.float32) for n, s in some.items()} for path, some in shapes.items()
        }
    }

    def output(x):
        return network.apply(variables, x[None]).output[0, ..., 0]

    seen = np.asarray(jax.jit(jax.jacrev(output))(np.ones((7, 6, 1), np.float32)))[..., 0] != 0
    path = network.outputs[0]
    for position in np.ndindex(*seen.shape[:2]):
        places = np.argwhere(seen[position])
        expected = tuple(zip(places.min(0).tolist(), places.max(0).tolist(), strict=True))
        assert pixels_seen(network, path, position) == {"input1": expected}
