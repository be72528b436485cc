"""A stack machine that reads Python's object streams and can make nothing but data.

Nothing is looked up or imported by a name from the file. A name is compared with a table of what may be built
(tensors, arrays, ordered dictionaries); any other is refused before the next byte is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from striate.formats._entry_rules import printable
from striate.formats.foreign._effects import EFFECTS
from striate.formats.foreign._opcodes import OPCODES, REFUSED, TEXTUAL
from striate.formats.foreign._refusal import CODE_CURE, Misfit
from striate.formats.foreign._source import Source
from striate.formats.foreign._values import Named, Table

MAX_OPCODES = 500_000
STOP = ord(".")
_STEPS = {code: (one.read, EFFECTS[one.name]) for code, one in OPCODES.items() if code != STOP}
"""How each opcode is read, and what it does."""


@dataclass
class Machine:
    """The machine; one for each stream.

    Args:
        source: the stream. table: what it may name.
        stack: the values since the last mark. below: the stacks under it.
        memo: values that may be used again.
    """

    source: Source
    table: Table
    stack: list[Any] = field(default_factory=list)
    below: list[list[Any]] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def run(self) -> Any:
        """Obey the stream up to its STOP and return the one value it leaves.

        Raises:
            FormatError: it is no such stream, or it wants more than data.
        """
        source = self.source
        try:
            for _ in range(MAX_OPCODES):
                code = source.byte()
                if code == STOP:
                    return self._answer()
                if code not in _STEPS:
                    raise self._refusal(code)
                read, effect = _STEPS[code]
                effect(self, read(source))
        except Misfit as misfit:
            raise source.refusal(misfit.happened, misfit.expected, misfit.cure) from None
        raise source.refusal(f"the stream has more than {MAX_OPCODES} opcodes", "a stream of weights")

    def pop(self) -> Any:
        """The topmost value."""
        if not self.stack:
            raise Misfit("the stream takes a value where there is none", "a sound stream")
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        """The topmost value, which must be of that type; it stays."""
        if not self.stack or not isinstance(self.stack[-1], kind):
            found = type(self.stack[-1]).__name__ if self.stack else "nothing"
            raise Misfit(f"the stream fills {found} as if it were a {kind.__name__}", "a sound stream")
        return self.stack[-1]

    def pop_mark(self) -> list[Any]:
        """All values since the last mark."""
        if not self.below:
            raise Misfit("the stream goes back to a mark where there is none", "a sound stream")
        values, self.stack = self.stack, self.below.pop()
        return values

    def named(self, name: str) -> Named:
        """The entry of the table for a name from the file."""
        if name not in self.table.names:
            raise Misfit(f"it names the code {printable(name)}", self.table.meant, CODE_CURE)
        return Named(name, self.table.names[name])

    def _refusal(self, code: int) -> Misfit:
        """Why an opcode is not obeyed."""
        if code in REFUSED:
            return Misfit(f"the opcode {REFUSED[code]}", self.table.meant, CODE_CURE)
        if code in TEXTUAL:
            return Misfit(f"the opcode {TEXTUAL[code]} belongs to no binary stream", "protocol 2 or newer")
        return Misfit(f"the byte 0x{code:02x} is no opcode", "a sound stream")

    def _answer(self) -> Any:
        """The value that is left."""
        if len(self.stack) != 1 or self.below:
            raise Misfit("the stream does not end with exactly one value", "a sound stream")
        return self.stack.pop()
