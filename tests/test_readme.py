"""The README tells the truth: its program runs, its commands exist, its pictures are there."""

import re
from pathlib import Path

import numpy as np
import pytest

import striate as st
from striate import datasets

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_program_runs_as_printed(monkeypatch, tmp_path, capsys):
    """On a hundredth of the pictures, so that it takes a moment; the text is the README's own."""
    (x, y), (x_test, y_test) = datasets.mnist.load_data()
    few = (x[:640], y[:640]), (x_test[:64], y_test[:64])
    monkeypatch.setattr(datasets.mnist, "load_data", lambda: few)
    monkeypatch.chdir(tmp_path)
    (program,) = code_blocks("python")
    names: dict = {}
    exec(compile(program, "README.md", "exec"), names)  # noqa: S102 - the README's own words
    assert isinstance(names["model"], st.Model)
    assert (tmp_path / "digits.striate").exists()
    again = st.load(tmp_path / "digits.striate")
    digits = x_test[:8, ..., None]
    before, after = names["model"].predict(digits, verbose=0), again.predict(digits, verbose=0)
    np.testing.assert_array_equal(before, after)


def test_the_program_is_short():
    (program,) = code_blocks("python")
    assert len([line for line in program.splitlines() if line.strip()]) <= 20


TARGETS = sorted(set(re.findall(r"^make ([a-z]+)", "\n".join(code_blocks("sh")), re.M)))


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


def test_pictures_and_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
