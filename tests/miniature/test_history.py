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
cmsis-nn base b88f5e9454285e8b3a3cb34275b43892bcee1cba
cmsis-nn pin-bumped a9a95a770faf96e9d933ef7e028fb8d262e053c5
cmsis-nn renamed 6e75747775fd78c1cd2669e1337a38f0e0d13c65
cmsis-nn renamed-shadowed 25e6aa71d2b18221fd412614e1a28a06e6868e21
cmsis-nn deleted 2b619eea70a3966ca50b0fe43b0020418979d930
cmsis-nn deleted-shadowed 7b5135378a35d5afd2cdd57e22c40e53fe4e6a68
cmsis-nn shadowed-changed d83d9a1c906d93f8989e4aa7dcf0c95006ab8a91
tflite-micro base 904df1d591d4fe804acfb3c0e85e1ac5fd487fa7
tflite-micro clean-move 2321a949b25e01097c65cd7de083efb70560ed3a
tflite-micro source-added 01563bc63c8f119e38b8ca99c7b8cd5ff4a2d865
tflite-micro pin-bumped b1e07f30ff10db7875e94963590bc6357595e06e
tflite-micro conflict 9ef03b0f558d640bd60d8221be98364490f3d9a4
tflite-micro absorbed 01910dd61bc2dc0d40d3a9b33f7e414c7dc4c55c
tflite-micro renamed 4fe3c3c2ff96e83bbc38ec14122ed528047da528
tflite-micro renamed-shadowed 29969c6b971a9b457b1eb742a204a0d30825aa8c
tflite-micro deleted 351260525d1baaefbd8f7c78b44f359ca07c7efd
tflite-micro deleted-shadowed 7225ae6c130b74f3b6938bad5f62d00b00616f3c
tflite-micro shadowed-changed 05c28909987be9dc0f8977a55f869a7fc08ae7a8
tflite-micro signature-changed b65141ce40acd75972d8220f4edd00bef05a27c0
tflite-micro numerics-changed f2697c3960b27e5c43dc9ae353c679159a8120b4
tflite-micro slowdown a3e30d3d0d241ba73323e9e9affc436fde17adf0
tflite-micro test-fails 85bbe423a58d7b5bba6a2be59fefc4d600f24549
tflite-micro test-unbuilt 4ab11855bcdfd778cfbf4cf8b5e414db1489071f
tflite-micro test-removed af04d180de06550250917eeb7736a80ec8bd77e6
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
