"""The other frameworks' sides are programs of their own environment and are not imported here."""

collect_ignore_glob = ["*_side.py"]
