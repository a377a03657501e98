"""The functions and objects of an ELF file's symbol table (System V ABI, chapter 4).

pyelftools finds the sections; its symbols are objects of objects, which is most of the time that
reading a program takes when each of thousands is looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal, NamedTuple

from elftools.common.exceptions import ELFParseError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

_LOCAL = 0
_KINDS: dict[int, Literal["object", "function"]] = {1: "object", 2: "function"}
_UNDEFINED, _RESERVED = 0, range(0xFF00, 0x10000)
# Of each symbol the name's place, st_info, st_shndx, st_value and st_size, in the order of each.
_ELF32, _ELF64 = ("IIIBxH", (0, 3, 4, 1, 2)), ("IBxHQQ", (0, 1, 2, 3, 4))


class Symbol(NamedTuple):
    """A function or an object. `value` of a Thumb function is odd; `section` is the index of the
    one that it lies in, where `placed` says that it lies in one."""

    name: str
    kind: Literal["object", "function"]
    local: bool
    section: int
    value: int
    size: int

    @property
    def defined(self) -> bool:
        return self.section != _UNDEFINED

    @property
    def placed(self) -> bool:
        """Not of another file, absolute or common."""
        return self.defined and self.section not in _RESERVED


def read_symbols(image: ELFFile) -> Iterator[Symbol]:
    """The functions and objects of .symtab, in its order; none where it was stripped.

    Raises:
        ELFError: the table is damaged.
    """
    table = image.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return
    form, order = _ELF32 if image.elfclass == 32 else _ELF64
    record = struct.Struct(("<" if image.little_endian else ">") + form)
    if table["sh_entsize"] != record.size:
        raise ELFParseError(f".symtab has symbols of {table['sh_entsize']} bytes")
    names = table.stringtable.data()
    for fields in record.iter_unpack(table.data()):
        at, info, section, value, size = (fields[index] for index in order)
        kind = _KINDS.get(info & 0xF)
        if kind:
            end = names.find(b"\0", at)
            name = names[at:end].decode("utf-8", "replace")
            yield Symbol(name, kind, info >> 4 == _LOCAL, section, value, size)
