"""The generated tree: what is in it, that it is the same each time, and what fails the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toy_port import COMPONENT, MAKEFILE, UPSTREAM, Toy

from syncer.errors import Exit, SyncError
from syncer.model import TreeResult
from syncer.tree.digest import tree_digest
from syncer.tree.generate import generate


def make(toy: Toy, folder: Path, port: Any = None, **states: Any) -> TreeResult:
    resolved, rebased = toy.at(**states)
    return generate(port or toy.port(), resolved, rebased, toy.repositories, folder)


def names(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_holds_what_is_listed_and_what_the_port_adds(toy: Toy, tmp_path: Path) -> None:
    result = make(toy, tmp_path / "work")
    tree = Path(result.path)
    assert names(tree) == {
        "LICENSE",
        "src/a.cc",
        "src/a.h",
        "bench/bench.cc",
        "third_party/lib/Source/c.c",
        "third_party/lib/LICENSE",
        "models/m_data.cc",
        "models/m_data.h",
        "port/clock.cc",
        "CMakeLists.txt",
    }
    assert result.by_component == {"up": 3, "lib": 1}
    assert (result.files, result.sources, result.headers) == (10, 3, 2)
    lines = (tree / "CMakeLists.txt").read_text().splitlines()
    assert lines[1:4] == ["port/clock.cc", "src/a.cc", "third_party/lib/Source/c.c"]
    assert lines[4] == "bench: bench/bench.cc models/m_data.cc"
    assert "84,70,76,51,8,9," in (tree / "models/m_data.cc").read_text()
    assert "g_m_size = 40;" in (tree / "models/m_data.h").read_text()


def test_same_inputs_same_bytes(toy: Toy, tmp_path: Path) -> None:
    one = make(toy, tmp_path / "one")
    two = make(toy, tmp_path / "two")
    assert one.digest == two.digest == tree_digest(tmp_path / "one" / "tree")
    changed = make(toy, tmp_path / "two", upstream={**UPSTREAM, "src/a.cc": b"int a = 1;\n"})
    assert changed.digest != one.digest


def test_an_unchanged_file_keeps_its_time(toy: Toy, tmp_path: Path) -> None:
    tree = Path(make(toy, tmp_path / "work").path)
    before = {name: (tree / name).stat().st_mtime_ns for name in ("src/a.cc", "src/a.h")}
    make(toy, tmp_path / "work", upstream={**UPSTREAM, "src/a.cc": b"int a = 1;\n"})
    assert (tree / "src/a.h").stat().st_mtime_ns == before["src/a.h"]
    assert (tree / "src/a.cc").stat().st_mtime_ns != before["src/a.cc"]


def test_a_component_that_contributes_nothing_fails(toy: Toy, tmp_path: Path) -> None:
    only_docs = {"Docs/big.md": b"#", "LICENSE": b"theirs\n"}
    with pytest.raises(SyncError, match="lists no file of lib") as caught:
        make(toy, tmp_path / "work", component=only_docs)
    assert caught.value.exit is Exit.BUILD
    port = toy.port('path = "lib"', 'path = "lib"\nlisted = false')
    assert make(toy, tmp_path / "work", port, component=only_docs).by_component["lib"] == 0


def test_anything_unexpected_on_stderr_fails(toy: Toy, tmp_path: Path) -> None:
    noisy = MAKEFILE.replace("skipping the download", "find: 'x': No such file")
    with pytest.raises(SyncError, match="said something unexpected") as caught:
        make(toy, tmp_path / "work", upstream={**UPSTREAM, "Makefile": noisy.encode()})
    assert "No such file" in caught.value.detail


@pytest.mark.parametrize(
    ("makefile", "said"),
    [
        (MAKEFILE + "$(error gone)\n", "exit 2"),
        (MAKEFILE.replace("third:", "fourth:"), "exit 2"),
        (MAKEFILE.replace("LICENSE", "LICENCE"), "lists LICENCE, which is no file"),
        (MAKEFILE.replace("LICENSE", "../../outside"), "which is no file of upstream's"),
        (MAKEFILE.replace("$(wildcard src/*.cc)", "").replace('*.c"', '*.x"'), "lists no source"),
    ],
)
def test_a_makefile_that_changed_its_ways(
    toy: Toy, tmp_path: Path, makefile: str, said: str
) -> None:
    with pytest.raises(SyncError) as caught:
        make(toy, tmp_path / "work", upstream={**UPSTREAM, "Makefile": makefile.encode()})
    assert said in caught.value.message
    assert caught.value.exit is Exit.BUILD


def test_make_sees_nothing_of_the_users_environment(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    leaking = MAKEFILE + "$(if $(SECRET_TOKEN),$(error leaked))\n"
    make(toy, tmp_path / "work", upstream={**UPSTREAM, "Makefile": leaking.encode()})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('exclude = ["*_test.cc"]', 'extra = ["gone/*.h"]', "nothing of upstream's matches"),
        ('sources = ["bench/bench.cc"', 'sources = ["bench/gone.cc"', "bench/gone.cc is neither"),
        ('from = "models/m.tflite"', 'from = "models/gone"', "upstream has no file models/gone"),
        ('to = "port"\n', 'to = "src/a.cc/.."\n', "must be a relative path"),
        ('from = "port/src"', 'from = "port/gone"', "there is no"),
        ('only = ["Source/*", "LICENSE"]', 'license = ["COPYING"]', "component.lib.license"),
    ],
)
def test_what_port_toml_names_must_be_there(
    toy: Toy, tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(SyncError) as caught:
        make(toy, tmp_path / "work", toy.port(old, new))
    assert said in caught.value.message + caught.value.detail


def test_own_files_do_not_silently_replace_upstreams(toy: Toy, tmp_path: Path) -> None:
    (toy.folder / "port" / "src" / "a.cc").write_text("int mine;\n")
    with pytest.raises(SyncError, match="puts src/a.cc where upstream has a file") as caught:
        make(toy, tmp_path / "work", toy.port('to = "port"\n', 'to = "src"\n'))
    assert "[[override]]" in caught.value.hint


def test_what_an_override_replaces_is_there_for_it_to_include(toy: Toy, tmp_path: Path) -> None:
    (toy.folder / "port" / "c.c").write_text("int mine;\n")
    theirs = toy.repositories["lib"].write_blob(COMPONENT["Source/c.c"])
    override = f"""[[override]]
component = "lib"
path = "Source/c.c"
source = "port/c.c"
shadows = "{theirs}"
original = "port/original/c.inc"
[tree]"""
    port = toy.port("[tree]", override)
    result = make(toy, tmp_path / "work", port, component={**COMPONENT, "Source/c.c": b"int m;\n"})
    tree = Path(result.path)
    assert (tree / "port/original/c.inc").read_bytes() == COMPONENT["Source/c.c"]
    assert "original" not in (tree / "CMakeLists.txt").read_text()


@pytest.mark.parametrize(
    ("text", "said"), [("{{ nothing }}", "'nothing' is undefined"), ("{% if %}", ".jinja:1")]
)
def test_a_broken_template_is_named(toy: Toy, tmp_path: Path, text: str, said: str) -> None:
    (toy.folder / "port" / "CMakeLists.txt.jinja").write_text(text)
    with pytest.raises(SyncError) as caught:
        make(toy, tmp_path / "work")
    assert "CMakeLists.txt.jinja" in caught.value.message
    assert said in caught.value.message


def test_a_failed_stage_leaves_the_old_tree(toy: Toy, tmp_path: Path) -> None:
    before = make(toy, tmp_path / "work")
    with pytest.raises(SyncError):
        make(toy, tmp_path / "work", component={"LICENSE": COMPONENT["LICENSE"]})
    assert tree_digest(Path(before.path)) == before.digest
