"""Which source each stretch of a program's code was compiled from, as its debug information says.

DWARF's .debug_aranges (DWARF 5, section 6.1.2) lead from an address to the compilation unit, and
the first entry of that names its source in full. pyelftools would read all of a unit's
abbreviations for that, one after the other in Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO, Any

from elftools.common.utils import struct_parse
from elftools.dwarf.abbrevtable import AbbrevDecl, AbbrevTable
from elftools.dwarf.structs import DWARFStructs
from elftools.elf.elffile import ELFFile

# A declaration of .debug_abbrev (DWARF 5, section 7.5.3): a code, then a tag, whether there are
# children, and each attribute's name and form (and value, if that is DW_FORM_implicit_const, 0x21)
# up to two zeros.
_LEB128 = rb"[\x80-\xff]*[\x00-\x7f]"
_ATTRIBUTE = rb"(?!\0\0)%b(?:\x21%b|(?!\x21)%b)" % ((_LEB128,) * 3)
_DECLARATION = re.compile(rb"(?!\0)(%b)(%b[\0\1](?:%b)*\0\0)" % (_LEB128, _LEB128, _ATTRIBUTE))


def code_ranges(image: ELFFile) -> list[tuple[int, int, str, str]]:
    """(start, end, source, folder) of all code that has debug information, sorted: the source's
    name as the compiler has it, and the folder that it was called in. What the linker dropped
    starts at 0 and is left out.

    Raises:
        ELFError, DWARFError: it is damaged.
    """
    dwarf = image.get_dwarf_info() if image.has_dwarf_info() else None
    table = dwarf.get_aranges() if dwarf else None
    if not dwarf or not table or not dwarf.debug_abbrev_sec:
        return []
    stream, known = dwarf.debug_abbrev_sec.stream, dict[bytes, AbbrevDecl]()
    stream.seek(0)
    data = stream.read()
    # Of the units that are looked at, the first entry is all that is asked for.
    dwarf.get_abbrev_table = (  # type: ignore[method-assign]
        lambda offset: _Abbreviations(dwarf.structs, stream, offset, data, known)
    )
    names: dict[int, tuple[str, str]] = {}
    found = []
    for entry in table.entries:
        if entry.begin_addr and entry.length:
            offset = entry.info_offset
            if offset not in names:
                unit = dwarf.get_CU_at(offset).get_top_DIE().attributes
                names[offset] = (_text(unit, "DW_AT_name"), _text(unit, "DW_AT_comp_dir"))
            found.append((entry.begin_addr, entry.begin_addr + entry.length, *names[offset]))
    return sorted(found)


def _text(attributes: Mapping[str, Any], name: str) -> str:
    return attributes[name].value.decode("utf-8", "replace") if name in attributes else ""


class _Abbreviations(AbbrevTable):
    """The table at `offset`, read as far as the declaration that is asked for; `known` has those
    of other tables, by their bytes without the code."""

    def __init__(
        self,
        structs: DWARFStructs,
        stream: IO[bytes],
        offset: int,
        data: bytes,
        known: dict[bytes, AbbrevDecl],
    ) -> None:
        self.structs, self.stream, self.offset = structs, stream, offset
        self.data, self.known = data, known

    def get_abbrev(self, code: int) -> AbbrevDecl:
        at = self.offset
        while declared := _DECLARATION.match(self.data, at):
            if _number(declared[1]) == code:
                if declared[2] not in self.known:
                    form = self.structs.Dwarf_abbrev_declaration
                    parsed = struct_parse(form, self.stream, declared.start(2))
                    self.known[declared[2]] = AbbrevDecl(code, parsed)
                return self.known[declared[2]]
            at = declared.end()
        return AbbrevTable(self.structs, self.stream, self.offset).get_abbrev(code)


def _number(leb128: bytes) -> int:
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(leb128))
