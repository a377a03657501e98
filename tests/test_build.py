"""Building with real cmake and ninja: flags, errors, sizes, and a toolset that is not there."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from syncer import foreign
from syncer.build.elf import measure, symbols_starting
from syncer.build.run import build
from syncer.build.tools import find_compiler_cache, find_sdk, find_toolset, missing_tools
from syncer.build.uf2 import uf2
from syncer.errors import Exit, SyncError
from syncer.files import file_digest
from syncer.model import BuildResult, Origin, Program
from syncer.port import Memory, Port, load_port

PORT = """
[port]
name = "toy"
[upstream]
name = "up"
url = "https://example.invalid/up"
[tree]
makefile = "Makefile"
downloads = "downloads"
goals = ["list"]
[build]
boards = ["toy"]
optimisation = "-O2"
toolchain = { prefix = "", minimum = "MINIMUM", packages = "gcc" }
cmake = { TOY = "1" }
[build.sdk]
name = "toysdk"
variable = "TOYSDK_PATH"
board_variable = "TOY_BOARD"
version = "1.2"
version_file = "version"
version_pattern = '(?:MAJOR|MINOR) (\\d+)'
[build.memories]
flash = [{ start = 0, length = 0x40000000 }]
[[firmware]]
name = "prog"
kind = "test"
sources = ["main.c"]
[publish]
branch = "sync/up"
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.20)
project(toy C)
if(NOT TOYSDK_PATH OR NOT TOY_BOARD STREQUAL "toy" OR NOT TOY)
  message(FATAL_ERROR "error: not told")
endif()
add_executable(prog main.c)
target_compile_options(prog PRIVATE FLAGS)
set_target_properties(prog PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/firmware OUTPUT_NAME prog.elf)
"""


class Toy:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.sdk = folder / "sdk"
        self.sdk.mkdir()
        (self.sdk / "version").write_text("MAJOR 1\nMINOR 2\n")
        monkeypatch.setenv("TOYSDK_PATH", str(self.sdk))
        self.tree = folder / "tree"
        self.tree.mkdir()
        self.write()

    def write(self, flags: str = "-O2", main: str = "int main(void) { return 0; }\n") -> None:
        (self.tree / "CMakeLists.txt").write_text(CMAKE.replace("FLAGS", flags))
        (self.tree / "main.c").write_text(main)

    def port(self, minimum: str = "4") -> Port:
        file = self.folder / "port" / "port.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(PORT.replace("MINIMUM", minimum))
        return load_port(file)


def programs(port: Port) -> list[Program]:
    return [Program(spec.name, spec.kind, spec.sources) for spec in port.toml.firmware]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    return Toy(tmp_path, monkeypatch)


def made(toy: Toy, port: Port) -> BuildResult:
    toolset = find_toolset(port.toml.build)
    return build(port, toolset, toy.tree, toy.folder / "out", programs(port))


def run(toy: Toy) -> BuildResult:
    return made(toy, toy.port())


def test_builds_and_measures(toy: Toy) -> None:
    port = toy.port()
    result = build(
        port, find_toolset(port.toml.build), toy.tree, toy.folder / "out", programs(port)
    )
    (firmware,) = result.firmware
    assert firmware.sha256 == file_digest(Path(firmware.elf)) != ""
    assert {".text", ".data"} <= {section.name for section in firmware.sections}
    assert firmware.flash > 0
    assert {tool.name for tool in result.tools} == {"gcc", "cmake", "ninja", "toysdk"}
    assert all(tool.version[0].isdigit() for tool in result.tools)
    assert "$ ninja" in Path(result.log).read_text()
    assert len(symbols_starting(Path(firmware.elf), "main")) == 1
    assert symbols_starting(Path(firmware.elf), "nothing_starts_so") == []


def test_a_compiler_error_is_shown(toy: Toy) -> None:
    toy.write(main="int main(void) { return nothing; }\n")
    with pytest.raises(SyncError, match="ninja failed with exit 1") as caught:
        run(toy)
    assert caught.value.exit is Exit.BUILD
    assert "main.c:1:" in caught.value.detail
    assert "nothing" in caught.value.detail


def test_a_build_that_hangs_is_stopped(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (toy.tree / "CMakeLists.txt").read_text()
    text += "add_custom_target(hang ALL COMMAND sleep 60)\n"
    (toy.tree / "CMakeLists.txt").write_text(text)
    monkeypatch.setattr("syncer.build.run._BUILD_SECONDS", 1)
    with pytest.raises(SyncError, match="ninja was killed; it may run for 1 s"):
        run(toy)


def test_steps_are_told(toy: Toy) -> None:
    port = toy.port()
    told: list[str] = []
    toolset = find_toolset(port.toml.build)
    build(port, toolset, toy.tree, toy.folder / "out", programs(port), told.append)
    assert told and told[-1].startswith("[") and "/" in told[-1]


def two_boards(toy: Toy, extra: str = "") -> Port:
    """A port with two boards; `extra` is CMake's for the library `more` of its programs."""
    file = toy.port().file
    text = file.read_text().replace('boards = ["toy"]', 'boards = ["toy", "second"]')
    text += '[[firmware]]\nname = "shown"\nkind = "example"\nsources = ["main.c"]\n'
    file.write_text(text)
    cmake = CMAKE.replace("FLAGS", "-O2").replace('TOY_BOARD STREQUAL "toy"', "TOY_BOARD")
    program = cmake[cmake.index("add_executable") :]
    cmake += program.replace("prog", "shown") + extra
    (toy.tree / "CMakeLists.txt").write_text(cmake)
    return load_port(file)


def test_other_boards_get_the_examples_only(toy: Toy) -> None:
    port = two_boards(toy)
    result = made(toy, port)
    built = [(firmware.name, firmware.board) for firmware in result.firmware]
    assert built == [("prog", "toy"), ("shown", "toy"), ("shown", "second")]
    said = Path(result.log).read_text()
    assert said.count("$ cmake") == said.count("$ ninja") == 2
    assert said.index("/out/toy") < said.index("$ ninja") < said.index("/out/second")


@pytest.mark.parametrize("wrong", ["toy", "second"])
def test_the_board_that_fails_has_the_last_word(toy: Toy, wrong: str) -> None:
    port = two_boards(
        toy,
        f"if(TOY_BOARD STREQUAL {wrong})\n"
        "  target_compile_definitions(shown PRIVATE int=no_such)\nendif()\n",
    )
    with pytest.raises(SyncError, match="ninja failed with exit 1") as caught:
        made(toy, port)
    assert "main.c:1:" in caught.value.detail
    last = (toy.folder / "out" / "build.log").read_text().rpartition("$ ")[2]
    assert last.startswith(f"ninja -C {toy.folder}/out/{wrong}") and "main.c:1:" in last
    # Each board is gone on with by itself.
    assert [firmware.name for firmware in made(toy, two_boards(toy)).firmware].count("shown") == 2


def test_boards_with_much_to_compile_wait_for_one_another(toy: Toy) -> None:
    launcher = toy.tree / "noted.sh"
    launcher.write_text('#!/bin/sh\ndate +%s%N >>times\n"$@"\ndate +%s%N >>times\n')
    launcher.chmod(0o755)
    files = [f"more{number}.c" for number in range(8)]
    for name in files:
        (toy.tree / name).write_text("static int unused;\n")
    extra = f"target_sources(shown PRIVATE {' '.join(files)})\n"
    extra += f'set_property(TARGET shown PROPERTY RULE_LAUNCH_COMPILE "{launcher}")\n'
    made(toy, two_boards(toy, extra))
    outs = [toy.folder / "out" / board for board in ("toy", "second")]
    first, second = ([*map(int, (out / "times").read_text().split())] for out in outs)
    assert len(first) == len(second) == 2 * (len(files) + 1)
    assert max(first) < min(second) or max(second) < min(first)


def upstream(name: str, *sources: str) -> Program:
    return Program(name, "test", sources, Origin.UPSTREAM)


def test_a_test_that_does_not_build_is_named_and_the_others_are_built(toy: Toy) -> None:
    (toy.tree / "tests").mkdir()
    names = ("good", "alone", "first", "second", "huge")
    for name in names:
        (toy.tree / f"{name}.c").write_text("int main(void) { return 0; }\n")
    (toy.tree / "alone.c").write_text("int main(void) { return nothing_here; }\n")
    (toy.tree / "huge.c").write_text("int missing(void);\nint main(void) { return missing(); }\n")
    (toy.tree / "shared.c").write_text("int shared = also_nothing;\n")
    (toy.tree / "tests" / "CMakeLists.txt").write_text(
        "add_library(shared_1 OBJECT ../shared.c)\n"
        "target_compile_options(shared_1 PRIVATE -O2)\n"
        + "".join(
            f"add_executable({name} ../{name}.c"
            + (" $<TARGET_OBJECTS:shared_1>)\n" if name in ("first", "second") else ")\n")
            + f"target_compile_options({name} PRIVATE -O2)\n"
            f"set_target_properties({name} PROPERTIES SUFFIX .elf)\n"
            for name in names
        )
    )
    cmake = (toy.tree / "CMakeLists.txt").read_text()
    cmake += "add_subdirectory(tests EXCLUDE_FROM_ALL)\n"
    (toy.tree / "CMakeLists.txt").write_text(cmake)
    port = toy.port()
    tests = [upstream(name, f"{name}.c") for name in names]
    tests[2:4] = [upstream(name, f"{name}.c", "shared.c") for name in ("first", "second")]
    wanted = [*programs(port), *tests]
    toolset = find_toolset(port.toml.build)
    result = build(port, toolset, toy.tree, toy.folder / "out", wanted)
    assert [firmware.name for firmware in result.firmware] == ["prog", "good"]
    reasons = {item.name: item.reason for item in result.unbuilt}
    assert list(reasons) == ["alone", "first", "second", "huge"]
    assert reasons["alone"].startswith("alone.c:1:")
    assert "'nothing_here' undeclared" in reasons["alone"]
    assert "'also_nothing' undeclared" in reasons["first"] == reasons["second"]
    assert "undefined reference to `missing'" in reasons["huge"]
    assert str(toy.tree) not in "".join(reasons.values())
    # What was built before is no answer for what cannot be built now.
    (toy.tree / "good.c").write_text("int main(void) { return gone; }\n")
    result = build(port, toolset, toy.tree, toy.folder / "out", wanted)
    assert [item.name for item in result.unbuilt] == ["good", "alone", "first", "second", "huge"]
    assert [firmware.name for firmware in result.firmware] == ["prog"]


def test_a_cmake_error_is_shown(toy: Toy) -> None:
    (toy.tree / "CMakeLists.txt").write_text("include(nowhere.cmake)\n")
    with pytest.raises(SyncError, match="cmake failed") as caught:
        run(toy)
    assert "nowhere.cmake" in caught.value.detail


@pytest.mark.parametrize("flags", ["-O3", "-O2 -O1", "-g"])
def test_another_optimisation_than_meant_is_refused(toy: Toy, flags: str) -> None:
    toy.write(flags=";".join(flags.split()))
    with pytest.raises(SyncError, match="would be compiled with .*, not -O2") as caught:
        run(toy)
    assert "main.c" in caught.value.message


def test_a_moved_sdk_is_not_mixed_with_the_old(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (toy.tree / "CMakeLists.txt").read_text()
    text += 'set(SEEN "${TOYSDK_PATH}" CACHE PATH "the first one seen")\n'
    text += 'if(NOT SEEN STREQUAL TOYSDK_PATH)\n  message(FATAL_ERROR "error: mixed")\nendif()\n'
    (toy.tree / "CMakeLists.txt").write_text(text)
    run(toy)
    moved = toy.folder / "moved"
    toy.sdk.rename(moved)
    monkeypatch.setenv("TOYSDK_PATH", str(moved))
    run(toy)


def test_a_firmware_that_no_target_makes(toy: Toy) -> None:
    text = (toy.tree / "CMakeLists.txt").read_text().replace("OUTPUT_NAME prog.elf", "")
    (toy.tree / "CMakeLists.txt").write_text(text)
    with pytest.raises(SyncError, match="firmware prog was not built"):
        run(toy)


def test_what_is_no_elf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prog.elf").write_bytes(b"\x7fELF and then nothing")
    spec = Program("prog", "test", ())
    with pytest.raises(SyncError, match="no ELF file"):
        measure(spec, "toy", tmp_path / "prog.elf", {"flash": (Memory(0, 1),)})


def test_a_toolchain_that_is_too_old(toy: Toy) -> None:
    with pytest.raises(SyncError, match=r"gcc is .*, needed is 99") as caught:
        find_toolset(toy.port("99").toml.build)
    assert caught.value.exit is Exit.ENVIRONMENT
    assert "apt-get install gcc" in caught.value.hint


def test_an_sdk_of_another_version(toy: Toy) -> None:
    (toy.sdk / "version").write_text("MAJOR 1\nMINOR 3\n")
    build_part = toy.port().toml.build
    assert find_sdk(build_part.sdk) is None
    (lack,) = missing_tools(build_part)
    assert "is 1.3; the port wants 1.2" in lack.what
    assert "TOYSDK_PATH" in lack.how


def test_no_sdk_and_no_tools(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOYSDK_PATH", str(toy.folder / "none"))
    monkeypatch.setenv("PATH", str(toy.folder))
    said = [lack.what for lack in missing_tools(toy.port().toml.build)]
    assert f"toysdk 1.2 was not found: TOYSDK_PATH is {toy.folder}/none" in "\n".join(said)
    assert "cmake is not installed" in said


def test_the_build_sees_nothing_secret(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    text = (toy.tree / "CMakeLists.txt").read_text()
    text += 'if(DEFINED ENV{SECRET_TOKEN})\n  message(FATAL_ERROR "error: leaked")\nendif()\n'
    (toy.tree / "CMakeLists.txt").write_text(text)
    run(toy)


def test_a_source_cannot_include_what_is_a_persons(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = toy.folder / "home" / ".ssh" / "id"
    secret.parent.mkdir(parents=True)
    secret.write_text('const char key[] = "s3cret"; error\n')
    monkeypatch.setenv("HOME", str(toy.folder / "home"))
    toy.write(main=f'#include "{secret}"\nint main(void) {{ return 0; }}\n')
    port = toy.port()
    toolset = find_toolset(port.toml.build)
    for sandbox in foreign.all_sandboxes()[0]:
        with pytest.raises(SyncError, match="ninja failed") as caught:
            build(port, toolset, toy.tree, toy.folder / "out", programs(port), sandbox=sandbox)
        assert ("s3cret" in caught.value.detail) != sandbox.protection.files


def test_the_result_says_what_held_the_build_back(toy: Toy) -> None:
    port = toy.port()
    toolset = find_toolset(port.toml.build)
    for sandbox in foreign.all_sandboxes()[0]:
        result = build(port, toolset, toy.tree, toy.folder / "out", programs(port), sandbox=sandbox)
        assert result.protection == sandbox.protection
    assert build(port, toolset, toy.tree, toy.folder / "out", programs(port)).protection == (
        foreign.choose().protection
    )


def test_results_are_kept_in_the_users_ccache(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("ccache") is None:
        pytest.skip("ccache is not installed")
    folder = toy.folder / "home" / "cache"
    monkeypatch.setenv("CCACHE_DIR", str(folder))
    monkeypatch.setenv("CCACHE_MAXSIZE", "7.0G")
    cache = find_compiler_cache()
    assert cache is not None and cache.folder == folder
    assert cache.environment == {"CCACHE_DIR": str(folder), "CCACHE_MAXSIZE": "7.0G"}
    run(toy)
    assert any(folder.rglob("*R"))  # a result's file
    folder.chmod(0o500)
    if os.getuid():  # to root every folder can be written
        assert find_compiler_cache() is None
    folder.chmod(0o700)


UF2_BLOCK = struct.Struct("<8I476sI")


def test_uf2_holds_every_byte_once(toy: Toy) -> None:
    port = toy.port()
    result = build(
        port, find_toolset(port.toml.build), toy.tree, toy.folder / "out", programs(port)
    )
    elf = Path(result.firmware[0].elf)
    data = uf2(elf, 0xE48BFF56)
    assert len(data) % 512 == 0
    memory: dict[int, int] = {}
    for number, block in enumerate(UF2_BLOCK.iter_unpack(data)):
        first, second, flags, address, size, index, count, family, payload, last = block
        assert (first, second, last) == (0x0A324655, 0x9E5D5157, 0x0AB16F30)
        assert (flags, size, index, count) == (0x2000, 256, number, len(data) // 512)
        assert family == 0xE48BFF56
        memory |= {address + n: byte for n, byte in enumerate(payload[:256])}
    with elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            start = segment["p_paddr"]
            assert bytes(memory[start + n] for n in range(segment["p_filesz"])) == segment.data()


def test_examples_are_written_as_uf2_for_the_boards_that_have_a_family(toy: Toy) -> None:
    file = toy.port().file
    text = file.read_text().replace('kind = "test"', 'kind = "example"')
    file.write_text(text.replace('boards = ["toy"]', 'boards = ["toy"]\nuf2 = { toy = 7 }'))
    port = load_port(file)
    result = build(
        port, find_toolset(port.toml.build), toy.tree, toy.folder / "out", programs(port)
    )
    (firmware,) = result.firmware
    assert firmware.uf2 == str(toy.folder / "out" / "examples" / "prog-toy.uf2")
    assert Path(firmware.uf2).read_bytes() == uf2(Path(firmware.elf), 7)
