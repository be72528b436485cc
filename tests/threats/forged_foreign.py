"""Forged files of other frameworks, each with its name and the exact message that must answer it.

The messages lie in forged_foreign_messages.json. Run this file as a program to see which differ from what the
reader says today; `--record` puts those on record, to be read before they are kept.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import forged_foreign_archives
import forged_foreign_hdf5
import forged_foreign_streams
import forged_foreign_texts

MESSAGES = Path(__file__).with_name("forged_foreign_messages.json")
FORGERIES = {
    **forged_foreign_streams.FORGERIES,
    **forged_foreign_archives.FORGERIES,
    **forged_foreign_texts.FORGERIES,
    **forged_foreign_hdf5.FORGERIES,
}


def written(folder, name, made):
    """Put a forgery into a folder, where its file or folder has its name; its path and its bytes in all."""
    path = Path(folder, name)
    if isinstance(made, bytes):
        path.write_bytes(made)
        return path, len(made)
    path.mkdir()
    for file, data in made.items():
        if isinstance(data, bytes):
            (path / file).write_bytes(data)
        else:
            (path / file).symlink_to(data.target)
    return path, sum(len(data) for data in made.values())


def main():
    """Print what the reader says of each where that is not the message on record."""
    from striate.formats import read_tensors

    said = {}
    for name, make in FORGERIES.items():
        with tempfile.TemporaryDirectory() as folder:
            path, _ = written(folder, name, make())
            try:
                read_tensors(path)
                said[name] = "it was read"
            except ValueError as error:
                said[name] = str(error)
    known = json.loads(MESSAGES.read_text(encoding="utf-8")) if MESSAGES.exists() else {}
    for name, message in said.items():
        if known.get(name) != message:
            print(f"--- {name}\n{message}\n")
    if "--record" in sys.argv:
        MESSAGES.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
