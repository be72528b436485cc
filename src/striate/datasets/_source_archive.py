"""A program of its own: fetch a package's source archive with pip's settings, and run nothing of it.

`pip download` prepares source archives, which runs their setup. This asks pip's own finder, which knows the
person's registries, mirrors and certificates, for the address alone, and stores the bytes.

    python _source_archive.py NAME VERSION FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

CHUNK = 1 << 20


def main(name: str, version: str, folder: str) -> None:
    """Store the archive in the folder, or leave with a sentence."""
    from pip._internal.commands.download import DownloadCommand

    command = DownloadCommand("download", "source archive")
    options, _ = command.parse_args(["--no-deps", "--quiet", name])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options=options, session=session)
        found = [each for each in finder.find_all_candidates(name) if str(each.version) == version]
        archives = [each.link for each in found if each.link.filename.endswith((".tar.gz", ".zip"))]
        if not archives:
            sys.exit(f"there is no source archive of {name} {version}")
        _store(session, archives[0], Path(folder))


def _store(session: Any, link: Any, folder: Path) -> None:
    """The bytes of an address as a file of the archive's name."""
    answer = session.get(link.url_without_fragment, stream=True, headers={"Accept-Encoding": "identity"})
    answer.raise_for_status()
    with (folder / Path(link.filename).name).open("wb") as file:
        for part in answer.iter_content(CHUNK):
            file.write(part)


if __name__ == "__main__":
    main(*sys.argv[1:])
