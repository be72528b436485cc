"""One file from one address: resumed where it broke off, never too long, trusted only by its SHA-256."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

CHUNK = 1 << 18
TIMEOUT = 20.0
TRIES = 20
LARGEST = 1 << 31
"""Bytes of a file whose size is not known beforehand."""

Progress = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all)."""


class SourceError(Exception):
    """A source did not give the file; its text is one clause that says why."""


@dataclass(frozen=True)
class Web:
    """A file at an official address.

    Args:
        address: an http or https address.
        sha256: of the file, or its first digits (at least eight) where its maker publishes no more.
        size: of the file in bytes; 0 to believe the address, up to LARGEST.
    """

    address: str
    sha256: str
    size: int = 0

    def __str__(self) -> str:
        """The address."""
        return self.address


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(web: Web, folder: Path, progress: Progress = lambda done, total: None) -> Path:
    """Bring `web` into `folder` and return its path; an earlier broken download is continued.

    Bytes gather in a `.part` file. Only when its SHA-256 is right does it get its own name.

    Raises:
        SourceError: the address does not answer, breaks off without a new byte, or gives other bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    web = web if web.size else replace(web, size=_size(web))
    part = folder / f"{web.sha256}.part"
    resumed = part.exists() and part.stat().st_size > 0
    try:
        _fill(web, part, progress)
    finally:
        if part.stat().st_size == 0:
            part.unlink()
    if not sha256_of(part).startswith(web.sha256):
        part.unlink()
        if resumed:
            return download(web, folder, progress)
        raise SourceError("the bytes it sent do not have the expected SHA-256")
    whole = folder / web.sha256
    part.replace(whole)
    return whole


def _fill(web: Web, part: Path, progress: Progress) -> None:
    """Ask again as long as the last answer brought something new and the file is not whole."""
    part.touch()
    for _ in range(TRIES):
        before = part.stat().st_size
        if before == web.size:
            return
        if before > web.size:
            part.unlink()
            part.touch()
            before = 0
        broken = _once(web, part, progress)
        after = part.stat().st_size
        if after == web.size:
            return
        if after <= before:
            raise SourceError(broken or f"it broke off after {after:,} of {web.size:,} bytes")
    raise SourceError(f"it broke off {TRIES} times, the last time after {part.stat().st_size:,} bytes")


def _size(web: Web) -> int:
    """The size that an address promises."""
    request = urllib.request.Request(web.address, headers={"User-Agent": "striate"}, method="HEAD")
    try:
        with _opener().open(request, timeout=TIMEOUT) as answer:
            size = answer.headers.get("Content-Length", "")
    except urllib.error.HTTPError as error:
        raise SourceError(f"it answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise SourceError(f"it cannot be reached ({_reason(error.reason)})") from None
    except (OSError, http.client.HTTPException) as error:
        raise SourceError(f"the connection broke ({_reason(error)})") from None
    if not size.isdecimal() or not 0 < int(size) <= LARGEST:
        raise SourceError(f"it promises {size or 'no number of'} bytes, and at most {LARGEST:,} are taken")
    return int(size)


def _once(web: Web, part: Path, progress: Progress) -> str:
    """One request that appends to `part`; returns why it broke off, or an empty string."""
    start = part.stat().st_size
    request = urllib.request.Request(web.address, headers={"User-Agent": "striate"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        with _opener().open(request, timeout=TIMEOUT) as answer:
            continues = answer.status == 206 and _range_start(answer) == start
            with part.open("ab" if continues else "wb") as file:
                _copy(answer, file, start if continues else 0, web.size, progress)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # what we hold does not fit what they hold: start over
            part.unlink()
            part.touch()
            return f"it holds fewer than the expected {web.size:,} bytes"
        return f"it answered {error.code} {error.reason}"
    except urllib.error.URLError as error:
        return f"it cannot be reached ({_reason(error.reason)})"
    except (OSError, http.client.HTTPException) as error:
        return f"the connection broke ({_reason(error)})"
    return ""


def _copy(answer: IO[bytes], file: IO[bytes], done: int, size: int, progress: Progress) -> None:
    """Move bytes from the answer to the file, and refuse the first one too many."""
    while chunk := answer.read(CHUNK):
        done += len(chunk)
        if done > size:
            file.truncate(0)
            raise SourceError(f"it sends more than the expected {size:,} bytes")
        file.write(chunk)
        progress(done, size)


def _range_start(answer: http.client.HTTPResponse) -> int:
    """The first byte that a partial answer says it holds; -1 when it does not say."""
    unit, _, span = answer.headers.get("Content-Range", "").partition(" ")
    first = span.split("-", 1)[0]
    return int(first) if unit == "bytes" and first.isdecimal() else -1


def _reason(error: object) -> str:
    """A short text of an operating system's complaint."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _opener() -> urllib.request.OpenerDirector:
    """An opener that knows http and https and nothing else, wherever it is redirected to."""
    opener = urllib.request.OpenerDirector()
    handlers = (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
    )
    for handler in handlers:
        opener.add_handler(handler())
    return opener
