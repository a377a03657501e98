"""Arrays are taken from the tree that is there, and only where they are what would be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.port import Array
from syncer.tree.arrays import array_files
from syncer.tree.kept import all_arrays

MODEL = Array("models/a.tflite", "models/a_data", "g_a")
NUMBERS = Array("in/b_int8.csv", "in/b_data", "g_b", "csv", "int8_t")
CONTENT = {MODEL.from_: b"\x00\x01TFL3", NUMBERS.from_: b"1,-2,3\n"}


class Lab:
    """A tree and what upstream has; `made` says what was made in it, and not taken."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.content = dict(CONTENT)

    def arrays(self, *wanted: Array, known: bool = True) -> list[str]:
        """Have the arrays, put them into the tree; returns what was read for that."""
        read: list[str] = []

        def ids(path: str) -> str | None:
            return str(hash(self.content[path])) if known else None

        def content(array: Array) -> bytes:
            read.append(array.from_)
            return self.content[array.from_]

        files = all_arrays(wanted, ids, content, self.tree)
        assert files == {
            path: data
            for array in wanted
            for path, data in array_files(array, self.content[array.from_]).items()
        }
        for path, data in files.items():
            (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
            (self.tree / path).write_bytes(data)
        return read


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path)
    assert lab.arrays(MODEL, NUMBERS) == [MODEL.from_, NUMBERS.from_]
    return lab


def test_nothing_is_made_again_of_what_has_not_changed(lab: Lab) -> None:
    assert lab.arrays(MODEL, NUMBERS) == []
    assert lab.arrays(NUMBERS) == []
    assert lab.arrays(MODEL, NUMBERS) == [MODEL.from_]  # it was not wanted in between


def test_what_is_made_from_something_else_is_made_again(lab: Lab) -> None:
    lab.content[MODEL.from_] = b"\x02\x03TFL3"
    assert lab.arrays(MODEL, NUMBERS) == [MODEL.from_]
    assert lab.arrays(replace(MODEL, symbol="g_other"), NUMBERS) == [MODEL.from_]
    assert lab.arrays(MODEL, replace(NUMBERS, element="int32_t")) == list(CONTENT)


def test_another_way_to_make_them_makes_all_again(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "arrays.py"
    changed.write_text("# of another version\n")
    monkeypatch.setattr("syncer.tree.arrays.__file__", str(changed))
    assert lab.arrays(MODEL, NUMBERS) == list(CONTENT)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(file.read_bytes().replace(b"a", b"b")),
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b""),
    ],
    ids=["edited", "gone", "empty"],
)
@pytest.mark.parametrize("end", ["h", "cc"])
def test_a_file_that_is_not_as_it_was_made_is_not_taken(
    lab: Lab, damage: Callable[[Path], object], end: str
) -> None:
    damage(lab.tree / f"{MODEL.to}.{end}")
    assert lab.arrays(MODEL, NUMBERS) == [MODEL.from_]


@pytest.mark.parametrize("text", ["", "[1", "[]", '{"a": 1}'])
def test_without_a_list_all_are_made(lab: Lab, text: str) -> None:
    lab.tree.with_name("arrays.json").write_text(text)
    assert lab.arrays(MODEL, NUMBERS) == list(CONTENT)


def test_what_upstream_has_only_by_a_link_is_read_each_time(lab: Lab) -> None:
    assert lab.arrays(MODEL, known=False) == lab.arrays(MODEL, known=False) == [MODEL.from_]
