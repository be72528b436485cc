"""The kernels of every instruction set over thousands of random convolutions, under the sanitizers."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CASES = "2000"


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("cmake") and shutil.which("c++")), reason="needs cmake and a compiler")
@pytest.mark.parametrize("sanitize", ["OFF", "ON"])
def test_every_kernel_agrees_with_plain_loops_and_stays_in_its_memory(tmp_path, sanitize):
    python = f"-DPython_EXECUTABLE={sys.executable}"
    options = ["-DSTRIATE_FUZZ=ON", f"-DSTRIATE_SANITIZE={sanitize}", python]
    subprocess.run(["cmake", "-S", ROOT, "-B", tmp_path, *options], check=True, capture_output=True)
    build = ["cmake", "--build", tmp_path, "--target", "fuzz", "--parallel"]
    subprocess.run(build, check=True, capture_output=True)
    fuzz = [tmp_path / "tests" / "native" / "fuzz", CASES, "1"]
    done = subprocess.run(fuzz, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"plain: {CASES} cases" in done.stdout
