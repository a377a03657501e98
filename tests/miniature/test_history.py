"""The miniature's history: the same commits everywhere, and in each what its name says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from history import Histories, build, checkout
from history_changes import (
    CMSIS_NN,
    DEPTHWISE,
    MATRIX,
    PROFILER,
    TFLITE_MICRO,
    WIDEN,
    Tree,
    replace,
)

SCRIPT = Path(__file__).parents[2] / "ci" / "miniature" / "history.py"
SCENARIOS = [change.name for change in TFLITE_MICRO if change.parent == "pin-bumped"]
PIN_FILE = "tensorflow/lite/micro/tools/make/ext_libs/cmsis_nn_download.sh"

# What the script prints. A change of any file of the miniature is a change of these, and then of
# the miniature port's lock.
COMMITS = """\
cmsis-nn base 0e548f31103d73b0d88b7e78ad432f8c05018ae2
cmsis-nn pin-bumped a7c5e04599aa7048e5441f3940c9d1d97e091d72
cmsis-nn renamed 9ea968cd47231ee33c86b10a44ca8d3d5d2dd3c8
cmsis-nn renamed-shadowed 6fe5e9fccd18db92ddaf90de8acfb4caf201372e
cmsis-nn deleted fcb00731519067b47e8381c699f0cc72b0354b07
cmsis-nn deleted-shadowed f5e691e069770d5c61d8fffb995a4d9d28d24d05
cmsis-nn shadowed-changed 3c5bb9e09e971bafce1668f107a46deb53f5d9d8
tflite-micro base dc94d4b80eb79bd6f02103370b2926e6b1a39e37
tflite-micro clean-move ab3d8400bf93eb02285725b4195428b2c49c7df9
tflite-micro source-added 1953a21a3c037de2e842a296ccdfd7db829c6b72
tflite-micro pin-bumped 832d21b67fd3423e21b8f185a0bbab189d411261
tflite-micro conflict a084f54f7c636699499b0e3f298ad8e49535fc38
tflite-micro absorbed 22e96ab65c037109adbc9f0c251c647eab121b34
tflite-micro renamed 239cfddde1f826f0e1dac24ee524ac8c2d654f0f
tflite-micro renamed-shadowed 35d6732371721d5324b1806e406e6818f1e2fe31
tflite-micro deleted a1e92c9406e7737403b223af61de27523e1f32af
tflite-micro deleted-shadowed 56d0a858aef811d75daf15db0797145c9d7d7aa2
tflite-micro shadowed-changed 2dd446febd828f6e1304813fc33282263c654d2f
tflite-micro signature-changed 9b22238fcc1529f3039d4525208c5ada5a728862
tflite-micro numerics-changed 7324dc041a1dcae35bd62d1515e5739103c277dd
tflite-micro slowdown f1efe3e6a2fe8ed494fb65573f1062267c503b68
tflite-micro test-fails 113f68c61e24328750ce20b96987b765d6af2271
tflite-micro test-unbuilt 252dbc4cc3928b4cd23fbead96a41aa8b9748f76
tflite-micro test-removed a3c1412d2c23ef4722b7b904cfd7dcb4f4059bd0
"""


def git(repository: Path, *arguments: str) -> str:
    run = subprocess.run(
        ("git", f"--git-dir={repository}", *arguments),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return run.stdout


def changed(repository: Path, old: str, new: str) -> list[str]:
    """`git diff --name-status` from one commit to another, with renames."""
    return git(repository, "diff", "-M", "--name-status", old, new).splitlines()


def pin(histories: Histories, tag: str) -> str:
    script = git(histories.tflite_micro, "show", f"{tag}:{PIN_FILE}")
    found = re.findall(r'^ZIP_PREFIX_NN="([0-9a-f]{40})"$', script, re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


def test_the_script_makes_the_same_commits_whatever_the_surroundings(tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text(
        "[user]\n\tname = Somebody\n[commit]\n\tgpgSign = true\n[tag]\n\tgpgSign = true\n"
        "[core]\n\tautocrlf = true\n[init]\n\tdefaultObjectFormat = sha256\n"
    )
    surroundings = {
        "HOME": str(tmp_path),
        "GIT_DIR": str(tmp_path / "elsewhere"),
        "GIT_COMMITTER_DATE": "2001-01-01T00:00:00",
        "TZ": "Asia/Tokyo",
        "PYTHONHASHSEED": "1",
    }
    run = subprocess.run(
        (sys.executable, str(SCRIPT), str(tmp_path / "made")),
        env={**os.environ, **surroundings},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout == COMMITS


def test_building_again_makes_the_same_commits(histories: Histories, tmp_path: Path) -> None:
    again = build(tmp_path)
    assert again.tags == histories.tags
    assert again.component_tags == histories.component_tags


def test_the_repositories_are_sound(histories: Histories) -> None:
    for repository in (histories.tflite_micro, histories.cmsis_nn):
        git(repository, "fsck", "--strict", "--no-dangling")
        assert git(repository, "symbolic-ref", "HEAD").strip() == "refs/heads/main"
        modes = {line.split()[0] for line in git(repository, "ls-tree", "-r", "main").splitlines()}
        assert modes <= {"100644", "100755"}


def test_main_is_a_line_through_its_tags(histories: Histories) -> None:
    main = git(histories.tflite_micro, "rev-list", "--reverse", "main").split()
    names = ("base", "clean-move", "source-added", "pin-bumped")
    assert main == [histories.tags[name] for name in names]
    component = git(histories.cmsis_nn, "rev-list", "--reverse", "main").split()
    assert component == [histories.component_tags[name] for name in ("base", "pin-bumped")]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_one_commit_after_main(histories: Histories, name: str) -> None:
    repository = histories.tflite_micro
    head = git(repository, "rev-parse", f"refs/heads/scenario/{name}").strip()
    assert head == histories.tags[name]
    assert git(repository, "rev-parse", f"{head}^").strip() == histories.tags["pin-bumped"]


@pytest.mark.parametrize("name", [change.name for change in TFLITE_MICRO])
def test_every_commit_pins_a_commit_of_the_component(histories: Histories, name: str) -> None:
    pinned = pin(histories, name)
    own = {scenario.name for scenario in CMSIS_NN}
    expected = name if name in own else "pin-bumped" if name in SCENARIOS else "base"
    assert pinned == histories.component_tags[expected]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("base", "clean-move", [f"M\t{PROFILER}"]),
        (
            "clean-move",
            "source-added",
            [f"A\ttensorflow/lite/micro/hexdump{end}" for end in (".cc", ".h", "_test.cc")],
        ),
        ("source-added", "pin-bumped", [f"M\t{PIN_FILE}"]),
        ("pin-bumped", "conflict", [f"M\t{PROFILER}"]),
        ("pin-bumped", "absorbed", [f"M\t{PROFILER}"]),
        ("pin-bumped", "renamed", [f"M\t{PIN_FILE}"]),
        ("pin-bumped", "shadowed-changed", [f"M\t{PIN_FILE}"]),
        ("pin-bumped", "numerics-changed", ["M\ttensorflow/lite/kernels/kernel_util.cc"]),
    ],
)
def test_what_changes_upstream(
    histories: Histories, old: str, new: str, expected: list[str]
) -> None:
    assert changed(histories.tflite_micro, old, new) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("renamed", [f"R100\t{WIDEN}\tSource/NNSupportFunctions/arm_s8_to_s16_with_offset.c"]),
        (
            "renamed-shadowed",
            [f"R100\t{DEPTHWISE}\tSource/ConvolutionFunctions/arm_depthwise_conv_s8_3x3.c"],
        ),
        ("deleted", ["M\tInclude/arm_nnsupportfunctions.h", f"D\t{WIDEN}"]),
        (
            "deleted-shadowed",
            [
                "M\tInclude/arm_nnfunctions.h",
                f"D\t{DEPTHWISE}",
                "M\tSource/ConvolutionFunctions/arm_depthwise_conv_wrapper_s8.c",
            ],
        ),
        ("shadowed-changed", [f"M\t{MATRIX}"]),
    ],
)
def test_what_changes_in_the_component(
    histories: Histories, name: str, expected: list[str]
) -> None:
    assert changed(histories.cmsis_nn, "pin-bumped", name) == expected


def test_main_leaves_the_component_files_of_a_port_alone(histories: Histories) -> None:
    files = {line.split("\t")[1] for line in changed(histories.cmsis_nn, "base", "pin-bumped")}
    assert files.isdisjoint({WIDEN, MATRIX, DEPTHWISE})


def test_conflict_is_in_the_line_that_absorbed_changes_too(histories: Histories) -> None:
    def removed(name: str) -> set[str]:
        diff = git(histories.tflite_micro, "diff", "-U0", "pin-bumped", name, "--", PROFILER)
        return set(re.findall(r"^-(?!--)(.*)$", diff, re.MULTILINE))

    assert (
        removed("conflict") == removed("absorbed") == {"  static constexpr int kMaxEvents = 4096;"}
    )


def test_checkout_puts_the_pinned_component_beside_the_tree(
    histories: Histories, tmp_path: Path
) -> None:
    tree = checkout(histories, "renamed", tmp_path / "tree")
    component = tree / "tensorflow/lite/micro/tools/make/downloads/cmsis_nn"
    assert (component / "Source/NNSupportFunctions/arm_s8_to_s16_with_offset.c").is_file()
    assert not (component / WIDEN).exists()
    assert os.access(tree / PIN_FILE, os.X_OK)
    assert (tree / "tensorflow/lite/micro/models/person_detect.tflite").stat().st_size > 100_000


def test_signature_changed_breaks_a_port_s_clock(histories: Histories, tmp_path: Path) -> None:
    clock = tmp_path / "micro_time.cc"
    clock.write_text(
        '#include "tensorflow/lite/micro/micro_time.h"\n'
        "namespace tflite {\n"
        "uint32_t ticks_per_second() { return 1000000; }\n"
        "uint32_t GetCurrentTimeTicks() { return 0; }\n"
        "}\n"
    )
    for tag, fits in (("pin-bumped", True), ("signature-changed", False)):
        tree = checkout(histories, tag, tmp_path / tag)
        compiler = ("g++", "-std=c++17", "-fsyntax-only", f"-I{tree}", str(clock))
        assert (subprocess.run(compiler, stderr=subprocess.DEVNULL).returncode == 0) is fits


def test_an_edit_that_does_not_fit_is_refused() -> None:
    tree: Tree = {"file": b"one two one"}
    for text in ("one", "three"):
        with pytest.raises(ValueError, match="instead of once"):
            replace(tree, "file", text, "four")
    replace(tree, "file", "two", "three")
    assert tree == {"file": b"one three one"}
