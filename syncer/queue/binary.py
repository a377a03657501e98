"""Binary changes as git writes them (`GIT binary patch`).

Two hunks, forward and back, each `literal` (the content) or `delta` (made from the other side's),
deflated and in base 85: every line begins with the count of its bytes, A-Z for 1 to 26 and a-z for
27 to 52, and an empty line ends a hunk. gitformat-pack describes deltas.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

BEGIN = b"GIT binary patch\n"

_HEADER = re.compile(rb"(literal|delta) (\d+)\n")


class BinaryError(ValueError):
    """A hunk that is not one, or does not fit; `line` counts from the hunk's first."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class BinaryHunk:
    """One hunk: `data` is the content (`literal`) or a delta, inflated."""

    kind: str
    data: bytes

    def apply(self, base: bytes) -> bytes:
        """The content it makes of `base`. Raises BinaryError."""
        return self.data if self.kind == "literal" else _apply_delta(self.data, base)


def parse_hunk(lines: Sequence[bytes]) -> tuple[BinaryHunk, int]:
    """The hunk at the beginning of `lines`, and how many lines it takes, its empty one included.

    Raises:
        BinaryError: it is cut short, or its lines, size or compression are wrong.
    """
    header = _HEADER.fullmatch(lines[0]) if lines else None
    if header is None:
        raise BinaryError("not a binary hunk")
    packed = bytearray()
    for number, line in enumerate(lines[1:], 1):
        if line == b"\n":
            data = _inflate(bytes(packed), int(header[2]))
            return BinaryHunk(header[1].decode(), data), number + 1
        packed += _decode(line.rstrip(b"\n"), number)
    raise BinaryError("the binary hunk is cut short", len(lines))


def _decode(line: bytes, number: int) -> bytes:
    count = line[0] - 64 if line[:1].isupper() else line[0] - 70
    try:
        data = base64.b85decode(line[1:])
    except ValueError:
        raise BinaryError("not base 85", number) from None
    if not line[:1].isalpha() or len(data) != (count + 3) // 4 * 4:
        raise BinaryError("the line is cut short or too long", number)
    return data[:count]


def _inflate(packed: bytes, size: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed, size + 1)
    except zlib.error as error:
        raise BinaryError(f"cannot be inflated: {error}") from None
    if len(data) != size or not unpacker.eof:
        raise BinaryError(f"does not inflate to {size} bytes")
    return data


def _apply_delta(delta: bytes, base: bytes) -> bytes:
    """Copies from `base` (opcode's high bit set: its other bits say which bytes of offset and size
    follow) and insertions (the opcode is their length)."""
    try:
        base_size, at = _size(delta, 0)
        size, at = _size(delta, at)
        parts: list[bytes] = []
        while at < len(delta):
            code, at = delta[at], at + 1
            if code & 0x80:
                values = [0, 0]
                for bit in range(7):
                    if code >> bit & 1:
                        values[bit // 4] |= delta[at] << bit % 4 * 8
                        at += 1
                offset, count = values[0], values[1] or 0x10000
                if offset + count > len(base):
                    raise BinaryError("the delta copies from outside its base")
                parts.append(base[offset : offset + count])
            else:
                parts.append(delta[at : at + code])
                at += code
    except IndexError:
        raise BinaryError("the delta is cut short") from None
    result = b"".join(parts)
    if base_size != len(base) or len(result) != size:
        raise BinaryError("the delta does not fit its base")
    return result


def _size(delta: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, at = delta[at], at + 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at
