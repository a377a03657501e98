"""Publishing what a roll has found: a pull request, or an issue.

It reads a status document and bundles, and believes neither: what is sent is made anew of them, in
this program's words, and where it goes is decided by port.toml alone.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from syncer import stages
from syncer.durable import write_whole
from syncer.errors import Exit, SyncError
from syncer.files import checkout_of
from syncer.forge.delivery import LIMIT, STATE_ROOM, Delivery, deliver
from syncer.forge.failure import ACCEPTED, Failure, accepted_by, close_failure, report_failure
from syncer.forge.ledger import add_files
from syncer.forge.protocol import Issue, Published, Site
from syncer.git import init_bare
from syncer.journal import Journal
from syncer.model import PublishedItem, PublishResult, Verdict
from syncer.pipeline.recorder import verdict_of
from syncer.port import Port
from syncer.report import history, neutral, render, status, view

Document = dict[str, Any]

_GOOD = (Verdict.PASSED, Verdict.NOT_CHECKED)
# What a person has to mend in the port. A network, a disk or a lock mends itself, or another way.
_TOLD = (Verdict.CONFLICT, Verdict.GATE, Verdict.BUILD, Verdict.TEST)
_NUMBER = re.compile(r"/(?:pull|issues)/(\d{1,12})$", re.ASCII)
_ID = re.compile(r"[0-9a-f]{40}")
_DATE = "%Y-%m-%dT%H:%M:%SZ"
_MOST_ENTRY = 1 << 20  # bytes
_WORD = re.compile(r"(?!gh-\d)[\w.+-]{1,80}", re.ASCII | re.IGNORECASE)


def publish(port: Port, folder: Path, site: Site, *, noted: bool = True) -> tuple[Published, ...]:
    """Publish the roll whose status document and bundles lie in `folder`, which is the port's
    state or a copy of what a roll left there; what was done, in order. However that ends, the
    status document says so, if it is to be `noted`.

    Raises:
        SyncError: there is no such roll, or it is none to be published; (PUBLISH) the site
            refuses; (FOREIGN_COMMITS) people's commits are in the way; (HELD) a roll is going on.
    """
    with Journal(port.state).held("publish"):
        document = _document(port, folder)
        done: list[Published] = []
        try:
            for published in _steps(port, folder, site, document):
                done.append(published)
        except SyncError as error:
            if noted:
                _note(port, folder, done, error)
            raise
        if noted:
            _note(port, folder, done)
        return tuple(done)


def _steps(port: Port, folder: Path, site: Site, document: Document) -> Iterator[Published]:
    entry = history.entry_of(document)
    document = status.proposing(document)
    verdict = Verdict(document["verdict"])
    if verdict in _GOOD:
        yield from _pass(port, folder, site, document)
    elif verdict in _TOLD:
        yield from _fail(port, folder, site, document)
    else:
        text = f"Nothing to publish: the roll ended as {verdict!s}, which no commit mends."
        yield Published("unchanged", None, text)
        return
    yield from _remember(port, site, entry)


def _note(port: Port, folder: Path, done: list[Published], error: SyncError | None = None) -> None:
    """Write down how publishing ended: for `sync status`, and in the status document."""
    items = []
    for published in done:
        found = _NUMBER.search(published.url or "")
        number = int(found[1]) if found else None
        items.append(PublishedItem(published.action, published.text, published.url, number))
    result = PublishResult(
        verdict_of(error.exit) if error else Verdict.PASSED,
        tuple(items),
        error.message if error else "",
        (error.hint or "") if error else "",
    )
    document = {**status.load(folder / "status.json"), "published": status.plain(result)}
    text = status.dumps(document).encode()
    if folder.resolve() == port.state.resolve():
        journal = Journal(port.state)
        if roll := journal.last_roll():
            journal.write_roll(replace(roll, published=result))
        write_whole(folder / "status.json", text)
    else:
        with suppress(OSError):  # somebody's copy, which may be there to be read only
            write_whole(folder / "status.json", text)


def _document(port: Port, folder: Path) -> Document:
    file = folder / "status.json"
    document = status.load(file)
    if document["port"] != port.name or document["bare"]:
        what = "of upstream alone" if document["bare"] else f"of the port {document['port']!r}"
        raise SyncError(
            f"{file} is {what}, not of {port.name}",
            hint="Name the folder of a roll of this port with --from.",
        )
    if document["resolved"]:
        names = {port.toml.upstream.name, *(item.name for item in port.toml.component)}
        pins = (document["resolved"]["upstream"], *document["resolved"]["components"])
        odd = next((pin["name"] for pin in pins if pin["name"] not in names), None)
        if odd is not None:
            raise SyncError(
                f"{file} tells of a component {odd!r}, which port.toml does not have",
                hint="Roll again, with this port.toml.",
                exit=Exit.PUBLISH,
            )
    if document["verdict"] in (*_GOOD, Verdict.UP_TO_DATE) and not _reached(document):
        raise SyncError(
            "the last roll was told to end before it had anything to publish",
            hint="Run `sync` without --until first.",
        )
    return document


def _reached(document: Document) -> bool:
    stage = next((s for s in document["stages"] if s["name"] == "publish"), None)
    return bool(stage) and stage["verdict"] == Verdict.PASSED  # type: ignore[index]


# ---- a roll that passed


def _pass(port: Port, folder: Path, site: Site, document: Document) -> Iterator[Published]:
    url = None
    for delivery in _deliveries(port, folder, document):
        published = _sent(site, delivery)
        url = url or published.url
        yield published
    where = f" See {url}." if url else ""
    text = f"A later roll has passed.{where}"
    closed = close_failure(site, port.name, _repository(port), text)
    if closed:
        yield closed


def _sent(site: Site, delivery: Delivery) -> Published:
    if delivery.kind == "queue" and not delivery.bundle.exists():
        return Published("unchanged", None, "Nothing to propose: all this is accepted.")
    with tempfile.TemporaryDirectory() as scratch:
        return deliver(site, delivery, init_bare(Path(scratch) / "publish.git"))


def _deliveries(
    port: Port, folder: Path, document: Document, through: Issue | None = None
) -> Iterator[Delivery]:
    """What port.toml orders to be published."""
    to = port.toml.publish
    reason = _yellow(document)
    verdict = "gate" if through else reason or "passed"
    body = render.markdown(document, LIMIT - STATE_ROOM)
    if through:
        said = f"The label `{ACCEPTED}` on #{through.number} lets these figures through."
        marker, _, rest = body.partition("\n")
        body = f"{marker}\n\n{said} Merging this moves the anchor to them.\n{rest}"
    common = Delivery(
        kind="queue",
        bundle=stages.bundle_file(folder, "queue"),
        repository=_repository(port),
        branch=to.branch,
        base=to.base,
        folder=to.folder or _place(port),
        message=_message(document),
        author=to.author,
        title=render.title(document),
        body=body,
        verdict=verdict,
        remark=_remark(document),
        draft=bool(reason) and through is None,
        labels=(*to.labels, *([ACCEPTED] if through else [])),
        reviewers=to.reviewers,
        changed=stages.changed_places(port),
        known=stages.known_places(port),
    )
    if to.mode != "tree":
        yield common
    if to.mode != "queue" and to.tree:
        yield replace(
            common,
            kind="tree",
            bundle=stages.bundle_file(folder, "tree"),
            repository=to.tree.repository or _repository(port),
            branch=to.tree.branch,
            base=to.tree.base or None,
            folder=to.tree.folder,
            message=_message(document, "Tree: "),
        )


def _yellow(document: Document) -> Literal["not checked", "not gated", ""]:
    """Why a person should look before merging what no gate has stopped; empty if nothing."""
    if document["verdict"] == Verdict.NOT_CHECKED:
        return "not checked"
    ungated = document["benches"] and document["benches"]["ungated"]
    return "not gated" if ungated and document["accepted"] else ""


def _remark(document: Document) -> str:
    symbol, headline = neutral.prose(view.symbol(document)), neutral.prose(view.headline(document))
    resolved = document["resolved"]
    to = f", upstream at `{_word(resolved['upstream']['commit'][:12])}`" if resolved else ""
    return f"The newest roll is another than before{to}: {symbol} {headline}"


def _message(document: Document, prefix: str = "") -> str:
    """A commit's message: what it brings, and every pin. Only plain words of upstream's come into
    it, since a reference or a closing keyword would act once it is merged."""
    resolved = document["resolved"]
    pins = (resolved["upstream"], *resolved["components"])
    width = max(len(pin["name"]) for pin in pins)
    lines = []
    for pin in pins:
        written = _word(pin["written"])
        also = f" ({written})" if written and written != pin["commit"] else ""
        lines.append(f"{pin['name']:<{width}}  {_word(pin['commit'])}{also}")
    title = f"{prefix}{pins[0]['name']} at {_word(pins[0]['commit'][:12])}"
    return f"{title}\n\n" + "\n".join(lines)


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else ""


def _repository(port: Port) -> str:
    """Where the pull request and the issue are.

    Raises:
        SyncError: port.toml does not say.
    """
    to = port.toml.publish
    tree = to.tree.repository if to.tree else ""
    name = tree or to.repository if to.mode == "tree" else to.repository
    if not name:
        raise SyncError(
            f"{port.file}: publish.repository says no repository to publish to",
            hint='Add repository = "owner/name" to [publish].',
        )
    return name


def _place(port: Port) -> str:
    """Where the port's root is in the checkout that it lies in."""
    folder = checkout_of(port.root)
    return port.root.relative_to(folder).as_posix() if folder else "."


# ---- its history


def _remember(port: Port, site: Site, entry: history.Entry | None) -> Iterator[Published]:
    """The roll's entry and those that are here, on the history's branch. A roll is published as
    well without: where the site refuses, that is only told."""
    branch, repository = port.toml.publish.history, _repository(port)
    if not branch:
        return
    entries = history.load(port.state / history.FOLDER, port.root, branch, port.name)
    files = {each.name: each for each in (*entries, *([entry] if entry else []))}
    if not files:
        return
    try:
        texts = {name: _entry_text(each) for name, each in sorted(files.items())}
        newest = entry or files[max(files)]
        with tempfile.TemporaryDirectory() as scratch:
            published = add_files(
                *(site, repository, branch, texts, init_bare(Path(scratch) / "history.git")),
                local=history.branch_in(port.root, branch),
                message=f"Rolls of {_word(port.name)}, to {_word(newest.commit[:12])}",
                author=port.toml.publish.author,
                date=newest.date,
            )
    except SyncError as error:
        if error.exit not in (Exit.PUBLISH, Exit.FOREIGN_COMMITS):
            raise
        yield Published("unchanged", None, f"The history was left as it is: {error.message}.")
        return
    if published:
        yield published


def _entry_text(entry: history.Entry) -> bytes:
    """An entry's file. What it is named by becomes a path and a date, so it is looked at."""
    text = history.entry_text(entry).encode()
    try:
        dated = datetime.strptime(entry.date, _DATE).strftime(_DATE) == entry.date
    except ValueError:
        dated = False
    if not dated or not _ID.fullmatch(entry.commit) or len(text) > _MOST_ENTRY:
        raise SyncError(f"{entry.name[:100]!r} is no roll's entry", exit=Exit.PUBLISH)
    return text


# ---- a roll that needs a person


def _fail(port: Port, folder: Path, site: Site, document: Document) -> Iterator[Published]:
    repository, over = _repository(port), _over(document)
    may_pass = document["verdict"] == Verdict.GATE and over
    may_pass = may_pass and stages.bundle_file(folder, "queue").exists()
    through = accepted_by(site, port.name, repository, over) if may_pass else None
    if through:
        for delivery in _deliveries(port, folder, document, through):
            yield _sent(site, delivery)
        return
    body = render.issue(document, LIMIT - 2 * STATE_ROOM)
    if may_pass:
        body += (
            f"\nIf these figures are meant to be so, put the label `{ACCEPTED}` on this issue: "
            "the next roll that has them, or better ones, is proposed.\n"
        )
    yield report_failure(
        site,
        Failure(
            port=port.name,
            repository=repository,
            title=neutral.one_line(f"Rolls of {port.name} stop: {view.headline(document)}"),
            body=body,
            verdict=document["verdict"],
            cause=f"{document['verdict']}\0{document['message']}",
            remark=_remark(document),
            branch=_branch(port),
            named=over if may_pass else {},
        ),
    )


def _branch(port: Port) -> str:
    to = port.toml.publish
    return to.tree.branch if to.mode == "tree" and to.tree else to.branch


def _over(document: Document) -> Mapping[str, int]:
    """The figures over the gate, as few as an issue's hidden state has room for."""
    found = view.over_limit(document)
    return {figure["name"]: figure["new"] for figure in found} if len(found) <= 20 else {}
