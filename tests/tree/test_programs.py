"""Upstream's tests in the generated tree: its makefile is asked, and none is lost silently."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import pytest
from toy_port import COMPONENT, MAKEFILE, UPSTREAM, Toy

from syncer.errors import Exit, SyncError
from syncer.model import Origin, Program, TreeResult
from syncer.port import Port, load_port
from syncer.tree.generate import generate

# Upstream's own macro makes arrays as soon as a program is declared: here it fails if it is used.
TESTS = (
    MAKEFILE
    + """\
define program
$(error $(1): arrays would be made while the makefile is read)
endef
EMPTY :=
MORE := more.inc
include $(MORE)
ifneq ($(EMPTY),)
$(eval $(call program,never_test,t/a_test.cc))
endif
"""
)
MORE = """\
$(eval $(call program,a_test,t/a_test.cc t/help.cc,t/help.h,models/m.tflite))
$(eval $(call program,b_test,t/b_test.cc \\
  t/help.cc downloads/lib/Source/d.c,t/gone.h))
b_test_LOCAL_SRCS += t/b_more.cc
$(eval $(call program,run_it,t/a_test.cc,,models/none.tflite))
"""
UP = {path: data for path, data in UPSTREAM.items() if path != "src/a_test.cc"} | {
    "Makefile": TESTS.encode(),
    "more.inc": MORE.encode(),
    "t/a_test.cc": b'#include "up/testing/micro_test.h"\n#include "models/m_model_data.h"\n',
    "t/b_test.cc": b'  #  include "t/help.h"\n#include "none.h"\n#include <system.h>\n',
    "t/b_more.cc": b'#include "Source/d.h"\n',
    "t/help.cc": b'#include "help.h"\n',
    "t/help.h": b'#include "t/deep.h"\n#include "src/a.h"\n',
    "t/deep.h": b'#include "t/help.h"\n#include "../../../etc/hosts"\n',
    "src/a.h": b'#include "deep/unlisted.h"\n',
    "deep/unlisted.h": b"\n",
    "src/lonely_test.cc": b"\n",
    "up/testing/micro_test.h": b"\n",
}
LIB = COMPONENT | {"Source/d.c": b"int d;\n", "Source/d.h": b"\n"}
TEST_TABLE = '[test]\nmacro = "program"\nvariables = { ANY = "thing" }\n[publish]'
TEMPLATE = """\
{% for test in tests %}
{{ test.name }}: {{ test.sources | join(" ") }}
{% endfor %}
shared: {{ shared_sources | join(" ") }}
library: {{ sources | join(" ") }}
without: {{ precompiled.without | join(" ") }}
"""


def port_of(toy: Toy, old: str = "[publish]", new: str = TEST_TABLE) -> Port:
    (toy.folder / "port" / "CMakeLists.txt.jinja").write_text(TEMPLATE)
    return toy.port(old, new)


def make(
    toy: Toy, port: Port | None = None, more: str = MORE, **files: bytes | None
) -> tuple[TreeResult, Path]:
    upstream: dict[str, bytes] = UP | {"more.inc": more.encode()}
    for name, data in files.items():
        path = name.replace("__", "/").replace("_dot_", ".")
        if data is None:
            del upstream[path]
        else:
            upstream[path] = data
    resolved, rebased = toy.at(upstream, LIB)
    port = port or port_of(toy)
    result = generate(port, resolved, rebased, toy.repositories, toy.folder / "work")
    return result, Path(result.path)


def failure(toy: Toy, port: Port | None = None, more: str = MORE, **files: bytes | None) -> str:
    with pytest.raises(SyncError) as caught:
        make(toy, port, more, **files)
    assert caught.value.exit is (Exit.BUILD if port is None else caught.value.exit)
    return f"{caught.value.message}\n{caught.value.hint}"


def test_tests_are_found_and_are_whole(toy: Toy) -> None:
    result, tree = make(toy)
    assert result.programs == (
        Program("bench", "benchmark", ("bench/bench.cc", "models/m_data.cc")),
        Program(
            "a_test",
            "test",
            ("t/a_test.cc", "t/help.cc", "models/m_model_data.cc"),
            Origin.UPSTREAM,
        ),
        Program(
            "b_test",
            "test",
            ("t/b_test.cc", "t/help.cc", "third_party/lib/Source/d.c", "t/b_more.cc"),
            Origin.UPSTREAM,
            cases=False,
        ),
    )
    assert result.undeclared == ("src/lonely_test.cc",)
    there = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    # What they include comes along, as far as upstream has it; the library's own lists stand.
    for path in (
        "t/help.h",
        "t/deep.h",
        "up/testing/micro_test.h",
        "third_party/lib/Source/d.h",
    ):
        assert path in there, path
    assert "deep/unlisted.h" not in there and "src/lonely_test.cc" not in there
    for program in result.programs:
        assert there.issuperset(program.sources)
    array = (tree / "models/m_model_data.h").read_text()
    assert "g_m_model_data_size = 40;" in array
    assert "extern const unsigned char g_m_model_data[];" in array
    lines = (tree / "CMakeLists.txt").read_text().splitlines()
    assert lines[0] == "a_test: t/a_test.cc t/help.cc models/m_model_data.cc"
    assert lines[2] == "shared: t/help.cc"
    assert lines[3] == "library: port/clock.cc src/a.cc third_party/lib/Source/c.c " + (
        "third_party/lib/Source/d.c"  # the library's too, as upstream lists it
    )


def test_without_a_test_table_nobody_is_asked(toy: Toy) -> None:
    result, _ = make(toy, toy.port(), more="$(error not to be read)\n", Makefile=MAKEFILE.encode())
    assert [program.name for program in result.programs] == ["bench"]
    assert result.undeclared == ()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (MORE.replace("t/help.cc,t", "t/helpers.cc,t"), "a_test needs t/helpers.cc"),
        (MORE.replace("m.tflite", "n.tflite"), "test a_test needs models/n.tflite"),
        (MORE.replace("m.tflite", "../../x.tflite"), "needs models/../../x.tflite, which is not"),
        (MORE.replace(",t/b_test.cc", ",").replace("LOCAL_SRCS", "X"), "downloads/lib"),
        (MORE.replace("b_test,", "b_test:,"), "test 'b_test:' is declared with"),
        ("$(eval $(call program,c_test,,t/help.h))\n", "'c_test' is declared with 0 sources"),
        (MORE.replace("models/m.tflite", "src/a.h"), "no C array can be made of a .h file"),
        (MORE.replace("_test,", "_check,"), "declares 3 programs by program, and no test"),
        (MORE.replace("program", "microlite_test"), "declares 0 programs by program, and no test"),
        (MORE + "$(error away)\n", "exit 2"),
        (MORE + "$(shell echo odd >&2)\n", "said something unexpected"),
    ],
)
def test_what_upstream_declares_must_be_there(toy: Toy, more: str, said: str) -> None:
    if said == "downloads/lib":  # a source less, and a whole test all the same
        result, _ = make(toy, more=more)
        assert len(result.programs[2].sources) == 2
        return
    assert said in failure(toy, more=more)


def test_a_makefile_that_is_not_read_to_its_end_is_noticed(toy: Toy) -> None:
    over = TESTS + "sync_programs:\n\t@echo instead\n"
    said = failure(toy, Makefile=over.encode())
    assert "said something unexpected" in said or "was not read to its end" in said


def test_the_variables_of_the_call_are_the_tables_own(toy: Toy) -> None:
    port = port_of(toy, new=TEST_TABLE.replace('ANY = "thing"', 'EMPTY = "no"'))
    names = [program.name for program in make(toy, port)[0].programs]
    assert names == ["bench", "a_test", "b_test", "never_test"]


def test_names_say_which_programs_are_tests(toy: Toy) -> None:
    port = port_of(toy, new=TEST_TABLE.replace("variables", 'names = ["b_*"]\nvariables'))
    assert [program.name for program in make(toy, port)[0].programs] == ["bench", "b_test"]


def test_a_test_named_like_one_of_the_ports_programs(toy: Toy) -> None:
    names = TEST_TABLE.replace("variables", 'names = ["bench"]\nvariables')
    said = failure(
        toy, port_of(toy, new=names), more=MORE.replace("run_it", "bench").replace("none.", "m.")
    )
    assert "upstream has a test 'bench'" in said


def test_one_more_upstream_is_picked_up_by_itself(toy: Toy) -> None:
    more = MORE + "$(eval $(call program,c_test,t/c_test.cc))\n"
    result, tree = make(toy, more=more, t__c_test_dot_cc=b"int c;\n")
    assert [program.name for program in result.programs][1:] == ["a_test", "b_test", "c_test"]
    assert (tree / "t/c_test.cc").is_file()
    fewer, tree = make(toy)
    assert "c_test" not in [program.name for program in fewer.programs]
    assert not (tree / "t/c_test.cc").exists()


def recording(frames: int, channels: int = 1, width: int = 2) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(16_000)
        samples = [(-1) ** n * n for n in range(frames * channels)]
        kind = {1: "B", 2: "h"}[width]
        file.writeframes(
            struct.pack(f"<{len(samples)}{kind}", *map(abs, samples) if width == 1 else samples)
        )
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "declared", "values"),
    [
        ("data/x_int16.csv", b"1,-2, 3\r\n4,5\n", "int16_t g_x_int16_test_data", "1,-2,3"),
        ("data/x_int8.csv", b"-128", "int8_t g_x_int8_test_data", "-128"),
        ("data/x_int32.csv", b"7", "int32_t g_x_int32_test_data", "7"),
        ("data/x.csv", b"1.5,-2e-3,.25", "float g_x_test_data", "1.5,-2e-3,.25"),
        ("data/x.wav", recording(3), "int16_t g_x_audio_data", "0,-1,2"),
        ("data/x.wav", recording(2, 2), "int16_t g_x_audio_data", "0,-1,2,-3"),
    ],
)
def test_inputs_become_the_arrays_that_upstream_makes(
    toy: Toy, name: str, data: bytes, declared: str, values: str
) -> None:
    files = {name.replace("/", "__").replace(".", "_dot_"): data}
    result, tree = make(toy, more=MORE.replace("models/m.tflite", name), **files)
    header = next(path for path in result.programs[1].sources if path.startswith("data/"))
    text = (tree / header).read_text()
    assert f"alignas(16) const {declared}[] = {{\n{values}}};" in text
    size = 2 if name.endswith(".wav") and len(values) > 6 else values.count(",") + 1
    assert f"_size = {size};" in (tree / header.replace(".cc", ".h")).read_text()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("data/x.csv", b"1,two", "data/x.csv: its first line is no list of numbers"),
        ("data/x.csv", b"1;2", "is no list of numbers"),
        ("data/x.csv", b'1,"};', "is no list of numbers"),
        ("data/x.wav", b"RIFF", "data/x.wav: no WAV recording"),
        ("data/x.wav", recording(3, width=1), "samples of 16 bits are needed"),
        ("data/x.bmp", b"BM", "data/x.bmp: no BMP image"),
    ],
)
def test_inputs_that_are_not_what_they_are_called(
    toy: Toy, name: str, data: bytes, said: str
) -> None:
    files = {name.replace("/", "__").replace(".", "_dot_"): data}
    with pytest.raises(SyncError) as caught:
        make(toy, more=MORE.replace("models/m.tflite", name), **files)
    assert said in caught.value.message


def test_sources_without_a_precompiled_header_are_named(toy: Toy) -> None:
    table = 'precompiled = ["src/a.h"]\ninclude_dirs = ["."'
    port_of(toy)  # for its template
    port = toy.port('include_dirs = ["."', table)
    file = port.file
    file.write_text(file.read_text().replace("[publish]", TEST_TABLE))
    _, tree = make(toy, load_port(file))
    without = (tree / "CMakeLists.txt").read_text().splitlines()[4]
    assert without == (
        "without: models/m_model_data.cc port/clock.cc src/a.cc t/a_test.cc t/b_more.cc"
    )
    said = failure(toy, load_port(file), src__a_dot_h=None)
    assert "tree.precompiled: there is no src/a.h" in said
