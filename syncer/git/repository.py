"""A repository, bare or not: its remotes, objects, history and files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from syncer.durable import fresh_folder
from syncer.errors import Exit, SyncError
from syncer.git.command import PROTOCOLS, GitError, failure, redact, run
from syncer.git.listing import Files, Folders, listed
from syncer.git.objects import (
    Change,
    Entry,
    MergeResult,
    Stage,
    blob_id,
    decode,
    object_id,
    records,
)
from syncer.git.paths import check_paths, make_folder, make_links
from syncer.git.writer import Objects, TreeWriter, synthetic_commit, write_loose, write_pack

# A name no one's own configuration has: its URL is given with each command and never stored.
_REMOTE = "syncer"
_SERVED = "git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack"
_ID = re.compile(r"[0-9a-f]{40}")
_IDENTITY = "syncer <syncer@localhost>"
_EPOCH = "@0 +0000"
_BATCH = 1000
_PACKED = 10  # objects from which one pack is quicker than loose files
_RAW = ("-r", "-z", "--raw", "--no-abbrev", "--no-ext-diff", "--no-textconv")


def init_bare(path: Path) -> Repository:
    """Make `path` an empty bare repository (one that is there is kept) without template or hook.

    Raises:
        SyncError: (ENVIRONMENT) it cannot be made; or something else is there.
    """
    if not (path / "HEAD").exists():
        arguments = ["init", "--quiet", "--bare", "--template=", "--initial-branch=none", "."]
        try:
            fresh = fresh_folder(path)  # renamed once it is whole
            status, _, err = run(arguments, cwd=fresh)
            if status:
                raise failure(arguments, str(path), err, Exit.ENVIRONMENT)
            fresh.rename(path)
        except OSError as error:
            raise SyncError(
                f"cannot make a repository in {path}: {error.strerror}",
                hint="Free space, make the folder writable, or remove what is there.",
                exit=Exit.ENVIRONMENT,
            ) from None
    return Repository(path)


def init_worktree(path: Path, borrow: Path) -> Repository:
    """Make `path` a repository with a work tree, without template or hook, that finds the objects
    of the bare repository `borrow` too."""
    path.mkdir(parents=True, exist_ok=True)
    arguments = ["init", "--quiet", "--template=", "--initial-branch=patch", "."]
    status, _, err = run(arguments, cwd=path)
    if status:
        raise failure(arguments, str(path), err, Exit.ENVIRONMENT)
    info = path / ".git" / "objects" / "info"
    info.mkdir(exist_ok=True)
    (info / "alternates").write_text(f"{Repository(borrow).objects}\n")
    return Repository(path)


@dataclass(frozen=True)
class Repository:
    """A repository at `path`: a bare one, or a work tree's root."""

    path: Path

    @property
    def git_dir(self) -> Path:
        dot_git = self.path.absolute() / ".git"
        if dot_git.is_file():  # a linked work tree
            return (dot_git.parent / dot_git.read_text().removeprefix("gitdir:").strip()).resolve()
        return dot_git if dot_git.is_dir() else self.path.absolute()

    @property
    def objects(self) -> Path:
        """The folder of its objects."""
        return self.git_dir / "objects"

    def run(
        self,
        arguments: Sequence[str],
        *,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        protocols: Collection[str] = (),
    ) -> bytes:
        """git's standard output. See `run` of this module for the arguments.

        Raises:
            GitError: a status other than 0, where `check` is set; `Exit.ENVIRONMENT` when the
                command was allowed a transport, `Exit.BAD_INPUT` otherwise.
        """
        status, out, err = self._status(arguments, input=input, env=env, protocols=protocols)
        if status and check:
            raise self._error(arguments, err, Exit.ENVIRONMENT if protocols else Exit.BAD_INPUT)
        return out

    def text(
        self,
        arguments: Sequence[str],
        *,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """`run`, decoded and without the last newline."""
        return decode(self.run(arguments, input=input, env=env)).removesuffix("\n")

    def _status(
        self,
        arguments: Sequence[str],
        *,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        protocols: Collection[str] = (),
    ) -> tuple[int, bytes, str]:
        where = self.git_dir
        if not (where / "HEAD").exists():
            raise SyncError(f"{self.path} is not a git repository")
        arguments = [f"--git-dir={where}", *arguments]
        return run(arguments, cwd=where, input=input, env=env, protocols=protocols)

    def _error(self, arguments: Sequence[str], err: str, exit: Exit = Exit.BAD_INPUT) -> GitError:
        return failure(arguments, str(self.path), err, exit)

    # ---- remotes

    def fetch(
        self,
        url: str,
        refspecs: Sequence[str],
        *,
        filter: str | None = None,
        depth: int | None = None,
        protocols: Collection[str] = PROTOCOLS,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Fetch `refspecs` from `url`, tags only where a refspec names them.

        Args:
            filter: "blob:none" makes this a partial clone, whose blobs come by `fetch_missing`, and
                it stays one; without, all comes that what is here does not lead to.
            depth: history to fetch, in commits.
            env: as in `run`.

        Raises:
            GitError: `Exit.ENVIRONMENT`, with git's lines.
        """
        options = [f"--filter={filter}" if filter else "--no-filter"]
        options += [f"--depth={depth}"] if depth else []
        self._fetch(url, options, ["--", _REMOTE, *refspecs], None, protocols, env)

    def fetch_missing(
        self, url: str, ids: Iterable[str], *, protocols: Collection[str] = PROTOCOLS
    ) -> int:
        """Fetch those of the blobs `ids` that are not here, in one batch; returns how many.

        Raises:
            GitError: `Exit.ENVIRONMENT`: the remote cannot be reached or has not all of them.
        """
        missing = self.missing(ids)
        if missing:
            self._fetch(url, ["--stdin"], [_REMOTE], "\n".join(missing).encode(), protocols)
        return len(missing)

    def _fetch(
        self,
        url: str,
        options: Sequence[str],
        rest: Sequence[str],
        input: bytes | None,
        protocols: Collection[str],
        env: Mapping[str, str] | None = None,
    ) -> None:
        arguments = ["-c", f"remote.{_REMOTE}.url={url}"]
        if input is not None:  # objects by id: what is here already need not be negotiated
            arguments += ["-c", "fetch.negotiationAlgorithm=noop"]
        arguments += ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force"]
        # Of a shallow remote, git would else keep objects without the refs and, in a partial clone,
        # start one fetch in another without end to find the commits that are cut off.
        arguments += ["--update-shallow"]
        if url.startswith(("/", "file://")):
            # Here git serves it too: by blobs, whatever that repository is set to serve. A mirror
            # is often set to nothing, and may lack large blobs that nobody will ask for.
            arguments += [f"--upload-pack={_SERVED}"]
        arguments += ["--no-auto-maintenance", "--no-recurse-submodules", *options, *rest]
        status, _, err = self._status(arguments, input=input, env=env, protocols=protocols)
        if status:
            what = ["fetch", *(rest[2:] if input is None else [f"{len(input) // 40} blobs"])]
            raise failure(what, f"{self.path} from {redact(url)}", err, Exit.ENVIRONMENT)

    def missing(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Those of the blobs `ids` that are not in this repository, sorted."""
        wanted = sorted(set(ids))
        if not wanted:
            return ()
        # rev-list names a tree's missing blobs without asking for them; a tree may be made of any.
        listing = "".join(f"100644 blob {id}\t{id}\0" for id in wanted)
        tree = self.text(["mktree", "-z", "--missing"], input=listing.encode())
        lines = self.text(["rev-list", "--objects", "--missing=print", "--no-object-names", tree])
        return tuple(sorted(line[1:] for line in lines.splitlines() if line.startswith("?")))

    def is_sound(self) -> bool:
        """Whether every pack is intact and every ref and object is there that should be; what a
        partial clone was only promised may be missing. Takes seconds."""
        if not (self.git_dir / "HEAD").exists():
            return False
        fsck = ["fsck", "--connectivity-only", "--no-progress", "--no-dangling"]
        packs = sorted(map(str, (self.git_dir / "objects" / "pack").glob("*.idx")))
        verify = ["verify-pack", *packs]
        return not self._status(fsck)[0] and not (packs and self._status(verify)[0])

    # ---- objects

    def rev_parse(self, rev: str, kind: str = "commit") -> str:
        """The full id of the commit ("tree", "blob", "object": of that kind) that `rev` names.

        Raises:
            SyncError: there is none in this repository.
        """
        if ":" in rev:  # after a path, `^{…}` would be read as part of it
            return self.rev_parse(self._rev(rev, rev, "object"), kind)
        return self._rev(f"{rev}^{{{kind}}}", rev, kind)

    def _rev(self, expression: str, rev: str, kind: str) -> str:
        command = ["rev-parse", "--verify", "--quiet", "--end-of-options", expression]
        status, out, _ = self._status(command)
        id = out.decode("ascii", "replace").strip()
        if status or not _ID.fullmatch(id):
            raise SyncError(f"{rev} is not a {kind} in {self.path}", hint="fetch it, or correct it")
        return id

    def has(self, id: str) -> bool:
        """Whether the object `id` is here."""
        return self._status(["cat-file", "-e", id])[0] == 0

    def has_all(self, ids: Iterable[str]) -> bool:
        """Whether all these objects are here."""
        asked = "".join(f"{id}\n" for id in dict.fromkeys(ids))
        command = ["cat-file", "--batch-check=%(objectname)"]
        status, out, _ = self._status(command, input=asked.encode())
        # A partial clone gives up at the first that it would have to fetch.
        return not status and b" missing\n" not in out

    def ls_tree(self, tree: str, *, recursive: bool = True) -> tuple[Entry, ...]:
        """The entries of a tree or commit; blobs and submodules only where `recursive`."""
        return self._entries(tree, *(["-r"] if recursive else []))

    def _entries(self, tree: str, *options: str) -> tuple[Entry, ...]:
        out = self.run(["ls-tree", "-z", "--full-tree", *options, f"{tree}^{{tree}}"])
        entries = []
        for record in records(out):
            meta, path = record.split("\t", 1)
            mode, type, id = meta.split(" ")
            entries.append(Entry(mode, type, id, path))
        return tuple(entries)

    def blob(self, id: str) -> bytes:
        """The bytes of one blob. Raises SyncError if it is not here."""
        return self.blobs([id])[id]

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The bytes of many blobs, by one command. Raises SyncError naming one that is not here."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        arguments = ["cat-file", "--batch"]
        status, out, err = self._status(arguments, input="\n".join(wanted).encode())
        if status:  # a partial clone gives up at the first it would have to fetch
            missing = self.missing(wanted)
            raise self._absent(missing[0]) if missing else self._error(arguments, err)
        result: dict[str, bytes] = {}
        position = 0
        for id in wanted:
            end = out.index(b"\n", position)
            header = out[position:end].split(b" ")
            if len(header) != 3:
                raise self._absent(id)
            if header[1] != b"blob":
                raise SyncError(f"object {id} in {self.path} is a {header[1].decode()}, not a blob")
            position = end + 1 + int(header[2])
            result[id] = out[end + 1 : position]
            position += 1
        return result

    def blobs_here(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The bytes of those of the blobs that are in this repository."""
        wanted = set(ids)
        return self.blobs(wanted - set(self.missing(wanted)))

    def _absent(self, id: str) -> SyncError:
        return SyncError(f"blob {id} is not in {self.path}", hint="fetch it first")

    def write_blob(self, data: bytes) -> str:
        id = blob_id(data)
        self.store({id: ("blob", data)})
        return id

    def store(self, objects: Objects) -> None:
        """Store objects made here: few as loose ones, many as a pack."""
        if len(objects) < _PACKED:
            for kind, data in objects.values():
                write_loose(self.objects, kind, data)
        else:
            try:
                write_pack(self.objects / "pack", objects)
            except OSError as error:
                raise SyncError(
                    f"cannot write to {self.path}: {error.strerror}",
                    hint="Free space, or make the folder writable.",
                    exit=Exit.ENVIRONMENT,
                ) from None

    def files(self, commit: str) -> Files:
        """The files of a commit or tree."""
        root, read = self._tree(commit)
        return Files(root, read)

    def tree_writer(self, base: str | None) -> TreeWriter:
        """The tree or commit `base` (None: the empty tree), to be changed."""
        return TreeWriter() if base is None else TreeWriter(*self._tree(base))

    def _tree(self, base: str) -> tuple[str, Folders]:
        """The id of the tree of `base`, and what reads its folders."""
        root = self.rev_parse(base, "tree")
        return root, listed(self._entries(root, "-r", "-t"), root)

    def write_tree(self, base: str | None, changes: Mapping[str, tuple[str, str] | None]) -> str:
        """The id of the tree or commit `base` with `changes` made, as `TreeWriter.write`."""
        writer = self.tree_writer(base)
        id = writer.write(changes)
        self.store(writer.made)
        return id

    def commit_tree(
        self,
        tree: str,
        parents: Sequence[str] = (),
        message: str = "",
        author: str = _IDENTITY,
        date: str = _EPOCH,
    ) -> str:
        """Write a commit. `author` ("Name <mail>") and `date` (as git reads one, with its zone)
        are the committer's too, so that the same arguments give the same id."""
        name, mail = author.removesuffix(">").rsplit("<", 1)
        env: dict[str, str] = {}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": name.strip(), f"GIT_{role}_EMAIL": mail}
            env[f"GIT_{role}_DATE"] = date
        options = [part for parent in parents for part in ("-p", parent)]
        command = ["commit-tree", "--no-gpg-sign", *options, f"{tree}^{{tree}}"]
        return self.text(command, input=message.encode(), env=env)

    def merge_trees(
        self,
        merges: Sequence[tuple[str, str, str]],
        names: tuple[str, str] = ("ours", "theirs"),
    ) -> tuple[MergeResult, ...]:
        """Merge trees in memory, by one command: each (base, ours, theirs). Messages call the
        sides by `names`."""
        if not merges:
            return ()
        # git 2.39's merge-tree finds the base itself: two commits with one parent leave no choice.
        made: dict[str, tuple[str, bytes]] = {}

        def commit(tree: str, parents: tuple[str, ...], message: str) -> str:
            data = synthetic_commit(tree, parents, message)
            id = object_id("commit", data)
            made[id] = ("commit", data)
            return id

        pairs = []
        for base, *sides in merges:
            root = commit(base, (), "base")
            pairs.append(
                [commit(tree, (root,), name) for tree, name in zip(sides, names, strict=True)]
            )
        self.store(made)
        arguments = ["merge-tree", "--write-tree", "--stdin", "-z", "--messages"]
        out = self.run(arguments, input="".join(f"{one} {two}\n" for one, two in pairs).encode())
        fields = iter(decode(out).split("\0"))
        return tuple(_merge_result(fields, dict(zip(pair, names, strict=True))) for pair in pairs)

    # ---- history

    def describe(self, commit: str, form: str) -> str:
        """One commit in a format of git's pretty-printing. No blob is needed, as `git show` needs
        some even with --no-patch: it looks for renames."""
        command = ["log", "-1", "--no-show-signature", f"--format={form}", "--end-of-options"]
        return self.text([*command, commit, "--"])

    def date(self, commit: str) -> str:
        """When a commit was made, by its committer, in UTC: YYYY-MM-DDTHH:MM:SSZ."""
        seconds = self.describe(commit, "%ct")
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def is_ancestor(self, old: str, new: str) -> bool:
        return self._status(["merge-base", "--is-ancestor", old, new])[0] == 0

    def log(
        self, old: str | None, new: str, *, limit: int = 200
    ) -> tuple[int, tuple[tuple[str, str], ...]]:
        """How many commits `new` has that `old` has not, and the newest `limit` of them as
        (id, subject)."""
        span = [new, *([f"^{old}"] if old else []), "--"]
        count = int(self.text(["rev-list", "--count", *span]))
        out = self.run(["log", "-z", f"--max-count={limit}", "--format=%H %s", *span])
        pairs = (record.split(" ", 1) for record in records(out))
        return count, tuple((id, subject) for id, subject in pairs)

    def diff_tree(self, old: str, new: str, *, renames: int | None = 50) -> tuple[Change, ...]:
        """The paths that differ between two trees or commits, sorted. `renames` is the least
        similarity in percent; 100 and None (no renames) need no blob."""
        detect = "--no-renames" if renames is None else f"--find-renames={renames}%"
        trees = [f"{old}^{{tree}}", f"{new}^{{tree}}"]
        return _changes(self.run(["diff-tree", *_RAW, detect, *trees]))

    def diff_trees(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[Change, ...], ...]:
        """`diff_tree` of many pairs of trees, without renames, by one command."""
        out = self.diff_texts(pairs, [*_RAW, "--no-renames"])
        return tuple(_changes(text) for text in out)

    def diff_texts(
        self, pairs: Sequence[tuple[str, str]], options: Sequence[str]
    ) -> tuple[bytes, ...]:
        """What diff-tree with `options` says of each pair of trees, by one command."""
        if not pairs:
            return ()
        texts = []
        headers = [f"{old} {new}\n".encode() for old, new in pairs]
        rest = self.run(["diff-tree", "--stdin", *options], input=b"".join(headers))
        # Nothing else in a diff begins with two ids, so each header ends the text before it.
        for header, following in zip(headers, [*headers[1:], None], strict=True):
            rest = rest.removeprefix(header)
            found = following and re.search(rb"(?:\A|(?<=[\n\0]))" + re.escape(following), rest)
            texts.append(rest[: found.start()] if found else rest)
            rest = rest[len(texts[-1]) :]
        return tuple(texts)

    # ---- files

    def export(self, tree: str, folder: Path, paths: Collection[str] | None = None) -> int:
        """Write a tree's files (all, or those of `paths`) below `folder`, which must be absent or
        empty: exact bytes, exact modes, submodules as empty folders. Returns how many files.

        Raises:
            SyncError: a path that leaves the folder or names git's own, two paths that differ only
                in case, a symbolic link that leads outside, a path of `paths` that is not there.
        """
        entries = self.ls_tree(tree)
        if paths is not None:
            wanted = set(paths)
            entries = tuple(entry for entry in entries if entry.path in wanted)
            absent = sorted(wanted - {entry.path for entry in entries})
            if absent:
                raise SyncError(f"{absent[0]} is not in {tree} of {self.path}")
        check_paths(entry.path for entry in entries)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SyncError(f"{folder} is not empty", hint="remove it")
        made = {folder}
        files = [entry for entry in entries if entry.type == "blob"]
        for parent in {(folder / entry.path).parent for entry in files}:
            make_folder(parent, made)
        for entry in entries:
            if entry.type == "commit":
                make_folder(folder / entry.path, made)
        links = [entry for entry in files if entry.mode == "120000"]
        plain = [entry for entry in files if entry.mode != "120000"]
        for start in range(0, len(plain), _BATCH):
            batch = plain[start : start + _BATCH]
            contents = self.blobs(entry.id for entry in batch)
            for entry in batch:
                target = folder / entry.path
                target.write_bytes(contents[entry.id])
                target.chmod(0o755 if entry.mode == "100755" else 0o644)
        # Links come last, so that nothing is written through one.
        contents = self.blobs(entry.id for entry in links)
        make_links(folder, {entry.path: os.fsdecode(contents[entry.id]) for entry in links})
        return len(files)


def _changes(raw: bytes) -> tuple[Change, ...]:
    fields = records(raw)
    changes = []
    for meta in fields:
        old_mode, new_mode, old_id, new_id, status = meta.removeprefix(":").split(" ")
        old_path = path = next(fields)
        if status[0] == "R":
            path = next(fields)
        changes.append(Change(status[0], path, old_path, old_mode, new_mode, old_id, new_id))
    return tuple(sorted(changes, key=lambda change: change.path))


def _merge_result(fields: Iterator[str], names: Mapping[str, str]) -> MergeResult:
    """The next merge of what merge-tree says: whether it is clean, the tree, the conflicted
    entries, an empty field, the messages, an empty field. `names` stand for commit ids."""
    clean, tree = next(fields) == "1", next(fields)
    stages = []
    for entry in iter(lambda: next(fields), ""):
        meta, path = entry.split("\t", 1)
        mode, blob, number = meta.split(" ")
        stages.append(Stage(mode, blob, int(number), path))
    conflicts = dict.fromkeys(stage.path for stage in stages)
    messages = []
    for count in iter(lambda: next(fields), ""):
        for _ in range(int(count)):
            next(fields)
        kind, text = next(fields), next(fields)
        if kind.startswith("CONFLICT"):
            text = text.strip().split(".  ")[0]  # then: which version was left in the tree
            for id, name in names.items():
                text = text.replace(id, name)
            messages.append(text)
    return MergeResult(tree, clean, tuple(conflicts), tuple(messages), tuple(stages))
