"""Two repositories with a history: a miniature of tflite-micro and of the cmsis-nn it pins.

`python ci/miniature/history.py FOLDER` makes FOLDER/tflite-micro.git and FOLDER/cmsis-nn.git, both
bare, and prints their tags. The files come from upstream/ and component/ beside this script, the
models and images from models.py, what happens to them from history_changes.py. Dates and authors
are fixed, so every commit has the same id everywhere.

`main` is linear, with the tags base, clean-move, source-added and pin-bumped. Each scenario is a
tag, and a branch scenario/NAME, one commit further.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from history_changes import CMSIS_NN, MICRO, NO_PIN, PIN_FILE, TFLITE_MICRO, Change, Tree, replace
from models import write_images, write_inputs, write_models, write_sine

HERE = Path(__file__).parent
MODELS = f"{MICRO}/models"
SINE = f"{MICRO}/examples/hello_world/models"
IMAGES = f"{MICRO}/examples/person_detection/testdata"
DOWNLOADS = f"{MICRO}/tools/make/downloads"

AUTHOR = "Miniature <miniature@example.invalid>"
FIRST_COMMIT = 1_767_607_200  # 2026-01-05 10:00 UTC; the others follow a day apart
DAY = 86_400
IGNORED = frozenset({"__pycache__", "downloads", "gen"})  # what using the trees leaves behind


@dataclass(frozen=True)
class Histories:
    """The bare repositories and the commit of every tag in them."""

    tflite_micro: Path
    cmsis_nn: Path
    tags: Mapping[str, str]
    component_tags: Mapping[str, str]


def build(folder: Path) -> Histories:
    """Makes both repositories in `folder`, which must not have them yet."""
    folder.mkdir(parents=True, exist_ok=True)
    cmsis_nn = folder / "cmsis-nn.git"
    component_tags = _write(cmsis_nn, CMSIS_NN, _read(HERE / "component"), {})
    tflite_micro = folder / "tflite-micro.git"
    tags = _write(tflite_micro, TFLITE_MICRO, _upstream(), component_tags)
    return Histories(
        tflite_micro, cmsis_nn, MappingProxyType(tags), MappingProxyType(component_tags)
    )


def checkout(histories: Histories, tag: str, folder: Path) -> Path:
    """Writes the tree of a tag into `folder`, and the cmsis-nn that it pins to where upstream's
    make looks for it. Returns the folder."""
    _export(histories.tflite_micro, histories.tags[tag], folder)
    pin = re.search(r'^ZIP_PREFIX_NN="(\w+)"$', (folder / PIN_FILE).read_text(), re.MULTILINE)
    if pin is None:
        raise ValueError(f"{tag}: no pin in {PIN_FILE}")
    _export(histories.cmsis_nn, pin[1], folder / DOWNLOADS / "cmsis_nn")
    return folder


def _read(folder: Path) -> Tree:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(map(_ignored, path.relative_to(folder).parts))
    }


def _ignored(name: str) -> bool:
    return name in IGNORED or name.startswith(".")


def _upstream() -> Tree:
    tree = _read(HERE / "upstream")
    with tempfile.TemporaryDirectory() as scratch:
        for path in (*write_models(Path(scratch)), *write_inputs(Path(scratch))):
            tree[f"{MODELS}/{path.name}"] = path.read_bytes()
        for path in write_sine(Path(scratch)):
            tree[f"{SINE}/{path.name}"] = path.read_bytes()
        for path in write_images(Path(scratch)):
            tree[f"{IMAGES}/{path.name}"] = path.read_bytes()
    return tree


def _write(
    repository: Path, changes: tuple[Change, ...], base: Tree, pins: Mapping[str, str]
) -> dict[str, str]:
    """Makes a repository out of the changes; returns the commit of each."""
    _git(
        repository.parent, "init", "--quiet", "--bare", "--template=", "-b", "main", str(repository)
    )
    # A pin is fetched by its id, which the branches' heads need not be.
    _git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    _git(repository, "config", "uploadpack.allowFilter", "true")
    marks = repository / "marks"
    stream = b"".join(_stream(changes, base, pins))
    _git(repository, "fast-import", "--quiet", f"--export-marks={marks}", stdin=stream)
    ids = dict(line.split() for line in marks.read_text().splitlines())
    marks.unlink()
    return {change.name: ids[f":{number}"] for number, change in enumerate(changes, 1)}


def _stream(changes: tuple[Change, ...], base: Tree, pins: Mapping[str, str]) -> Iterator[bytes]:
    """The changes as git fast-import reads them."""
    numbers = {change.name: number for number, change in enumerate(changes, 1)}
    main = {change.parent for change in changes} | {"base"}
    trees: dict[str, Tree] = {}
    pinned: dict[str, str] = {}
    for number, change in enumerate(changes, 1):
        before: Tree = {} if change.parent is None else trees[change.parent]
        after = dict(base if change.parent is None else before)
        change.edit(after)
        pinned[change.name] = NO_PIN if change.parent is None else pinned[change.parent]
        if change.pins is not None:
            replace(after, PIN_FILE, pinned[change.name], pins[change.pins])
            pinned[change.name] = pins[change.pins]
        trees[change.name] = after

        branch = "main" if change.name in main else f"scenario/{change.name}"
        when = f"{AUTHOR} {FIRST_COMMIT + number * DAY} +0000"
        yield f"commit refs/heads/{branch}\nmark :{number}\n".encode()
        yield f"author {when}\ncommitter {when}\n".encode()
        yield _data(f"{change.subject}\n".encode())
        if change.parent is not None:
            yield f"from :{numbers[change.parent]}\n".encode()
        for path in sorted(before.keys() - after.keys()):
            yield f"D {path}\n".encode()
        for path in sorted(after):
            if before.get(path) != after[path]:
                mode = "100755" if path.endswith(".sh") else "100644"
                yield f"M {mode} inline {path}\n".encode()
                yield _data(after[path])
        yield f"reset refs/tags/{change.name}\nfrom :{number}\n\n".encode()


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _export(repository: Path, commit: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        _git(
            repository,
            *("-c", "core.bare=false", f"--work-tree={folder.resolve()}"),
            *("checkout", "--quiet", "--force", commit, "--", "."),
            index=Path(scratch) / "index",
        )


def _git(
    folder: Path, *arguments: str, stdin: bytes | None = None, index: Path | None = None
) -> None:
    """Runs git, deaf to whatever the caller's environment and files configure."""
    environment = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    if folder.suffix == ".git":
        environment["GIT_DIR"] = str(folder.resolve())
    if index is not None:
        environment["GIT_INDEX_FILE"] = str(index)
    subprocess.run(
        ("git", *arguments), cwd=folder, input=stdin, env=environment, check=True, timeout=120
    )


def main(arguments: list[str]) -> int:
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path, help="where to make the repositories")
    histories = build(parser.parse_args(arguments).folder)
    for repository, tags in (
        (histories.cmsis_nn, histories.component_tags),
        (histories.tflite_micro, histories.tags),
    ):
        for tag, commit in tags.items():
            print(repository.stem, tag, commit)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
