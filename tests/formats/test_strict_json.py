"""The strict JSON parser that every file goes through, and the one text of a value."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.errors import FormatError
from striate.network._strict_json import MAX_BYTES, MAX_DEPTH, MAX_VALUES, canonical_json, parse_json

CURE = "\n  Get the file again from where it came, or save it again with Striate."

REFUSED = {
    "": "not JSON: Expecting value at line 1 column 1; expected a JSON text.",
    "{": (
        "not JSON: Expecting property name enclosed in double quotes at line 1 column 2; "
        "expected a JSON text."
    ),
    "[1] [2]": "not JSON: Extra data at line 1 column 5; expected a JSON text.",
    "'a'": "not JSON: Expecting value at line 1 column 1; expected a JSON text.",
    "01": "not JSON: Extra data at line 1 column 2; expected a JSON text.",
    '{"a": 1, "a": 2}': "the key 'a' appears twice in one object; expected every key once.",
    '[{"b": {"\\u0061": 1, "a": 2}}]': "the key 'a' appears twice in one object; expected every key once.",
    "NaN": "the JSON text holds NaN; expected finite numbers.",
    "[Infinity]": "the JSON text holds Infinity; expected finite numbers.",
    "-Infinity": "the JSON text holds -Infinity; expected finite numbers.",
    "1e999": "the number 1e999 is too large; expected finite numbers.",
    "-1e999": "the number -1e999 is too large; expected finite numbers.",
    "9223372036854775808": (
        "the integer 9223372036854775808 is too large; expected integers of at most 64 bits."
    ),
    "9" * 5000: f"the integer {'9' * 37}... is too large; expected integers of at most 64 bits.",
    '"\\ud800"': "a string holds half of a surrogate pair; expected whole characters.",
    '{"\\udfff": 1}': "a string holds half of a surrogate pair; expected whole characters.",
    "\ufeff1": "the JSON text begins with a byte order mark; expected plain UTF-8.",
    "[" * 65 + "]" * 65: "the JSON text is nested deeper than 64 levels; expected at most 64 levels.",
    "[" * 100_000: "the JSON text is nested deeper than 64 levels; expected at most 64 levels.",
    '{"a":' * 100_000: "the JSON text is nested deeper than 64 levels; expected at most 64 levels.",
    "[" + "0," * MAX_VALUES + "0]": (
        "the JSON text holds more than 250000 values; expected at most 250000 values."
    ),
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:20] or "empty")
def test_each_trap_is_refused_in_these_words(text):
    for form in (text, text.encode("utf-8")):
        with pytest.raises(FormatError) as caught:
            parse_json(form, "file")
        assert str(caught.value) == f"file: {REFUSED[text]}{CURE}"


def test_other_encodings_are_refused():
    for raw, told in (
        (b'"\xff"', "byte 1"),
        ('"ä"'.encode("utf-16-le"), "byte 2"),
        (b'"\xed\xa0\x80"', "byte 1"),
    ):
        with pytest.raises(FormatError) as caught:
            parse_json(raw, "file")
        assert str(caught.value) == f"file: {told} of the JSON text is not UTF-8; expected UTF-8.{CURE}"


def test_the_size_cap_comes_before_everything():
    with pytest.raises(FormatError) as caught:
        parse_json(b"\xff" * (MAX_BYTES + 1), "file")
    assert str(caught.value) == f"file: the JSON text has 8388609 bytes; expected at most 8388608.{CURE}"


def test_the_caps_are_not_reached_by_their_own_value():
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH, "file") is not None
    assert len(parse_json("[" + "0," * (MAX_VALUES - 3) + "0]", "file")) == MAX_VALUES - 2
    assert parse_json(str(2**63 - 1), "file") == 2**63 - 1
    assert parse_json(str(1 - 2**63), "file") == 1 - 2**63
    assert parse_json("1.7976931348623157e308", "file") == 1.7976931348623157e308
    assert parse_json('"\\ud83d\\ude00"', "file") == "😀"


def test_brackets_in_strings_do_not_count():
    text = json.dumps(["[" * 1000, '"' * 1000, "\\" * 1001, "," * 1000])
    assert parse_json(text, "file", max_depth=1, max_values=5) == json.loads(text)


@pytest.mark.parametrize(
    "text", ['"' * 200_001, '"\\' * 200_000, "\\" * 400_000, '["' * 200_000, '"\\"' * 200_000]
)
def test_the_scan_is_linear_on_unfinished_strings(text):
    with pytest.raises(FormatError):
        parse_json(text, "file")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _without_texts(value):
    """The same value with every text and name emptied, so that the word Infinity can only be a number."""
    if isinstance(value, dict):
        return [_without_texts(inner) for inner in value.values()]
    if isinstance(value, list):
        return [_without_texts(inner) for inner in value]
    return "" if isinstance(value, str) else value


@settings(max_examples=150, deadline=None)
@given(JSON_VALUES)
def test_every_plain_value_survives(value):
    if "Infinity" in json.dumps(_without_texts(value)):
        with pytest.raises(ValueError, match="JSON compliant"):
            canonical_json(value)
        return
    assert parse_json(canonical_json(value), "file") == value
    assert canonical_json(parse_json(canonical_json(value), "file")) == canonical_json(value)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='{}[]",:\\0123456789.eE+-truefalsn u', max_size=40))
def test_any_text_gives_what_json_gives_or_our_own_error(text):
    try:
        found = parse_json(text, "file")
    except FormatError:
        return
    assert found == json.loads(text)


def test_canonical_text_is_one_text():
    assert canonical_json({"b": [1.0, 1], "a": {"ü": None}}) == '{"a":{"ü":null},"b":[1.0,1]}'
    assert canonical_json({"a": [1]}, indent=1) == '{\n "a": [\n  1\n ]\n}'
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="not JSON compliant"):
            canonical_json(wrong)
    with pytest.raises(TypeError):
        canonical_json(np.float32(1))
