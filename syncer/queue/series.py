"""A component's series on disk: `<patches>/<component>/series` names its patch files, in order.

A line is a file name of the same folder, empty, or a comment from `#` to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from syncer.errors import SyncError
from syncer.files import read_text
from syncer.queue.classify import check_message
from syncer.queue.mail import Patch, check_zero_context, parse_patch

SERIES = "series"


def series_names(text: str, where: str = SERIES) -> tuple[str, ...]:
    """The file names of a series, in order.

    Raises:
        SyncError: with the line: a name that is a path or does not end in `.patch`, or one twice.
    """
    names: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        name = _name(line)
        if not name:
            continue
        if "/" in name or "\\" in name or name.startswith(".") or not name.endswith(".patch"):
            raise SyncError(
                f"{where}:{number}: {name!r} is not the name of a .patch file beside it",
                hint="One file name a line, in the order they apply; # begins a comment.",
            )
        if name in names:
            raise SyncError(f"{where}:{number}: {name} is listed twice", hint="Keep one of them.")
        names.append(name)
    return tuple(names)


def read_series(folder: Path, component: str, *, context: int = 3) -> tuple[Patch, ...]:
    """The patches of `<folder>/<component>/series`, in order; none if there is no such file.

    Args:
        context: the port's setting. With 0, a patch that changes a file must be marked as one
            without context.

    Raises:
        SyncError: a listed file that is absent, a `.patch` file that is not listed, or anything
            `parse_patch` does not take.
    """
    place = folder / component
    series = place / SERIES
    if series.is_dir():
        raise SyncError(f"{series} is a folder", hint="It is the list of the patches beside it.")
    present = {path.name for path in place.glob("*.patch")}
    text = read_text(series) if series.is_file() else ""
    names = series_names(text, str(series))
    for name in names:
        if name not in present:
            lines = [_name(line) for line in text.splitlines()]
            raise SyncError(
                f"{series}:{lines.index(name) + 1}: lists {name}, which is not there",
                hint="Restore the patch, or take the line out.",
            )
    unlisted = sorted(present - set(names))
    if unlisted:
        raise SyncError(
            f"{place / unlisted[0]} is not listed in {series}", hint="list or remove it"
        )
    patches = []
    for name in names:
        patch = _read(folder, component, name, context)
        changed = [diff for diff in patch.diffs if diff.hunks and diff.old_path and diff.new_path]
        binary = any(diff.binary for diff in patch.diffs)
        if context == 0 and (binary or not all(diff.marked for diff in changed)):
            check_zero_context(patch)
        patches.append(patch)
    return tuple(patches)


def _read(folder: Path, component: str, name: str, context: int) -> Patch:
    file = folder / component / name
    if not file.resolve().is_relative_to(folder.resolve()):
        raise SyncError(
            f"{file} leads outside {folder}", hint="Put the patch itself there, not a link."
        )
    try:
        patch = parse_patch(file.read_bytes(), component, name, context=context)
        check_message(patch)
        return patch
    except OSError as error:
        raise SyncError(f"{file}: {error.strerror}", hint="Restore it, or mend its mode.") from None
    except SyncError as error:
        again = "Make it again with git format-patch --full-index, or take it out of the series."
        raise error.told(error.message, hint=again) from None


def series_text(names: Sequence[str], old: str = "") -> str:
    """The series that lists `names`. `old` keeps its comments and empty lines where its order
    still holds; else those above its first name stay."""
    known = [name for name in series_names(old) if name in names]
    lines = old.splitlines()
    if known == list(names[: len(known)]):
        lines = [line for line in lines if not _name(line) or _name(line) in known]
        lines += names[len(known) :]
    else:
        first = next((n for n, line in enumerate(lines) if _name(line)), len(lines))
        lines = [*lines[:first], *names]
    return "".join(f"{line}\n" for line in lines)


def write_series(folder: Path, component: str, names: Sequence[str]) -> None:
    """Write `<folder>/<component>/series`, keeping the comments of one that is there."""
    series = folder / component / SERIES
    series.parent.mkdir(parents=True, exist_ok=True)
    old = series.read_text("utf-8") if series.is_file() else ""
    series.write_text(series_text(names, old), "utf-8")


def _name(line: str) -> str:
    return line.partition("#")[0].strip()
