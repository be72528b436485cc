"""The kernels of every instruction set over thousands of random convolutions, under the sanitizers."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CASES = "2000"


needs_compiler = pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("c++")), reason="needs cmake and a compiler"
)


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("sanitize", ["OFF", "ON"])
def test_every_kernel_agrees_with_plain_loops_and_stays_in_its_memory(tmp_path, sanitize):
    fuzz = built("fuzz", tmp_path, f"-DSTRIATE_SANITIZE={sanitize}")
    done = subprocess.run([fuzz, CASES, "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"plain: {CASES} cases" in done.stdout


@needs_compiler
def test_threads_share_tasks_without_races(tmp_path):
    done = subprocess.run([built("shared_tasks", tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def built(target, folder, *options):
    """A program of tests/native."""
    given = ["-DSTRIATE_FUZZ=ON", f"-DPython_EXECUTABLE={sys.executable}", *options]
    subprocess.run(["cmake", "-S", ROOT, "-B", folder, *given], check=True, capture_output=True)
    build = ["cmake", "--build", folder, "--target", target, "--parallel"]
    subprocess.run(build, check=True, capture_output=True)
    return folder / "tests" / "native" / target
