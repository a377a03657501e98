"""Symbols and sources that are read quickly are those that pyelftools reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from syncer.build.linked import read_program
from syncer.build.symtab import read_symbols
from syncer.build.units import code_ranges
from syncer.errors import Exit, SyncError

SOURCES = {
    "main.c": "extern int other(int); int unset; static int kept = 3; int apart(void);\n"
    "int main(void) { return other(kept++) + unset + apart(); }\n",
    "lib/other.cc": 'struct S { int a, b; }; static S s; extern "C" int other(int x)\n'
    "{ s.a += x; return s.a * s.b; }\n",
    # Another section, so that its unit has two ranges.
    "apart.c": '__attribute__((section(".text.apart"))) int apart(void) { return 1; }\n'
    "int beside(void) { return apart(); }\n",
}
HOST = ("gcc", "g++")
ARM = ("arm-none-eabi-gcc", "arm-none-eabi-g++", "-mcpu=cortex-m0plus", "-mthumb")
KINDS = {"STT_FUNC": "function", "STT_OBJECT": "object"}


@pytest.fixture(
    scope="module",
    params=[(HOST, "-gdwarf-5"), (HOST, "-gdwarf-4"), (ARM, "-gdwarf-5"), (ARM, "-gdwarf-4")],
    ids=lambda given: f"{given[0][0]} {given[1]}",
)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (c, cxx, *flags), debug = request.param
    folder = tmp_path_factory.mktemp("units")
    for name, text in SOURCES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        command = [cxx if name.endswith(".cc") else c, *flags, debug, "-O1", "-c", name]
        subprocess.run([*command, "-o", f"{Path(name).stem}.o"], cwd=folder, check=True)
    start = ["-nostartfiles", "-Wl,--entry=main"] if flags else []
    link = [c, *flags, *start, "main.o", "other.o", "apart.o", "-o", "program"]
    subprocess.run(link, cwd=folder, check=True)
    return folder / "program"


def test_symbols(program: Path) -> None:
    for file in (program, program.with_name("main.o")):
        with file.open("rb") as opened:
            image = ELFFile(opened)
            table = image.get_section_by_name(".symtab")
            assert isinstance(table, SymbolTableSection)
            found = list(read_symbols(image))
            wanted = [s for s in table.iter_symbols() if s["st_info"]["type"] in KINDS]
        assert "main" in {s.name for s in found}
        assert [(s.name, s.kind, s.value, s.size) for s in found] == [
            (s.name, KINDS[s["st_info"]["type"]], s["st_value"], s["st_size"]) for s in wanted
        ]
        assert [s.local for s in found] == [s["st_info"]["bind"] == "STB_LOCAL" for s in wanted]
        assert [s.defined for s in found] == [s["st_shndx"] != "SHN_UNDEF" for s in wanted]
        assert [s.section if s.placed else "" for s in found] == [
            s["st_shndx"] if isinstance(s["st_shndx"], int) else "" for s in wanted
        ]


def test_ranges_and_their_sources(program: Path) -> None:
    with program.open("rb") as opened:
        found = code_ranges(ELFFile(opened))
    wanted = []
    with program.open("rb") as opened:
        dwarf = ELFFile(opened).get_dwarf_info()
        table = dwarf.get_aranges()
        assert table
        for entry in table.entries:
            unit = dwarf.get_CU_at(entry.info_offset).get_top_DIE().attributes
            names = (unit[key].value.decode() for key in ("DW_AT_name", "DW_AT_comp_dir"))
            wanted.append((entry.begin_addr, entry.begin_addr + entry.length, *names))
    assert found == sorted(wanted)
    assert {source for _, _, source, _ in found} >= SOURCES.keys()


def test_a_damaged_table_is_said(program: Path, tmp_path: Path) -> None:
    data = bytearray(program.read_bytes())
    with program.open("rb") as opened:
        image = ELFFile(opened)
        index = next(i for i, s in enumerate(image.iter_sections()) if s.name == ".symtab")
        place = image["e_shoff"] + index * image["e_shentsize"] + (image.elfclass == 64) * 20 + 36
    data[place] = 1  # of a symbol's size
    broken = tmp_path / "broken"
    broken.write_bytes(data)
    with pytest.raises(SyncError, match=r"broken: cannot be read: \.symtab") as caught:
        read_program(broken, tmp_path)
    assert caught.value.exit is Exit.BUILD
