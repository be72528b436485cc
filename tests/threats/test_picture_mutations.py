"""Damaged pictures give an array or our own error, whatever is wrong with them."""

import subprocess
import sys
from pathlib import Path


def test_ten_thousand_mutations_give_an_array_or_our_own_error():
    program = Path(__file__).with_name("hostile_pictures.py")
    command = [sys.executable, str(program), "10000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    read, refused = map(int, done.stdout.split())
    assert read + refused == 10_000
    assert read > 100
    assert refused > 1000
