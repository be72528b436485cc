"""Forged model files, each with its name and the exact message that every door must answer it with.

`forged_models()` makes them all. The messages lie beside this file in forged_messages.json. Run this file as
a program to see which messages differ from what the loader says today; `--record` puts those on record, to be
read before they are kept.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import forged_containers
import forged_records

MESSAGES = Path(__file__).with_name("forged_messages.json")
FORGERIES = {**forged_containers.FORGERIES, **forged_records.FORGERIES}


class ForgedModel(NamedTuple):
    """A forged file.

    Args:
        name: what is wrong with it; its file must be called `<name>.striate`.
        data: its bytes.
        message: the exact text of the error.
    """

    name: str
    data: bytes
    message: str

    @property
    def file_name(self) -> str:
        """What the file must be called for the message to be right."""
        return f"{self.name}.striate"


def forged_models() -> Iterator[ForgedModel]:
    """All forged files, made one after the other."""
    messages = json.loads(MESSAGES.read_text(encoding="utf-8"))
    for name, make in FORGERIES.items():
        message = messages[name]
        for sign, names in lists().items():
            message = message.replace(sign, names)
        yield ForgedModel(name, make(), message)


def lists() -> dict[str, str]:
    """Lists of names in messages that grow with the package, by the sign that stands for them on record."""
    from striate.layers._table import LAYERS
    from striate.ops import ACTIVATIONS

    return {"{layers}": ", ".join(LAYERS), "{activations}": ", ".join(ACTIVATIONS)}


def main() -> None:
    """Print what the loader says of each file where that is not the message on record."""
    from striate.formats import load_model

    said = {}
    for name, make in FORGERIES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{name}.striate")
            path.write_bytes(make())
            try:
                load_model(path)
                said[name] = "it was loaded"
            except ValueError as error:
                said[name] = str(error)
        for sign, names in lists().items():
            said[name] = said[name].replace(names, sign)
    known = json.loads(MESSAGES.read_text(encoding="utf-8")) if MESSAGES.exists() else {}
    for name, message in said.items():
        if known.get(name) != message:
            print(f"--- {name}\n{message}\n")
    if "--record" in sys.argv:
        MESSAGES.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
