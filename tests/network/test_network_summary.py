"""Summaries: for people at any width, in pipes, without colour; for programs as plain values."""

import io
import json

import pytest
from rich.console import Console

from striate.layers import Conv2D, Dense, Flatten
from striate.network import Input, graph, print_summary, sequential, summary_dict, summary_text

WHOLE = """\
 digits
 Layer      Built by                               Output shape     Params    MACs   Activations   Sees
--------------------------------------------------------------------------------------------------------
 input1                                            (N, 28, 28, 1)
 conv1      Conv2D(8, (3, 3), activation='relu')   (N, 26, 26, 8)       80   48,672         5,408   3x3
 flatten1   Flatten()                              (N, 5408)             0        0         5,408   3x3
 dense1     Dense(10)                              (N, 10)          54,090   54,080            10   all

 Parameters: 54,170 (211.6 KiB)
 Multiply-accumulates: 102,752 for one example
 Activations: 6,202 floats (24.2 KiB) for one example; 11,610 with pre-activations

 Warning dense1: it holds 99.9% of the 54,170 weights; expected less than 90% in one dense layer.
   Shrink the map before Flatten with pooling or strides, or use GlobalAveragePooling2D."""


@pytest.fixture(scope="module")
def digits():
    layers = [Conv2D(8, 3, activation="relu"), Flatten(), Dense(10)]
    return sequential(layers, (28, 28, 1), name="digits")


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_whole_summary(digits):
    """Word for word; the gaps between columns are Rich's business."""
    expected = [line for line in lines(WHOLE) if not line.startswith("---")]
    assert [line for line in lines(summary_text(digits)) if not line.startswith("---")] == expected


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (120, "Layer Built by Output shape Params MACs Activations Sees"),
        (95, "Layer Built by Output shape Params MACs Sees"),
        (60, "Layer Output shape Params MACs Sees"),
        (50, "Layer Output shape Params Sees"),
        (40, "Layer Output shape Params"),
    ],
)
def test_narrow_terminals_get_fewer_columns(digits, width, titles):
    text = summary_text(digits, width=width)
    assert lines(text)[1] == titles
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize(("width", "row"), [(12, "conv1"), (30, "conv1 (N, 26, 26, 8)")])
def test_very_narrow_terminals_still_show_every_layer(digits, width, row):
    text = summary_text(digits, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert row in lines(text)


def printed(network, terminal: bool, **environment) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100, _environ=environment)
    print_summary(network, console)
    return stream.getvalue()


def test_colour_in_terminals_only(digits):
    assert "\x1b[" in printed(digits, True)
    assert "\x1b[" not in printed(digits, False)
    assert "\x1b[3" not in printed(digits, True, NO_COLOR="1")


def test_pipes_get_everything_unless_they_say_how_wide_they_are(digits, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert printed(digits, False) == summary_text(digits) + "\n"
    monkeypatch.setenv("COLUMNS", "40")
    assert printed(digits, False) == summary_text(digits, width=40) + "\n"


def test_plain_text_is_ascii(digits):
    assert summary_text(digits).isascii()


def test_mistakes_leave_gaps_and_are_named():
    text = summary_text(sequential([Conv2D(8, 9), Flatten()], (5, 5, 1)))
    assert "conv1 Conv2D(8, (9, 9)) ?" in lines(text)
    assert "Layers behind an error are not counted." in lines(text)
    assert (
        "Error conv1: the kernel 9x9 is larger than the image 5x5; expected an image of at least 9x9."
        in lines(text)
    )


def test_shared_weights_name_their_owner():
    one, two = Input((4,)), Input((4,))
    dense = Dense(2)
    text = summary_text(graph([one, two], [dense(one), dense(two)]))
    assert "dense1_2 Dense(2) (N, 2) of dense1 8 2 all" in lines(text)


def test_frozen_weights_are_told_apart():
    text = summary_text(sequential([Dense(2, trainable=False), Dense(2)], (4,)))
    assert "Parameters: 16 (64 B); 6 trainable, 10 not" in lines(text)


def test_markup_in_names_is_only_text():
    text = summary_text(sequential([Dense(2, name="[red]a[link]")], (4,), name="[bold]"))
    assert "[red]a[link]" in text
    assert "[bold]" in text


def test_plain_values_for_programs(digits):
    plain = summary_dict(digits)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["name"] == "digits"
    assert plain["inputs"] == [{"name": "input1", "shape": [28, 28, 1]}]
    assert plain["outputs"] == ["dense1"]
    assert plain["layers"][0] == {
        "path": "conv1",
        "kind": "conv",
        "built_by": "Conv2D(8, (3, 3), activation='relu')",
        "inputs": ["input1"],
        "output_shape": [26, 26, 8],
        "trainable": 80,
        "non_trainable": 0,
        "params": 80,
        "macs": 48672,
        "activations": 5408,
        "activation_bytes": 21632,
        "preactivations": 5408,
        "shares": None,
        "receptive_field": {
            "size": [3, 3],
            "stride": [1, 1],
            "offset": [0, 0],
            "everything": False,
            "flattened": None,
        },
    }
    assert plain["totals"]["params"] == 54170
    assert [(check["severity"], check["where"]) for check in plain["checks"]] == [("warning", "dense1")]


def test_plain_values_of_a_network_with_mistakes():
    plain = summary_dict(sequential([Conv2D(8, 9), Flatten()], (5, 5, 1)))
    assert [layer["output_shape"] for layer in plain["layers"]] == [None, None]
    assert plain["checks"][0]["severity"] == "error"
