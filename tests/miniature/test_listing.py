"""The miniature's makefile lists files as upstream's does, also where that is a trap."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from history import DOWNLOADS, Histories, checkout

MICRO = "tensorflow/lite/micro"
MAKEFILE = f"{MICRO}/tools/make/Makefile"
COMPONENT = f"{DOWNLOADS}/cmsis_nn"
GOALS = (
    "list_library_sources",
    "list_library_headers",
    "list_third_party_sources",
    "list_third_party_headers",
)
OPTIMIZED = ("conv", "depthwise_conv", "fully_connected", "pooling", "softmax")


@dataclass(frozen=True)
class Lists:
    library_sources: list[str]
    library_headers: list[str]
    third_party_sources: list[str]
    third_party_headers: list[str]
    errors: str


def make(tree: Path, *variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (
            "make",
            "-s",
            "-f",
            MAKEFILE,
            *GOALS,
            "MICRO_LITE_BENCHMARKS=",
            "MICRO_LITE_INTEGRATION_TESTS=",
            *variables,
        ),
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
    )


def lists(tree: Path, *variables: str) -> Lists:
    run = make(tree, *variables)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.split("\n")
    assert len(lines) == len(GOALS) + 1  # one for each goal, and nothing after the last
    assert lines[-1] == ""
    sources, headers, others, other_headers = (line.split() for line in lines[:-1])
    return Lists(sources, headers, others, other_headers, run.stderr)


@pytest.fixture(scope="module")
def base(histories: Histories, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(histories, "base", tmp_path_factory.mktemp("base"))


@pytest.fixture
def tree(base: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(base, tmp_path / "tree"))


def test_reference_kernels(base: Path) -> None:
    found = lists(base)
    kernels = {f"{MICRO}/kernels/{name}.cc" for name in OPTIMIZED}
    assert kernels < set(found.library_sources)
    assert not any("cmsis_nn" in path for path in found.library_sources)
    assert found.third_party_sources == found.third_party_headers == []


def test_cmsis_nn_kernels_take_the_place_of_the_reference_ones(base: Path) -> None:
    reference = lists(base).library_sources
    optimized = lists(base, "OPTIMIZED_KERNEL_DIR=cmsis_nn").library_sources
    assert set(optimized) - set(reference) == {
        f"{MICRO}/kernels/cmsis_nn/{name}.cc" for name in OPTIMIZED
    }
    assert set(reference) - set(optimized) == {f"{MICRO}/kernels/{name}.cc" for name in OPTIMIZED}
    assert len(optimized) == len(reference)


def test_the_component_is_listed_whole(base: Path) -> None:
    found = lists(base, "OPTIMIZED_KERNEL_DIR=cmsis_nn")
    component = base / COMPONENT
    sources = [path.relative_to(base).as_posix() for path in (component / "Source").rglob("*.c")]
    headers = [path.relative_to(base).as_posix() for path in (component / "Include").rglob("*.h")]
    assert sorted(found.third_party_sources) == sorted(sources)
    assert sorted(found.third_party_headers) == sorted([*headers, f"{COMPONENT}/LICENSE"])
    assert found.errors == f"{COMPONENT} already exists, skipping the download.\n"
    assert f"{MICRO}/kernels/cmsis_nn/scratch.h" in found.library_headers


def test_a_target_has_files_of_its_own(base: Path) -> None:
    host = set(lists(base).library_sources)
    for architecture in ("cortex-m0plus", "project_generation"):
        target = set(
            lists(base, "TARGET=cortex_m_generic", f"TARGET_ARCH={architecture}").library_sources
        )
        assert target - host == {
            f"{MICRO}/cortex_m_generic/{name}.cc" for name in ("debug_log", "micro_time")
        }
        assert host - target == {f"{MICRO}/{name}.cc" for name in ("debug_log", "micro_time")}


def test_every_file_of_the_library_is_listed_once(base: Path) -> None:
    found = lists(base)
    assert len(set(found.library_sources)) == len(found.library_sources)
    files = {path.relative_to(base).as_posix() for path in (base / "tensorflow").rglob("*.*")}
    elsewhere = ("benchmarks/", "examples/", "cortex_m_generic/", "testing/", "tools/", "cmsis_nn/")
    elsewhere += ("integration_tests/", "testdata/")
    library = {path for path in files if not any(folder in path for folder in elsewhere)}
    sources = {path for path in library if path.endswith(".cc") and not path.endswith("_test.cc")}
    headers = {path for path in library if path.endswith(".h")}
    assert set(found.library_sources) == sources
    assert set(found.library_headers) == headers | {"LICENSE"}


def test_a_new_source_is_listed_and_its_test_is_not(histories: Histories, tmp_path: Path) -> None:
    added = checkout(histories, "source-added", tmp_path)
    found = lists(added)
    assert f"{MICRO}/hexdump.cc" in found.library_sources
    assert f"{MICRO}/hexdump.h" in found.library_headers
    assert f"{MICRO}/hexdump_test.cc" not in found.library_sources


def test_without_the_component_make_fails(tree: Path) -> None:
    shutil.rmtree(tree / COMPONENT)
    run = make(tree, "OPTIMIZED_KERNEL_DIR=cmsis_nn")
    assert run.returncode != 0
    assert run.stdout == ""
    assert "Something went wrong with the CMSIS-NN download" in run.stderr
    lists(tree)  # which only the optimised kernels mind


def test_with_an_empty_component_make_succeeds_and_lists_fewer_files(tree: Path) -> None:
    shutil.rmtree(tree / COMPONENT)
    (tree / COMPONENT).mkdir()
    found = lists(tree, "OPTIMIZED_KERNEL_DIR=cmsis_nn")
    assert found.third_party_sources == []
    assert found.third_party_headers == [f"{COMPONENT}/LICENSE"]
    assert f"{MICRO}/kernels/cmsis_nn/conv.cc" in found.library_sources
    assert "No such file or directory" in found.errors


def test_a_misspelt_kernel_folder_is_an_error(base: Path) -> None:
    run = make(base, "OPTIMIZED_KERNEL_DIR=cmsis")
    assert run.returncode != 0
    assert "Incorrect OPTIMIZED_KERNEL_DIR" in run.stderr
