import json
import random
from pathlib import Path

import numpy as np
import pytest

from references import axis_padding, pad_amounts, transposed_axis, window_starts
from striate.errors import ArgumentError, ShapeError
from striate.ops.geometry import (
    as_tuple,
    output_size,
    reach,
    resolve_padding,
    resolve_transposed_padding,
    transposed_output_size,
)

EXAMPLES = json.loads((Path(__file__).parent.parent / "data" / "worked-examples.json").read_text())
CASES = [case for entry in EXAMPLES["shapes"] for case in entry.get("cases", [])]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_worked_output_sizes(case):
    pads = resolve_padding(case["P"], (case["W"],), (case["F"],), (case["S"],))
    assert output_size((case["W"],), (case["F"],), (case["S"],), pads) == (case["out"],)


def test_same_puts_the_odd_zero_at_the_far_side():
    assert resolve_padding("same", (28, 5), (2, 4), (1, 1)) == ((0, 1), (1, 2))
    assert resolve_padding("same", (28, 7), (3, 3), (2, 2)) == ((0, 1), (1, 1))


def test_padding_may_be_said_in_four_ways():
    assert resolve_padding("valid", (9, 9), (3, 3), (1, 1)) == ((0, 0), (0, 0))
    assert resolve_padding(2, (9, 9), (3, 3), (1, 1)) == ((2, 2), (2, 2))
    assert resolve_padding([[1, 2], (3, np.int64(4))], (9, 9), (3, 3), (1, 1)) == ((1, 2), (3, 4))
    assert resolve_padding("causal", (9,), (3,), (1,), (2,)) == ((4, 0),)


def test_keeping_the_edge_makes_four_of_seven():
    pads = resolve_padding("valid", (7, 7), (2, 2), (2, 2), edges="keep")
    assert pads == ((0, 1), (0, 1))
    assert output_size((7, 7), (2, 2), (2, 2), pads) == (4, 4)


def test_a_window_that_would_begin_behind_the_image_is_not_kept():
    pads = resolve_padding("valid", (6,), (2,), (3,), edges="keep")
    assert output_size((6,), (2,), (3,), pads) == (2,)


def random_axes(count, seed):
    rng = random.Random(seed)
    for _ in range(count):
        size, taps, stride, dilation = (
            rng.randint(1, 20),
            rng.randint(1, 5),
            rng.randint(1, 5),
            rng.randint(1, 3),
        )
        padding = rng.choice(["valid", "same", rng.randint(0, 3), ((rng.randint(0, 3), rng.randint(0, 3)),)])
        yield size, taps, stride, dilation, padding, rng.choice(["drop", "keep"])


def test_a_thousand_random_axes_agree_with_walking_along_them():
    for size, taps, stride, dilation, padding, edges in random_axes(1000, seed=1):
        (span,) = reach((taps,), (dilation,))
        before, after = pad_amounts(axis_padding(padding, 0), size, span, stride)
        starts = window_starts(size, span, stride, before, after, edges == "keep")
        pads = resolve_padding(padding, (size,), (taps,), (stride,), (dilation,), edges=edges)
        what = (size, taps, stride, dilation, padding, edges)
        if starts:
            assert output_size((size,), (taps,), (stride,), pads, (dilation,)) == (len(starts),), what
            assert pads[0][0] == before, what
        else:
            with pytest.raises(ShapeError):
                output_size((size,), (taps,), (stride,), pads, (dilation,))


def test_a_thousand_random_transposed_axes_agree_with_the_rules_in_words():
    rng = random.Random(2)
    for size, taps, stride, dilation, padding, _ in random_axes(1000, seed=3):
        extra = rng.choice([None, rng.randrange(stride)])
        pads = resolve_transposed_padding(padding, (taps,), (stride,), (dilation,), extra)
        (out,) = transposed_output_size((size,), (taps,), (stride,), pads, (dilation,))
        expected = transposed_axis(axis_padding(padding, 0), size, taps, stride, dilation, extra)
        assert (out, pads[0][0]) == expected, (size, taps, stride, dilation, padding, extra)


def test_a_kernel_larger_than_its_image_is_named_with_its_image():
    with pytest.raises(ShapeError) as caught:
        output_size((3, 3), (5, 5), (1, 1), ((0, 0), (0, 0)), where="conv1")
    assert str(caught.value) == (
        "conv1: the kernel 5x5 is larger than the image 3x3; expected an image of at least 5x5.\n"
        "  Use a smaller kernel or padding='same'."
    )


def test_dilation_and_padding_are_said_when_they_matter():
    with pytest.raises(ShapeError) as caught:
        output_size((3, 3), (3, 3), (1, 1), ((0, 0), (1, 0)), (2, 2), where="conv1")
    assert str(caught.value) == (
        "conv1: the kernel 3x3 (dilated to 5x5) is larger than the image 3x3 (padded to 3x4); "
        "expected an image of at least 5x5.\n"
        "  Use a smaller kernel or padding='same'."
    )


def test_rows_have_a_length():
    with pytest.raises(ShapeError) as caught:
        output_size((3,), (5,), (1,), ((0, 0),), where="pool", noun="window")
    assert str(caught.value) == (
        "pool: the window 5 is larger than the row of length 3; expected a length of at least 5.\n"
        "  Use a smaller window or padding='same'."
    )


@pytest.mark.parametrize(
    "padding", ["full", "SAME", -1, 1.5, True, (1, 2), ((1, 2),), ((1, 2), (-1, 0)), None]
)
def test_a_padding_nobody_understands_is_refused(padding):
    with pytest.raises(ArgumentError) as caught:
        resolve_padding(padding, (9, 9), (3, 3), (1, 1), where="conv2d")
    assert str(caught.value) == (
        f'conv2d: padding is {padding!r}; expected "valid", "same", a whole number >= 0, '
        "or one (before, after) pair of them for each spatial axis.\n"
        "  Write for instance padding=1, or padding=((1, 2), (1, 2))."
    )


def test_causal_is_for_rows_only():
    with pytest.raises(ArgumentError):
        resolve_padding("causal", (9, 9), (3, 3), (1, 1))


def test_a_word_for_edges_nobody_knows_is_refused():
    with pytest.raises(ArgumentError) as caught:
        resolve_padding("valid", (9,), (3,), (1,), edges="ceil", where="max_pool")
    assert str(caught.value) == (
        'max_pool: edges is \'ceil\'; expected "drop" or "keep".\n'
        "  Choose edges='keep' to count partial windows at the far edge."
    )


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", (1, 2, 3), (1, 0), (1, 1.5), None])
def test_strides_must_be_whole_and_positive(value):
    with pytest.raises(ArgumentError) as caught:
        as_tuple(value, 2, "conv2d", "strides")
    assert str(caught.value) == (
        f"conv2d: strides is {value!r}; expected a whole number >= 1, or 2 of them.\n"
        "  Pass for instance strides=2."
    )


@pytest.mark.parametrize("value", [2, -1, (0, 0, 0), (0, 2), True, 0.5])
def test_an_output_padding_as_large_as_the_stride_is_refused(value):
    with pytest.raises(ArgumentError) as caught:
        resolve_transposed_padding("same", (3, 3), (2, 2), (1, 1), value, where="conv2d_transpose")
    assert str(caught.value) == (
        f"conv2d_transpose: output_padding is {value!r}; "
        "expected whole numbers >= 0 and smaller than the strides (2, 2).\n"
        "  Leave output_padding out, or raise the strides."
    )


def test_a_transposed_padding_nobody_understands_is_refused():
    with pytest.raises(ArgumentError):
        resolve_transposed_padding("full", (3, 3), (2, 2))
    with pytest.raises(ArgumentError):
        resolve_transposed_padding("causal", (3,), (2,))
