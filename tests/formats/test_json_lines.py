"""Logs of one JSON object a line: whole lines survive whatever happens to the last one."""

import errno
import os

import jax.numpy as jnp
import numpy as np
import pytest

from striate.errors import ArgumentError, FormatError, StriateError
from striate.formats import append_json_line, json_lines, read_json_lines


def test_lines_come_back_in_order(tmp_path):
    path = tmp_path / "metrics.jsonl"
    records = [{"epoch": epoch, "loss": 1 / (epoch + 1), "note": "ä\n\u2028"} for epoch in range(5)]
    for record in records:
        append_json_line(path, record)
    assert read_json_lines(path) == records
    assert len(path.read_text(encoding="utf-8").split("\n")) == 6


def test_every_cut_of_the_last_line_loses_only_that_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for epoch in range(3):
        append_json_line(path, {"epoch": epoch, "loss": 0.5})
    whole = path.read_bytes()
    kept = len(whole) - len(whole.split(b"\n")[2]) - 1
    for size in range(kept, len(whole)):
        path.write_bytes(whole[:size])
        assert [record["epoch"] for record in read_json_lines(path)] == [0, 1]
        append_json_line(path, {"epoch": 2})
        assert [record["epoch"] for record in read_json_lines(path)] == [0, 1, 2]


def test_a_file_of_one_torn_line_begins_anew(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b'{"epo')
    append_json_line(path, {"epoch": 0})
    assert path.read_bytes() == b'{"epoch":0}\n'


def test_numbers_from_arrays_and_numbers_that_are_not_finite(tmp_path):
    path = tmp_path / "a"
    append_json_line(
        path, {"a": np.float32(0.5), "b": jnp.asarray(3), "c": np.nan, "d": (1, np.inf), "e": np.eye(2)}
    )
    assert read_json_lines(path) == [{"a": 0.5, "b": 3, "c": None, "d": [1, None], "e": [[1, 0], [0, 1]]}]


def test_what_json_cannot_hold_is_told_at_once_and_nothing_is_written(tmp_path):
    with pytest.raises(ArgumentError) as caught:
        append_json_line(tmp_path / "a", {"x": {1, 2}, "y": {3: 4}, "z": [2**70], "s": "\ud800"})
    cure = "\n  Keep to numbers, texts, truth values, None, lists and mappings of these."
    assert str(caught.value) == (
        "4 problems:\n"
        f"1. record.x: found set; expected a value that JSON can hold.{cure}\n"
        "2. record.y: the key 3 is no text; expected texts as keys.\n  Use str(key).\n"
        f"3. record.z[0]: the integer is too large; expected integers of at most 64 bits.{cure}\n"
        f"4. record.s: the text holds half of a surrogate pair; expected whole characters.{cure}"
    )
    assert not (tmp_path / "a").exists()


def test_a_damaged_line_is_told_with_its_number(tmp_path):
    path = tmp_path / "a.jsonl"
    for line, told in {
        "[1]": "found list; expected a JSON object.\n  Remove that line.",
        '{"a":NaN}': "the JSON text holds NaN; expected finite numbers.\n"
        "  Get the file again from where it came, or save it again with Striate.",
    }.items():
        path.write_text('{"a":1}\n' + line + "\n")
        with pytest.raises(FormatError) as caught:
            read_json_lines(path)
        assert str(caught.value) == f"a.jsonl, line 2: {told}"


def test_a_full_disk_and_a_missing_file_are_told(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(json_lines.os, "write", full)
        with pytest.raises(StriateError, match=r"^a: cannot be written: the disk is full; expected"):
            append_json_line(tmp_path / "a", {})
    with pytest.raises(FormatError, match=r"^none: cannot be read: there is no such file; expected"):
        read_json_lines(tmp_path / "none")


def test_an_empty_log_has_no_records(tmp_path):
    (tmp_path / "a").touch()
    assert read_json_lines(tmp_path / "a") == []
    assert os.listdir(tmp_path) == ["a"]
