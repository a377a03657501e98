"""A changed file followed through a real build: compiled, linked, displaced, or lost on the way."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from syncer.build.effects import effects
from syncer.build.linked import read_program
from syncer.errors import Exit, SyncError
from syncer.files import file_digest
from syncer.model import BuildResult, Changed, Effect, Firmware
from syncer.port import FirmwareSpec, load_port
from syncer.stages import check_effects

PORT = load_port(Path(__file__).resolve().parents[1] / "ci/miniature/port.toml")
FILES = {
    "lib/a.c": '#include "a.h"\nint a(void) { return A; }\nint unused(void) { return 9; }\n',
    "lib/a.h": "#define A 1\nint a(void);\n",
    "lib/nobody.h": "int nobody;\n",
    "lib/b.c": "int b(void) { return 2; }\n",
    "lib/c.c": "int c(void) { return 3; }\n",
    "lib/table.c": "const int table[4] = {1, 2, 3, 4};\n",
    "lib/inline.cc": "inline int both(int x) { return x + 1; }\n"
    'extern "C" int (*one(void))(int) { return both; }\n',
    "lib/other.cc": "inline int both(int x) { return x + 1; }\n"
    'extern "C" int (*two(void))(int) { return both; }\n',
    "port/dup.c": "int dup;\n",
    "main.c": "int a(void); extern const int table[4];\n"
    "int (*one(void))(int); int (*two(void))(int);\n"
    "int main(void) { return a() + table[1] + (one() == two()); }\n",
    "test.c": "int a(void) { return 7; }\nint main(void) { return a(); }\n",
    "CMakeLists.txt": """\
cmake_minimum_required(VERSION 3.20)
project(toy C CXX)
add_compile_options(-ffunction-sections FLAGS "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")
add_link_options(-Wl,--gc-sections)
add_library(core STATIC port/dup.c lib/a.c lib/b.c lib/table.c lib/inline.cc lib/other.cc)
add_executable(bench main.c)
target_link_libraries(bench core)
set_target_properties(bench PROPERTIES LINKER_LANGUAGE CXX)
add_executable(test test.c)
target_link_libraries(test core)
""",
}
DISPLACING = {"port/dup.c": "int a(void) { return 4; }\n"}
EXPORT = "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"
NOTHING: Mapping[str, str] = {}
SPECS = (FirmwareSpec("bench", "benchmark", ("main.c",)), FirmwareSpec("test", "test", ("test.c",)))


class Toy:
    def __init__(self, folder: Path) -> None:
        self.tree, self.out = folder / "tree", folder / "out"

    def build(self, flags: str = "-g", files: Mapping[str, str] = NOTHING) -> Toy:
        """Build the tree, with some of its files replaced."""
        for name, text in (FILES | dict(files)).items():
            file = self.tree / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("FLAGS", flags))
        for command in (
            ["cmake", "-G", "Ninja", "-S", str(self.tree), "-B", str(self.out), EXPORT],
            ["ninja", "-C", str(self.out)],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        return self

    def effect(self, path: str) -> Effect:
        """Follow the file at `path`."""
        programs = [
            Firmware(spec.name, spec.kind, "host", str(elf), file_digest(elf), 0, 0)
            for spec in SPECS
            for elf in [self.out / spec.name]
        ]
        changed = Changed("lib", path, ("port/mine.c",), path, override=True)
        ninja = shutil.which("ninja") or ""
        (found,) = effects([changed], self.tree, self.out, ninja, programs, SPECS)
        return found


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return Toy(tmp_path_factory.mktemp("toy")).build()


def lost(effect: Effect) -> SyncError:
    with pytest.raises(SyncError) as caught:
        check_effects(PORT, BuildResult((), (), effects=(effect,)))
    assert caught.value.exit is Exit.BUILD
    assert "port/mine.c" in caught.value.message and effect.path in caught.value.message
    assert caught.value.hint
    return caught.value


def kept(effect: Effect) -> None:
    check_effects(PORT, BuildResult((), (), effects=(effect,)))


def test_a_source_is_compiled_and_linked(toy: Toy) -> None:
    effect = toy.effect("lib/a.c")
    kept(effect)
    assert effect.objects == 1
    # The test has a function of that name for its own purpose: no harm, since bench has ours.
    assert (effect.programs, effect.functions) == (("bench",), ("a", "unused"))
    program = read_program(toy.out / "bench", toy.tree)
    assert {f.name: f.source for f in program.functions}["a"] == "lib/a.c"
    assert "unused" not in {f.name for f in program.functions}


def test_a_header_takes_part_through_what_includes_it(toy: Toy) -> None:
    effect = toy.effect("lib/a.h")
    kept(effect)
    assert (effect.objects, effect.programs, effect.functions) == (1, ("bench",), ())
    assert (
        "no source that is compiled includes lib/nobody.h"
        in lost(toy.effect("lib/nobody.h")).message
    )


def test_a_source_that_no_target_compiles_is_lost(toy: Toy) -> None:
    assert "nothing is compiled of it" in lost(toy.effect("lib/c.c")).message


def test_a_source_that_no_program_uses_is_lost(toy: Toy) -> None:
    effect = toy.effect("lib/b.c")
    assert effect.objects == 1
    assert "no program has code of it" in lost(effect).message


def test_a_table_without_code_is_followed_by_its_name(toy: Toy) -> None:
    effect = toy.effect("lib/table.c")
    kept(effect)
    assert effect.programs == ("bench",)


def test_an_inline_function_may_come_from_any_file_that_has_it(toy: Toy) -> None:
    for path in ("lib/inline.cc", "lib/other.cc"):
        effect = toy.effect(path)
        kept(effect)
        assert effect.displaced == ()


def test_another_definition_that_was_linked_is_named(tmp_path: Path) -> None:
    """The archive's first member that has the function wins, and the linker says nothing. What
    an earlier build compiled does not count."""
    toy = Toy(tmp_path).build(files=DISPLACING)
    error = lost(toy.effect("lib/a.c"))
    assert "a in bench comes from port/dup.c" in error.message
    assert "Two files define it" in error.hint
    text = FILES["CMakeLists.txt"].replace(" lib/a.c", "")
    effect = toy.build(files=DISPLACING | {"CMakeLists.txt": text}).effect("lib/a.c")
    assert effect.objects == 0
    assert "nothing is compiled of it" in lost(effect).message


def test_a_header_takes_part_through_a_precompiled_one(tmp_path: Path) -> None:
    text = FILES["CMakeLists.txt"] + "target_precompile_headers(core PRIVATE lib/nobody.h)\n"
    nobody = {"CMakeLists.txt": text, "lib/nobody.h": "static inline int some(void) { return 1; }"}
    effect = Toy(tmp_path).build(files=nobody).effect("lib/nobody.h")
    kept(effect)
    assert effect.objects > 1
    assert effect.programs == ("bench",)


def test_without_debug_information_nothing_is_taken_for_granted(tmp_path: Path) -> None:
    toy = Toy(tmp_path).build(flags="-g0")
    with pytest.raises(SyncError, match="no debug information") as caught:
        toy.effect("lib/a.c")
    assert "-g" in caught.value.hint


@pytest.mark.parametrize("mapped", [[], ["-ffile-prefix-map=../tree=."]])
@pytest.mark.parametrize("absolute", [True, False])
def test_a_source_is_known_however_the_compiler_was_told_of_it(
    tmp_path: Path, mapped: list[str], absolute: bool
) -> None:
    tree, out = tmp_path / "tree", tmp_path / "out"
    for folder in (tree / "lib", out):
        folder.mkdir(parents=True)
    (tree / "lib/a.c").write_text("int main(void) { return 0; }\n")
    source = str(tree / "lib/a.c") if absolute else "../tree/lib/a.c"
    subprocess.run(["gcc", "-g", *mapped, source, "-o", "prog"], cwd=out, check=True)
    program = read_program(out / "prog", tree)
    assert {f.name: f.source for f in program.functions}["main"] == "lib/a.c"
