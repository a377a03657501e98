"""sync queue: look at the patch queue, check it, take it out in other tools' forms and back in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from syncer.cli.console import chosen_port, port_option
from syncer.cli.roll import mirrors_option
from syncer.components import load_mirrors, sources
from syncer.durable import write_whole
from syncer.errors import Exit, SyncError
from syncer.files import writing
from syncer.git import Repository, quarantine
from syncer.journal import Journal
from syncer.lock import load_lock
from syncer.port import Port
from syncer.queue.exchange import (
    Form,
    apply_all,
    export_branch,
    exported,
    form_of,
    named_as_before,
    read_branch,
    read_folder,
    upstream_ready,
)
from syncer.queue.listing import Row, home_of, row_of
from syncer.queue.mail import Patch, encode, parse_patch
from syncer.queue.resolutions import FOLDER, read_resolutions
from syncer.queue.series import SERIES, series_text
from syncer.queue.stack import Step, as_mail, settled, stack
from syncer.report.neutral import one_line
from syncer.report.numbers import plural
from syncer.stages import editing
from syncer.stages.standing import Accepted, accepted, check_queue, series_of

component_option = click.option(
    "--component", metavar="NAME", help="The component (upstream's name too) whose queue it is."
)


@click.group()
def group() -> None:
    """The patch queue: list, check, edit, export, import."""


# ---- list


@group.command("list")
@port_option
@click.option("--by-cost", is_flag=True, help="Those that cost most first; else in their order.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def list_command(port_file: str | None, by_cost: bool, as_json: bool) -> int:
    """List the patches: subject, Upstream-Status, age, size, and what they have cost: in how many
    commits of the port's repository they had to change, how many conflicts were resolved."""
    port = chosen_port(port_file)
    rows = _rows(port)
    if by_cost:
        rows.sort(key=lambda row: row.cost, reverse=True)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return Exit.OK
    console = Console(highlight=False, soft_wrap=True)
    if not rows:
        console.print(f"There is no patch in {port.at(port.toml.patches.folder)}.", markup=False)
        return Exit.OK
    for row in rows:
        console.print(Text(f"{row.component}/{row.file}", "bold"))
        console.print(Text(f"    {one_line(row.subject, 200)}"))
        console.print(Text(f"    {one_line(' · '.join(_facts(row)), 200)}", "dim"))
    costly = [row for row in sorted(rows, key=lambda r: r.cost, reverse=True) if any(row.cost[:2])]
    if costly:
        names = ", ".join(f"{row.component}/{row.file}" for row in costly[:3])
        console.print(f"Most work so far: {names}", markup=False)
    return Exit.OK


def _rows(port: Port) -> list[Row]:
    home = home_of(port.root)
    rows = []
    folder = port.at(port.toml.patches.folder) / FOLDER
    for name in _names(port):
        resolved = [f"{item.component}/{item.patch}" for item in read_resolutions([folder], name)]
        for patch in series_of(port, name):
            file = port.at(f"{port.toml.patches.folder}/{patch.name}")
            place = file.relative_to(home[1]).as_posix() if home else ""
            rows.append(row_of(patch, home[0] if home else None, place, resolved))
    return rows


def _names(port: Port) -> list[str]:
    return [port.toml.upstream.name, *(component.name for component in port.toml.component)]


def _age(made: str) -> str:
    if not made:
        return "of unknown age"
    when = datetime.fromisoformat(made)
    days = (datetime.now(UTC) - (when if when.tzinfo else when.replace(tzinfo=UTC))).days
    return (
        f"{days} d" if days < 90 else f"{days // 30} months" if days < 730 else f"{days // 365} y"
    )


def _facts(row: Row) -> list[str]:
    removed = f" −{row.removed}" if row.removed is not None else ""
    refreshed = "unknown" if row.refreshed is None else plural(row.refreshed, "time")
    return [
        row.status or "no Upstream-Status",
        _age(row.made),
        f"+{row.added}{removed} in {plural(row.files, 'file')}",
        f"refreshed {refreshed}",
        plural(row.conflicts, "conflict"),
    ]


# ---- check


@group.command()
@port_option
@mirrors_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(port_file: str | None, mirrors: str | None, as_json: bool) -> int:
    """Verify the queue and the overrides against what was accepted (sync.lock), without a network.

    Ends with 0 where every patch applies to the accepted commits and every override shadows the
    blob it names; with 10 where one does not; with 11 where something accepted is gone; with 1
    where a patch cannot be read; with 15 where the clones lack the accepted commits."""
    port = chosen_port(port_file)
    state = accepted_state(port, mirrors)
    findings = check_queue(port, load_lock(port.lock_file), state)
    worst = min((f.exit for f in findings if f.exit), default=Exit.OK)
    if as_json:
        click.echo(json.dumps([{**asdict(f), "exit": int(f.exit)} for f in findings], indent=2))
        return worst
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        said = f": {finding.said}" if finding.said else ""
        style = "red" if finding.exit else "dim"
        console.print(Text(one_line(f"{finding.name}: {finding.kind}{said}", 400), style))
    count = sum(len(series_of(port, name)) for name in _names(port))
    what = f"{count} patches, {len(port.toml.override)} overrides"
    commit = state.resolved.upstream.commit[:12]
    if worst:
        console.print(f"{what}: not what {port.lock_file.name} accepted at {commit}", style="red")
    else:
        console.print(f"{what}: all apply to {state.resolved.upstream.name} {commit}")
    return worst


def accepted_state(port: Port, mirrors: str | None) -> Accepted:
    """What the lock stands for, in the clones that --mirrors names or the last roll used."""
    table = load_mirrors(Path(mirrors) if mirrors else None)
    if not mirrors and not table:
        begun = Journal(port.state).begun()  # the clones that the last roll used
        said = begun.order.get("mirrors") if begun else None
        cache = begun.order.get("cache") if begun else None
        found = sources(port, said or {}, Path(cache) if cache else None)
    else:
        found = sources(port, table)
    return accepted(port, load_lock(port.lock_file), found)


# ---- export


@group.command()
@click.argument("destination", type=click.Path(path_type=Path))
@click.option(
    "--as",
    "form",
    type=click.Choice([str(form) for form in Form]),
    default=str(Form.MAILS),
    show_default=True,
    help="mails: for `git am -3`; quilt; electron: a `.patches` list; upstream: mails to send, "
    "without what is the port's own; branch: into the repository DESTINATION.",
)
@component_option
@click.option("--branch", metavar="NAME", help="The branch to make (default: the port's name).")
@port_option
@mirrors_option
def export(
    destination: Path,
    form: str,
    component: str | None,
    branch: str | None,
    port_file: str | None,
    mirrors: str | None,
) -> int:
    """Write the queue, as it applies to the accepted commits, to DESTINATION: with three lines of
    context whatever the port keeps. Each component's patches go into a folder of its name; with
    --component they go into DESTINATION itself."""
    port, how = chosen_port(port_file), Form(form)
    if branch and how is not Form.BRANCH:
        raise click.UsageError("--branch is for --as branch")
    state = accepted_state(port, mirrors)
    names = [component] if component else [n for n in _names(port) if series_of(port, n)]
    if not names:
        raise SyncError(
            f"there is no patch in {port.at(port.toml.patches.folder)}",
            hint="There is nothing to export.",
        )
    if how is Form.BRANCH and len(names) > 1:
        raise SyncError(
            f"several components have patches: {', '.join(names)}",
            hint="A branch is one component's: name it with --component.",
        )
    for name in names:
        pin, patches = state.pin(name), series_of(port, name)
        with quarantine(state.repositories[name]) as work:
            base = _base(work, pin.commit, pin.tree)
            if how is Form.UPSTREAM:
                patches, left = upstream_ready(patches)
                for patch in left:
                    click.echo(f"left out {patch.name}: its Upstream-Status says so")
            patches = settled(work, patches, base)
            if how is Form.BRANCH:
                into = _repository(destination)
                ref = f"refs/heads/{branch or port.name}"
                tip, count = export_branch(work, pin.commit, pin.tree, patches, into, ref)
                click.echo(f"{name}: {count} commits on {pin.commit[:12]}, {tip[:12]} is {ref}")
                continue
            files = exported(work, stack(work, patches, base), how)
        folder = destination if component else destination / name
        _check_empty(folder, files)
        for file, data in files.items():
            with writing(folder / file):
                write_whole(folder / file, data)
        click.echo(f"{name}: {len(patches)} patches for {pin.commit} in {folder}")
    return Exit.OK


def _base(work: Repository, commit: str, tree: str) -> str:
    same = work.rev_parse(commit, "tree") == tree
    return commit if same else work.commit_tree(tree, [commit])


def _repository(folder: Path) -> Repository:
    found = Repository(folder)
    if not folder.is_dir() or not (found.git_dir / "HEAD").is_file():
        raise SyncError(
            f"{folder} is not a git repository",
            hint="Name a clone of the component's repository.",
        )
    return found


def _check_empty(folder: Path, files: dict[str, bytes]) -> None:
    if folder.exists() and not folder.is_dir():
        raise SyncError(f"{folder} is a file", hint="Name a folder.")
    others = [p.name for p in folder.iterdir() if p.name not in files] if folder.is_dir() else []
    if others:
        raise SyncError(
            f"{folder} is not empty: it has {sorted(others)[0]}",
            hint="Name an empty or a new folder.",
        )


# ---- import


@group.command("import")
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@component_option
@click.option("--branch", metavar="NAME", help="SOURCE is a repository; take this branch of it.")
@click.option(
    "--base",
    metavar="COMMIT",
    help="The component's commit that the patches were made for (default: the accepted one).",
)
@click.option("--replace", is_flag=True, help="In place of the patches that are there.")
@port_option
@mirrors_option
def import_command(
    source: Path,
    component: str | None,
    branch: str | None,
    base: str | None,
    replace: bool,
    port_file: str | None,
    mirrors: str | None,
) -> int:
    """Take patches into the queue, after those that are there: from a folder of quilt's, of
    Electron's form (`.patches`) or of mails, or, with --branch, from a repository.

    They are applied to the commit they were made for without fuzz, carried to the accepted one,
    and only if all of that works is anything written."""
    port = chosen_port(port_file)
    name = component or port.toml.upstream.name
    state = accepted_state(port, mirrors)
    pin, known = state.pin(name), series_of(port, name)
    with quarantine(state.repositories[name]) as work:
        target = _base(work, pin.commit, pin.tree)
        made_for = target if base is None else _commit(work, base, name)
        steps = _read(work, source, branch, made_for)
        steps = named_as_before(steps, known if replace else ())
        context = port.toml.patches.context
        new = [
            parse_patch(encode(as_mail(work, step, context=context)), name, step.name)
            for step in steps
        ]
        before = () if replace else known
        _check_names(before, new)
        carried = settled(work, (*before, *new), target, made_for)
    folder = f"{port.toml.patches.folder}/{name}"
    files = {patch.file: encode(patch.text) for patch in carried if patch not in before}
    for file, data in files.items():
        with writing(port.at(f"{folder}/{file}")):
            write_whole(port.at(f"{folder}/{file}"), data)
    series = port.at(f"{folder}/{SERIES}")
    old = series.read_text("utf-8") if series.is_file() else ""
    write_whole(series, series_text([patch.file for patch in carried], old).encode())
    for patch in known if replace else ():
        if patch.file not in files:
            port.at(f"{folder}/{patch.file}").unlink()
    click.echo(f"{name}: {len(steps)} patches taken in for {pin.commit[:12]}")
    for patch in new:
        if patch.file not in files:
            click.echo(f"not needed there: {patch.file}")
    return Exit.OK


def _commit(work: Repository, rev: str, name: str) -> str:
    for candidate in (rev, f"refs/tags/{rev}", f"refs/heads/{rev}"):
        try:
            return work.rev_parse(candidate)
        except SyncError:
            continue
    raise SyncError(
        f"--base {rev}: the clone of {name} has no such commit",
        hint="Have it fetched: sync --until resolve --upstream <a commit that has it>",
    )


def _read(work: Repository, source: Path, branch: str | None, base: str) -> tuple[Step, ...]:
    if branch is None:
        return apply_all(work, read_folder(source, form_of(source)), base)
    other = _repository(source)
    tip = other.rev_parse(f"refs/heads/{branch}")
    if not other.has(base):
        raise SyncError(
            f"{source} has no commit {base}, on which the branch would stand",
            hint="Name the commit that it stands on with --base.",
        )
    work.fetch(str(source.resolve()), [tip])
    return read_branch(work, base, tip)


def _check_names(known: Sequence[Patch], new: Sequence[Patch]) -> None:
    files = [patch.file for patch in (*known, *new)]
    twice = next((file for file in files if files.count(file) > 1), None)
    if twice:
        raise SyncError(
            f"there would be two patches {twice}",
            hint="Rename one, or take them in with --replace.",
        )


# ---- edit


@group.command()
@click.argument("patch")
@click.option("--done", is_flag=True, help="Take the patch back from its worktree.")
@click.option("--abort", is_flag=True, help="Close the worktree; what was edited is kept aside.")
@port_option
@mirrors_option
def edit(patch: str, done: bool, abort: bool, port_file: str | None, mirrors: str | None) -> int:
    """Open PATCH (its file, or component/file) as a commit on a branch of its own, in a sparse
    worktree; edit, amend and commit there, then take it back with --done. Of the queue only what
    has to change is written: the patch, and later ones that stand on it."""
    if done and abort:
        raise click.UsageError("--done or --abort, not both")
    port = chosen_port(port_file)
    with Journal(port.state).held("queue edit"):
        if abort:
            kept = editing.close(port, patch)
            click.echo(f"kept     {kept}" if kept else "Closed; nothing had been edited.")
        elif done:
            for path in editing.take_back(port, patch, accepted_state(port, mirrors)):
                click.echo(f"written  {path}")
        else:
            worktree = editing.open_patch(port, patch, accepted_state(port, mirrors))
            click.echo(str(worktree.work))
            click.echo(f"Edit there, then: sync queue edit {worktree.state.patch} --done")
    return Exit.OK
