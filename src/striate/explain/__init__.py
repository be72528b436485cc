"""Looking inside: every number has an address, and every explanation is checked."""

from striate.explain._reading import Reading, read

__all__ = ["Reading", "read"]
