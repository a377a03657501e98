"""Mistakes in a port's own files: each is told once, with file and key or line, and costs nothing
of what was there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from desk import Desk

from syncer.errors import Exit

pytestmark = pytest.mark.slow

PORT = "ci/miniature/port.toml"
LOCK = "ci/miniature/sync.lock"
QUEUE = "ci/miniature/patches"
PATCH = f"{QUEUE}/tflite-micro/0001-profiler-event-count.patch"
SERIES = f"{QUEUE}/tflite-micro/series"
TEMPLATE = "port/templates/README.md.jinja"

Spoil = Callable[[Desk], object]


@dataclass(frozen=True)
class Case:
    """A mistake, and what the message must hold. `until` is the last stage that may run."""

    name: str
    spoil: Spoil
    said: tuple[str, ...]
    exit: Exit = Exit.BAD_INPUT
    until: str = "rebase"
    upstream: str | None = "base"


def port(old: str, new: str) -> Spoil:
    return lambda desk: desk.change(PORT, old, new)


def put(path: str, data: str | bytes) -> Spoil:
    return lambda desk: desk.write(path, data)


def change(path: str, old: str, new: str) -> Spoil:
    return lambda desk: desk.change(path, old, new)


def text(desk: Desk, path: str) -> str:
    return (desk.root / path).read_text()


def as_folder(path: str) -> Spoil:
    def spoil(desk: Desk) -> None:
        (desk.root / path).unlink()
        (desk.root / path / "below").mkdir(parents=True)
        (desk.root / path / "below" / "file").write_text("")

    return spoil


def link_out(path: str) -> Spoil:
    """A symbolic link to a file outside of the port."""

    def spoil(desk: Desk) -> None:
        secret = desk.world.folder / "secret"
        secret.write_text("secret")
        (desk.root / path).unlink(missing_ok=True)
        (desk.root / path).symlink_to(secret)

    return spoil


NAME = 'name = "miniature"'
BUDGET = "benchmark_cycles = 2_000_000_000"
CONFLICT = "<<<<<<< HEAD\nformat = 1\n=======\nformat = 2\n>>>>>>> theirs\n"

PORT_FILE = [
    Case(
        "a key with a typo",
        port("goals = [", "gaols = ["),
        (PORT, "tree.gaols", "did you mean 'goals'"),
    ),
    Case(
        "a table with a typo",
        port("[publish]", "[publsih]"),
        (PORT, "publsih", "did you mean 'publish'"),
    ),
    Case(
        "an unknown key",
        port(NAME, NAME + '\ncolour = "red"'),
        (PORT, "port.colour: unknown key", "description"),
    ),
    Case("a wrong type", port(NAME, "name = 7"), (f"{PORT}:4: port.name", "not 7")),
    Case("a text for a table", port("[budget]", 'budget = "large"\n[budge]'), (PORT, "budget")),
    Case(
        "a table missing",
        port('[publish]\nbranch = "sync/tflite-micro"\nrepository = "example/miniature"\n', ""),
        (PORT, "[publish]", "missing"),
    ),
    Case("bad TOML", port("[publish]", "[publish"), (f"{PORT}:", "not valid TOML")),
    Case(
        "merge conflict markers",
        port("[publish]", "<<<<<<< HEAD\n[publish]"),
        ("conflict markers", f"{PORT}:"),
    ),
    Case(
        "Latin-1",
        lambda desk: desk.write(
            PORT, text(desk, PORT).replace("A miniature of", "Ein Müsterchen von").encode("latin-1")
        ),
        (f"{PORT}:5", "not UTF-8"),
    ),
    Case(
        "UTF-16", lambda desk: desk.write(PORT, text(desk, PORT).encode("utf-16")), (PORT, "UTF-16")
    ),
    Case(
        "a byte order mark",
        lambda desk: desk.write(PORT, b"\xef\xbb\xbf" + text(desk, PORT).encode()),
        (f"{PORT}:1", "byte order mark"),
    ),
    Case(
        "a control character",
        port('description = "A', 'description = "\\u0000A'),
        (PORT, "port.description", "control character"),
    ),
    Case("an empty file", put(PORT, ""), (PORT, "empty", "sync init")),
    Case("only comments", put(PORT, "# nothing yet\n"), (PORT, "empty", "sync init")),
    Case("binary", put(PORT, bytes(range(256))), (f"{PORT}:2", "UTF-8")),
    Case("a folder", as_folder(PORT), (PORT,)),
    Case(
        "a path that climbs out",
        port('folder = "ci/miniature/patches"', 'folder = "../patches"'),
        (PORT, "patches.folder", "stays inside"),
    ),
    Case(
        "an absolute path",
        port('from = "port/rp2040/src"', 'from = "/etc"'),
        (PORT, "tree.own", "stays inside"),
    ),
    Case(
        "a pattern that climbs out",
        port("include_dirs = [", 'extra = ["../../../*"]\ninclude_dirs = ['),
        (PORT, "tree.extra", "stays inside"),
    ),
    Case(
        "an absolute pattern",
        port("include_dirs = [", 'extra = ["/etc/*"]\ninclude_dirs = ['),
        (PORT, "tree.extra", "stays inside"),
    ),
    Case(
        "an include folder that climbs out",
        port('include_dirs = ["."', 'include_dirs = ["../.."'),
        (PORT, "tree.include_dirs", "stays inside"),
    ),
    Case(
        "a root without port.toml",
        port('root = "../.."', 'root = "patches"'),
        (PORT, "port.root", "does not hold"),
    ),
    Case(
        "no regular expression",
        port("'^tensorflow/\\S+/downloads", "'^(tensorflow/\\S+/downloads"),
        (PORT, "tree.expected_output", "regular expression"),
    ),
    Case(
        "a version pattern with a mistake",
        port("version_pattern = 'PICO_SDK_VERSION_(?:", "version_pattern = 'PICO_SDK_VERSION_("),
        (PORT, "build.sdk.version_pattern"),
    ),
    Case(
        "not a number",
        port("cycles = { percent = 2 }", "cycles = { percent = nan }"),
        (PORT, "gates.cycles.percent"),
    ),
    Case(
        "infinite",
        port("cycles = { percent = 2 }", "cycles = { percent = inf }"),
        (PORT, "gates.cycles.percent"),
    ),
    Case(
        "negative",
        port("cycles = { percent = 2 }", "cycles = { percent = -2 }"),
        (PORT, "gates.cycles.percent", "0 to 1000"),
    ),
    Case(
        "a budget of nothing",
        port(BUDGET, "benchmark_cycles = 0"),
        (PORT, "budget.benchmark_cycles", "at least 1"),
    ),
    Case("no boards", port('boards = ["pico", "pico2"]', "boards = []"), (PORT, "build.boards")),
    Case(
        "no goals",
        port(
            'goals = [\n    "list_library_sources",\n    "list_library_headers",\n'
            '    "list_third_party_sources",\n    "list_third_party_headers",\n]',
            "goals = []",
        ),
        (PORT, "tree.goals"),
    ),
    Case(
        "an option for a goal",
        port('    "list_library_sources",', '    "--eval=x:;rm",'),
        (PORT, "tree.goals"),
    ),
    Case(
        "an option for a variable",
        port(
            'MICRO_LITE_BENCHMARKS = "", MICRO_LITE_INTEGRATION_TESTS',
            '"--eval" = "x", MICRO_LITE_INTEGRATION_TESTS',
        ),
        (PORT, "tree.variables"),
    ),
    Case(
        "a generator that is not there",
        port("[build]\n", '[build]\ngenerator = "Xcode"\n'),
        (PORT, "build.generator", "Ninja"),
    ),
    Case(
        "no level of optimisation",
        port('optimisation = "-O3"', 'optimisation = "fast"'),
        (PORT, "build.optimisation"),
    ),
    Case(
        "a component twice",
        port(
            "[patches]",
            '[[component]]\nname = "cmsis_nn"\nurl = "https://x.invalid"\npath = "c"\n'
            'pin = { file = "a", pattern = "(b)" }\n[patches]',
        ),
        (PORT, "component.name", "twice"),
    ),
    Case(
        "an override of no component",
        lambda desk: desk.write(
            PORT, text(desk, PORT).replace('component = "cmsis_nn"', 'component = "cmsis_mm"', 1)
        ),
        (PORT, "override.component", "cmsis_mm"),
    ),
    Case(
        "an override that is not there",
        lambda desk: desk.write(
            PORT,
            text(desk, PORT).replace(
                'source = "port/rp2040/kernels/arm_nn_mat_mult_nt_t_s8.c"',
                'source = "port/rp2040/kernels/arm_nn.c"',
            ),
        ),
        ("port/rp2040/kernels/arm_nn.c", "No such file", PORT),
    ),
    Case(
        "an override through a link",
        link_out("port/rp2040/kernels/arm_depthwise_conv_s8.c"),
        ("arm_depthwise_conv_s8.c", "leads outside"),
    ),
    Case(
        "a pin that matches nothing",
        port("'^ZIP_PREFIX_NN", "'^ZIP_PREFIX_MM"),
        ("cmsis_nn", "cmsis_nn_download.sh", "ZIP_PREFIX_MM", "component.pin"),
    ),
    Case(
        "a pin file that is not there",
        port("ext_libs/cmsis_nn_download.sh", "ext_libs/cmsis_nn_fetch.sh"),
        ("cmsis_nn_fetch.sh", "component.pin"),
    ),
    Case(
        "a branch that is not there",
        port(
            'url = "https://miniature.invalid/tflite-micro"',
            'url = "https://miniature.invalid/tflite-micro"\nbranch = "mian"',
        ),
        ("'mian'", "Near it: main"),
        upstream=None,
    ),
]

LOCK_FILE = [
    Case("garbage", put(LOCK, b"\x00\xff garbage"), (f"{LOCK}:1", "git checkout")),
    Case("conflict markers", put(LOCK, CONFLICT), (f"{LOCK}:1", "conflict markers")),
    Case(
        "a newer format", put(LOCK, 'format = 9\n[anchors]\nx = "y"\n'), (LOCK, "format 9", "newer")
    ),
    Case("no format number", put(LOCK, 'format = "x"\n'), (LOCK, "format")),
    Case(
        "a commit that is none",
        put(LOCK, 'format = 1\n[commits]\n"tflite-micro" = "main"\n'),
        (LOCK, "commits.tflite-micro", "40"),
    ),
    Case(
        "an unknown commit",
        put(LOCK, 'format = 1\n[commits]\n"tflite-micro" = "' + "12" * 20 + '"\n'),
        (LOCK, "tflite-micro", "121212121212"),
    ),
    Case(
        "an unknown commit of a component",
        put(LOCK, 'format = 1\n[commits]\n"cmsis_nn" = "' + "12" * 20 + '"\n'),
        (LOCK, "cmsis_nn", "121212121212"),
    ),
    Case("an unknown key", put(LOCK, "format = 1\n[comits]\n"), (LOCK, "comits")),
    Case(
        "a negative figure",
        put(LOCK, 'format = 1\n[figures]\n"person_detection/cycles" = -1\n'),
        (LOCK, "figures"),
    ),
    Case("a folder", as_folder(LOCK), (LOCK, "Is a directory", "git checkout")),
]

HEAD = "From: A <a@b>\nDate: Mon, 5 Jan 2026 10:00:00 +0000\nSubject: [PATCH] x\n\n"
ABSENT = (
    HEAD + "---\ndiff --git a/gone/file.cc b/gone/file.cc\n"
    f"index {'1' * 40}..{'2' * 40} 100644\n"
    "--- a/gone/file.cc\n+++ b/gone/file.cc\n@@ -1 +1 @@\n-a\n+b\n"
)
OUTSIDE = (
    HEAD + "---\ndiff --git a/../out b/../out\nnew file mode 100644\n"
    f"index {'0' * 40}..{'7' * 40}\n--- /dev/null\n+++ b/../out\n@@ -0,0 +1 @@\n+x\n"
)

QUEUE_FILES = [
    Case(
        "no patch",
        put(PATCH, "hello\n"),
        (PATCH.split("/", 2)[2].split("/", 1)[1], "From:", "git format-patch"),
    ),
    Case("an empty patch", put(PATCH, ""), ("0001-profiler-event-count.patch", "From:")),
    Case("a binary patch", put(PATCH, bytes(range(256)) * 8), ("0001-profiler-event-count.patch",)),
    Case(
        "a cut patch",
        lambda desk: desk.write(PATCH, text(desk, PATCH)[:-80]),
        ("0001-profiler-event-count.patch:", "cut short"),
    ),
    Case(
        "CRLF",
        lambda desk: desk.write(PATCH, text(desk, PATCH).replace("\n", "\r\n")),
        ("0001-profiler-event-count.patch",),
    ),
    Case(
        "a patch for a missing file",
        put(PATCH, ABSENT),
        ("0001-profiler-event-count.patch", "gone/file.cc", "1" * 40),
    ),
    Case(
        "a patch that climbs out",
        put(PATCH, OUTSIDE),
        ("0001-profiler-event-count.patch:", "../out", "unsafe path"),
    ),
    Case(
        "a patch edited by hand",
        lambda desk: desk.write(PATCH, text(desk, PATCH).replace("\n+", "\n+ ", 3)),
        ("0001-profiler-event-count.patch",),
    ),
    Case(
        "a patch through a link",
        link_out(PATCH),
        ("0001-profiler-event-count.patch", "leads outside"),
    ),
    Case(
        "context where none is meant",
        port("context = 3", "context = 0"),
        ("0001-", "hunk 1", "quotes upstream's lines"),
    ),
    Case(
        "a negative context",
        port("context = 3", "context = -1"),
        (PORT, "patches.context", "at least 0"),
    ),
    Case(
        "a series that names what is missing",
        put(SERIES, "0001-profiler-event-count.patch\n0002-gone.patch\n"),
        (f"{SERIES}:2", "0002-gone.patch"),
    ),
    Case(
        "a series that names one twice",
        put(SERIES, "0001-profiler-event-count.patch\n# again\n0001-profiler-event-count.patch\n"),
        (f"{SERIES}:3", "listed twice"),
    ),
    Case(
        "a series that leaves one out",
        put(SERIES, "# none\n"),
        (SERIES, "0001-profiler-event-count.patch", "not listed"),
    ),
    Case(
        "a series that climbs out",
        put(SERIES, "../cmsis_nn/0001-widen-four-at-a-time.patch\n"),
        (f"{SERIES}:1", "beside it"),
    ),
    Case("a series that is binary", put(SERIES, b"\xff\xfe\x00"), (SERIES, "UTF")),
    Case("a series with conflict markers", put(SERIES, CONFLICT), (f"{SERIES}:1",)),
    Case("a series that is a folder", as_folder(SERIES), (SERIES, "folder")),
    Case("no series", lambda desk: (desk.root / SERIES).unlink(), (SERIES, "not listed")),
    Case(
        "patches of no component",
        put(f"{QUEUE}/cmsis-nn/series", ""),
        ("cmsis-nn", "belongs to no component", "cmsis_nn"),
    ),
    Case(
        "a file for a component's folder",
        lambda desk: (
            shutil.rmtree(desk.root / QUEUE / "cmsis_nn"),
            desk.write(f"{QUEUE}/cmsis_nn", ""),
        ),
        (f"{QUEUE}/cmsis_nn", "is a file"),
    ),
]

TREE_FILES = [
    Case(
        "a template with a mistake",
        change(TEMPLATE, "# {{ port.name }}", "# {{ port.name }"),
        (f"{TEMPLATE}:1",),
        until="tree",
    ),
    Case(
        "a name a template does not have",
        change(TEMPLATE, "{{ port.description }}.", "{{ port.colour }}"),
        (f"{TEMPLATE}:3", "colour"),
        until="tree",
    ),
    Case(
        "a template that does not compute",
        change(TEMPLATE, "{{ port.description }}.", "{{ port.name / 2 }}"),
        (f"{TEMPLATE}:3",),
        until="tree",
    ),
    Case(
        "a template that includes",
        change(TEMPLATE, "{{ port.description }}.", "{% include 'x' %}"),
        (f"{TEMPLATE}:3",),
        until="tree",
    ),
    Case(
        "an unknown filter",
        change(TEMPLATE, "{{ port.description }}.", "{{ port.name | shout }}"),
        (f"{TEMPLATE}:3", "shout"),
        until="tree",
    ),
    Case(
        "a template in Latin-1",
        lambda desk: desk.write(TEMPLATE, "# Ü\n".encode("latin-1")),
        (f"{TEMPLATE}:1", "UTF-8"),
        until="tree",
    ),
    Case(
        "no template",
        lambda desk: (desk.root / TEMPLATE).unlink(),
        (TEMPLATE, "tree.template"),
        until="tree",
    ),
    Case(
        "a template through a link", link_out(TEMPLATE), (TEMPLATE, "leads outside"), until="tree"
    ),
    Case(
        "an own file through a link",
        link_out("port/rp2040/src/extra.cc"),
        ("port/rp2040/src/extra.cc", "leads outside"),
        until="tree",
    ),
    Case(
        "no own folder",
        port('from = "port/rp2040/src"', 'from = "port/rp2040/source"'),
        (PORT, "tree.own", "port/rp2040/source"),
        until="tree",
    ),
    Case(
        "an own file in a file's place",
        port('to = "port/src"', 'to = "README.md"'),
        (PORT, "README.md"),
        until="tree",
    ),
    Case(
        "an array of nothing",
        port(
            'from = "tensorflow/lite/micro/models/keyword.tflite"',
            'from = "tensorflow/lite/micro/models/kw.tflite"',
        ),
        ("tree.array", "models/kw.tflite"),
        until="tree",
    ),
    Case(
        "an array of no image",
        port(
            'from = "tensorflow/lite/micro/examples/person_detection/testdata/person.bmp"',
            'from = "tensorflow/lite/micro/models/keyword.tflite"',
        ),
        ("keyword.tflite", "no BMP image", "tree.array"),
        until="tree",
    ),
    Case(
        "a benchmark's model that is none",
        port(
            '\nmodel = "tensorflow/lite/micro/models/keyword.tflite"',
            '\nmodel = "tensorflow/lite/micro/models/keyword_input.bin"',
        ),
        ("keyword_input.bin", "no TensorFlow Lite model", "benchmark.keyword.model"),
        until="tree",
    ),
    Case(
        "a benchmark's model that is gone",
        port(
            '\nmodel = "tensorflow/lite/micro/models/keyword.tflite"',
            '\nmodel = "tensorflow/lite/micro/models/kw.tflite"',
        ),
        ("upstream has no", "models/kw.tflite", "benchmark.keyword.model"),
        until="tree",
    ),
    Case(
        "an input of the wrong size",
        port(
            'inputs = ["tensorflow/lite/micro/models/keyword_input.bin"]',
            'inputs = ["tensorflow/lite/micro/models/gesture_input.bin"]',
        ),
        ("gesture_input.bin", "keyword.tflite takes", "benchmark.keyword.inputs"),
        until="tree",
    ),
    Case(
        "an input too many",
        port(
            'inputs = ["tensorflow/lite/micro/models/keyword_input.bin"]',
            'inputs = ["tensorflow/lite/micro/models/keyword_input.bin", "LICENSE"]',
        ),
        ("has 1 input,", "benchmark.keyword.inputs names 2"),
        until="tree",
    ),
    Case(
        "a pattern without a file",
        port("include_dirs = [", 'extra = ["tensorflow/*.hh"]\ninclude_dirs = ['),
        (PORT, "tree.extra", "*.hh"),
        until="tree",
    ),
    Case(
        "a firmware's source that is gone",
        port(
            '    "port/examples/hello_world.cc",\n',
            '    "port/examples/hallo_world.cc",\n',
        ),
        (PORT, "hallo_world.cc", "firmware"),
        until="tree",
    ),
    Case(
        "a goal that is gone",
        port('"list_library_headers",', '"list_library_heads",'),
        ("Makefile", "tree.goals"),
        Exit.BUILD,
        until="tree",
    ),
    Case(
        "a makefile that is gone",
        port(
            'makefile = "tensorflow/lite/micro/tools/make/Makefile"',
            'makefile = "tensorflow/lite/micro/tools/make/Makefil"',
        ),
        ("tools/make/Makefil", "tree.makefile"),
        until="tree",
    ),
    Case(
        "a component without its licence",
        port('name = "cmsis_nn"\nurl', 'name = "cmsis_nn"\nlicense = ["COPYING"]\nurl'),
        ("cmsis_nn", "COPYING", "license"),
        until="tree",
    ),
]


def cases(*tables: list[Case]) -> list[object]:
    return [pytest.param(case, id=case.name) for table in tables for case in table]


@pytest.mark.parametrize("case", cases(PORT_FILE, LOCK_FILE, QUEUE_FILES, TREE_FILES))
def test_a_mistake_is_told_and_costs_nothing(desk: Desk, case: Case) -> None:
    case.spoil(desk)
    spoiled = {path: path.read_bytes() for path in desk.inputs() if path.is_file()}
    ref = ("--upstream", case.upstream) if case.upstream else ()
    done = desk.run("roll", "--until", case.until, *ref)
    done.refused(case.exit, *case.said)
    assert desk.outputs() == desk.good
    assert {path: path.read_bytes() for path in desk.inputs() if path.is_file()} == spoiled
    if done.document:
        status = desk.run("status", "--port", str(desk.file))
        assert status.status == Exit.OK
        assert done.message in status.out
