from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from syncer.errors import Exit, SyncError
from syncer.git import (
    GitError,
    MergeResult,
    Repository,
    blob_id,
    check_paths,
    init_bare,
    ls_remote,
    redact,
)

HELLO = "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object of "hello\n"


@pytest.fixture
def bare(tmp_path: Path) -> Repository:
    return init_bare(tmp_path / "clone.git")


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A work tree with two commits, made by plain git."""
    root = tmp_path / "upstream"
    root.mkdir()
    plain(root, "init", "-q", "-b", "main")
    plain(root, "config", "uploadpack.allowFilter", "true")
    (root / "src").mkdir()
    (root / "src" / "a.c").write_bytes(b"int a;\n")
    (root / "src" / "naïve.c").write_bytes(b"int n;\r\n")
    (root / "run.sh").write_bytes(b"#!/bin/sh")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("src/a.c")
    commit(root, "Add everything")
    (root / "src" / "a.c").write_bytes(b"int a = 1;\n")
    commit(root, "Give a a value")
    plain(root, "tag", "-m", "one", "v1")
    return root


def plain(root: Path, *arguments: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@example.com"}
        env[f"GIT_{role}_DATE"] = "1700000000 +0000"
    done = subprocess.run(["git", *arguments], cwd=root, env=env, capture_output=True, check=True)
    return done.stdout.decode().strip()


def commit(root: Path, message: str) -> None:
    plain(root, "add", "-A")
    plain(root, "commit", "-q", "-m", message)


def tree_of(repository: Repository, files: dict[str, bytes | tuple[str, bytes]]) -> str:
    changes = {}
    for path, content in files.items():
        mode, data = content if isinstance(content, tuple) else ("100644", content)
        changes[path] = (mode, repository.write_blob(data))
    return repository.write_tree(None, changes)


def raw_tree(repository: Repository, *entries: tuple[str, str, str, str]) -> str:
    """A tree of any entries, hostile ones too; (mode, type, id, name)."""
    record = "".join(f"{mode} {type} {id}\t{name}\0" for mode, type, id, name in entries)
    return repository.text(["mktree", "-z", "--missing"], input=record.encode())


# ---- isolation


def test_callers_git_variables_do_not_reach_the_child(
    bare: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.abbrev")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "7")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[core]\n\tabbrev = 8\n")
    assert bare.text(["rev-parse", "--absolute-git-dir"]) == str(tmp_path / "clone.git")
    assert bare.run(["config", "--get", "core.abbrev"], check=False) == b""
    assert "GIT_CONFIG_VALUE_0" in os.environ


def test_values_given_to_a_command_are_in_no_message(bare: Repository) -> None:
    with pytest.raises(GitError) as caught:
        bare.run(["cat-file", "-p", "nothing"], env={"GIT_CONFIG_PARAMETERS": "'secret.x=hidden'"})
    assert "hidden" not in caught.value.message + caught.value.detail
    assert "cat-file -p nothing" in caught.value.message
    assert str(bare.path) in caught.value.message


def test_user_part_of_an_url_is_not_shown(bare: Repository) -> None:
    assert redact("see https://me:pw@host/x and ssh://git@host") == (
        "see https://***@host/x and ssh://***@host"
    )
    with pytest.raises(GitError) as caught:
        bare.fetch("https://me:hidden@localhost:1/x.git", ["main"])
    assert "hidden" not in caught.value.message + caught.value.detail


def test_repository_hooks_and_programs_are_not_run(upstream: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {mark}\ncat\n")
    program.chmod(0o755)
    hooks = upstream / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "reference-transaction", "post-merge"):
        (hooks / hook).symlink_to(program)
    for key in (
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "merge.x.driver",
        "filter.x.clean",
        "filter.x.smudge",
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "gpg.program",
        "core.alternateRefsCommand",
    ):
        plain(upstream, "config", key, str(program))
    plain(upstream, "config", "commit.gpgSign", "true")
    plain(upstream, "config", "log.showSignature", "true")
    (upstream / ".gitattributes").write_text("* diff=x merge=x filter=x\n")
    repository = Repository(upstream)
    head, before = repository.rev_parse("HEAD"), repository.rev_parse("HEAD~1")
    ours = repository.write_tree(before, {"src/a.c": ("100644", repository.write_blob(b"ours\n"))})
    trees = [repository.rev_parse(commit, "tree") for commit in (before, head)]
    repository.merge_trees([(*trees, ours)])
    repository.diff_tree(before, head)
    raw = repository.run(["cat-file", "commit", head])
    signed = raw.replace(b"\n\n", b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n\n", 1)
    signed_id = repository.text(["hash-object", "-t", "commit", "-w", "--stdin"], input=signed)
    assert repository.log(None, signed_id)[0] == 2
    repository.run(["update-ref", "refs/heads/other", head])
    repository.fetch(str(upstream), ["main:refs/sync/main"])
    repository.export(head, tmp_path / "out")
    assert not mark.exists()
    assert repository.blob(repository.write_blob(b"a\r\n")) == b"a\r\n"


def test_no_transport_without_leave(bare: Repository, upstream: Path) -> None:
    with pytest.raises(GitError, match="not allowed"):
        bare.run(["fetch", str(upstream), "main"])
    plain(bare.path, "config", "protocol.file.allow", "always")
    with pytest.raises(GitError, match="not allowed"):
        bare.run(["fetch", str(upstream), "main"])
    with pytest.raises(GitError, match="not allowed"):
        bare.fetch("ext::sh -c true", ["main"])
    with pytest.raises(GitError, match="not allowed"):
        bare.fetch(str(upstream), ["main"], protocols=("https",))


def test_not_a_repository(tmp_path: Path) -> None:
    with pytest.raises(SyncError, match="is not a git repository"):
        Repository(tmp_path).rev_parse("HEAD")


# ---- remotes and partial clones


def test_fetch_and_log(bare: Repository, upstream: Path) -> None:
    bare.fetch(str(upstream), ["refs/heads/main:refs/sync/main"])
    head = bare.rev_parse("refs/sync/main")
    assert head == plain(upstream, "rev-parse", "HEAD")
    count, commits = bare.log(None, head)
    assert count == 2
    assert [subject for _, subject in commits] == ["Give a a value", "Add everything"]
    assert bare.log(commits[1][0], head, limit=0)[0] == 1
    assert bare.log(head, head) == (0, ())
    assert bare.is_ancestor(commits[1][0], head)
    assert not bare.is_ancestor(head, commits[1][0])
    assert bare.run(["tag"]) == b""


def test_failed_fetch_is_the_environments_fault(bare: Repository, tmp_path: Path) -> None:
    with pytest.raises(GitError) as caught:
        bare.fetch(str(tmp_path / "nowhere"), ["main"])
    assert caught.value.exit is Exit.ENVIRONMENT
    assert "nowhere" in caught.value.message


def test_ls_remote(upstream: Path) -> None:
    refs = ls_remote(str(upstream), "refs/heads/*", "refs/tags/v1*")
    head = plain(upstream, "rev-parse", "HEAD")
    assert refs["refs/heads/main"] == head
    assert refs["refs/tags/v1^{}"] == head
    with pytest.raises(GitError):
        ls_remote(str(upstream / "nowhere"))


def test_partial_clone_is_offline_until_told(bare: Repository, upstream: Path) -> None:
    url = f"file://{upstream}"
    bare.fetch(url, ["main:refs/sync/main"], filter="blob:none")
    ids = {entry.path: entry.id for entry in bare.ls_tree("refs/sync/main")}
    assert bare.missing(ids.values()) == tuple(sorted(ids.values()))
    assert not bare.has(ids["src/a.c"])
    head = bare.rev_parse("refs/sync/main")
    assert bare.has_all([head, bare.rev_parse(head, "tree")])
    assert not bare.has_all([head, ids["src/a.c"]]) and not bare.has_all(["1" * 40, head])
    with pytest.raises(SyncError, match=f"blob {ids['src/a.c']} is not in"):
        bare.blob(ids["src/a.c"])
    assert bare.fetch_missing(url, [ids["src/a.c"], ids["link"]]) == 2
    assert bare.fetch_missing(url, [ids["src/a.c"]]) == 0
    assert bare.blob(ids["src/a.c"]) == b"int a = 1;\n"
    assert bare.has_all([head, ids["src/a.c"], ids["link"]])
    assert not bare.has(ids["run.sh"])
    tree = bare.write_tree("refs/sync/main", {"src/b.c": ("100644", bare.write_blob(b"b"))})
    assert [entry.path for entry in bare.ls_tree(tree)] == [
        "link",
        "run.sh",
        "src/a.c",
        "src/b.c",
        "src/naïve.c",
    ]
    with pytest.raises(GitError) as caught:
        bare.fetch_missing(url, ["1" * 40])
    assert caught.value.exit is Exit.ENVIRONMENT
    assert url not in (bare.path / "config").read_text()


def test_what_a_commit_says_of_itself_needs_no_blob(bare: Repository, upstream: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(50))
    (upstream / "old.c").write_text(text)
    commit(upstream, "Add old.c")
    (upstream / "old.c").unlink()
    (upstream / "new.c").write_text(text + "and one more\n")
    commit(upstream, "Rename old.c")
    bare.fetch(f"file://{upstream}", ["main:refs/sync/main"], filter="blob:none")
    head = bare.rev_parse("refs/sync/main")
    assert bare.date(head) == bare.date("refs/sync/main~1")
    assert bare.describe(head, "%P %s") == f"{bare.rev_parse('refs/sync/main~1')} Rename old.c"
    ids = {entry.id for entry in bare.ls_tree(head)}
    assert set(bare.missing(ids)) == ids


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_folder_serves_blobs_whatever_it_is_set_to_and_need_not_have_all(
    bare: Repository, upstream: Path, tmp_path: Path, scheme: str
) -> None:
    url = f"{scheme}{upstream}"
    plain(upstream, "config", "uploadpack.allowFilter", "false")
    lost = plain(upstream, "rev-parse", "main:run.sh")
    stored = upstream / ".git/objects" / lost[:2] / lost[2:]
    stored.rename(tmp_path / lost)
    bare.fetch(url, ["main:refs/sync/main"], filter="blob:none")
    ids = {entry.path: entry.id for entry in bare.ls_tree("refs/sync/main")}
    assert bare.fetch_missing(url, [ids["src/a.c"]]) == 1
    assert bare.missing(ids.values()) == tuple(sorted(set(ids.values()) - {ids["src/a.c"]}))
    with pytest.raises(GitError, match="1 blobs") as caught:
        bare.fetch_missing(url, [lost])
    assert caught.value.exit is Exit.ENVIRONMENT
    (tmp_path / lost).rename(stored)
    (upstream / "own.c").write_bytes(b"int own;\n")
    commit(upstream, "Add a file")
    bare.fetch(url, ["main:refs/sync/whole"])
    assert bare.blob(bare.rev_parse("refs/sync/whole:own.c", "blob")) == b"int own;\n"


def test_depth(bare: Repository, upstream: Path) -> None:
    bare.fetch(f"file://{upstream}", ["main:refs/sync/main"], depth=1)
    assert bare.log(None, "refs/sync/main")[0] == 1


# ---- objects


def test_rev_parse_names_what_is_unknown(bare: Repository, upstream: Path) -> None:
    for rev in ("main", "1" * 40, "--help", ""):
        with pytest.raises(SyncError, match=f"{rev} is not a commit in "):
            bare.rev_parse(rev)
    bare.fetch(str(upstream), ["main:refs/sync/main"])
    assert bare.rev_parse("refs/sync/main:src", "tree")
    with pytest.raises(SyncError, match="is not a commit"):
        bare.rev_parse("refs/sync/main:src")


def test_blobs_are_exact(bare: Repository) -> None:
    contents = [b"", b"\n", b"a\r\nb", bytes(range(256)), b"hello\n"]
    ids = [bare.write_blob(data) for data in contents]
    assert ids[-1] == HELLO == blob_id(b"hello\n")
    assert bare.blobs(ids) == dict(zip(ids, contents, strict=True))
    tree = bare.write_tree(None, {})
    with pytest.raises(SyncError, match="is a tree, not a blob"):
        bare.blob(tree)
    with pytest.raises(SyncError, match=f"blob {'1' * 40} is not in"):
        bare.blobs([HELLO, "1" * 40])


def test_write_tree_changes_only_what_it_is_told(bare: Repository) -> None:
    base = tree_of(bare, {"a": b"1", "d/b": b"2", "d/c": b"3", "é/ü": b"4"})
    blob = bare.write_blob(b"5")
    changed = bare.write_tree(base, {"d/b": None, "a": ("100755", blob), "ñ": ("100644", blob)})
    assert [(c.status, c.path, c.new_mode) for c in bare.diff_tree(base, changed)] == [
        ("M", "a", "100755"),
        ("D", "d/b", "000000"),
        ("A", "ñ", "100644"),
    ]
    file_to_folder = bare.write_tree(base, {"a/x": ("100644", blob), "a": None})
    assert [e.path for e in bare.ls_tree(file_to_folder)] == ["a/x", "d/b", "d/c", "é/ü"]
    assert bare.write_tree(base, {"a/x": ("100644", blob)}) == file_to_folder
    for path in (".git/hooks/x", "../x", "/x", "d/.GIT/x"):
        with pytest.raises(SyncError, match="unsafe path"):
            bare.write_tree(base, {path: ("100644", blob)})


def test_commit_is_reproducible(bare: Repository) -> None:
    tree = tree_of(bare, {"a": b"1"})
    made = [
        bare.commit_tree(tree, [], "Sübject\n", "Zoë <z@example.com>", "1700000000 +0130")
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert bare.text(["log", "-1", "--format=%an|%ae|%ai|%cn|%s", made[0]]) == (
        "Zoë|z@example.com|2023-11-14 23:43:20 +0130|Zoë|Sübject"
    )


def merge(
    bare: Repository, base: str, ours: str, theirs: str, names: tuple[str, str] = ("o", "t")
) -> MergeResult:
    return bare.merge_trees([(base, ours, theirs)], names)[0]


def test_merge_tree(bare: Repository) -> None:
    text = b"".join(b"%d\n" % n for n in range(20))
    base = tree_of(bare, {"f": text, "g": b"same\n"})
    ours = tree_of(bare, {"f": text.replace(b"1\n", b"one\n", 1), "g": b"same\n"})
    theirs = tree_of(bare, {"f": text.replace(b"18\n", b"eighteen\n"), "g": b"same\n"})
    merged = merge(bare, base, ours, theirs)
    assert merged.clean and merged.conflicts == () and merged.messages == ()
    entries = {entry.path: entry.id for entry in bare.ls_tree(merged.tree)}
    both = text.replace(b"1\n", b"one\n", 1).replace(b"18\n", b"eighteen\n")
    assert bare.blob(entries["f"]) == both
    other = tree_of(bare, {"f": text.replace(b"1\n", b"uno\n", 1)})
    clash = merge(bare, base, ours, other)
    assert not clash.clean
    assert clash.conflicts == ("f",)
    assert len(clash.messages) == 1 and "Merge conflict in f" in clash.messages[0]
    assert merge(bare, base, base, theirs).tree == theirs
    gone = tree_of(bare, {"g": b"same\n"})
    assert merge(bare, base, gone, theirs, ("A", "B")).messages == (
        "CONFLICT (modify/delete): f deleted in A and modified in B",
    )


def test_merge_follows_a_renamed_file_but_not_a_renamed_folder(bare: Repository) -> None:
    text = b"".join(b"%d\n" % n for n in range(20))
    base = tree_of(bare, {"d/a": text, "d/b": text + b"b\n"})
    ours = tree_of(bare, {"e/a": text, "e/b": text + b"b\n"})
    theirs = tree_of(bare, {"d/a": text, "d/b": text + b"c\n", "d/n": b"new\n"})
    merged = merge(bare, base, ours, theirs)
    assert merged.clean
    entries = {entry.path: entry.id for entry in bare.ls_tree(merged.tree)}
    assert sorted(entries) == ["d/n", "e/a", "e/b"]
    assert bare.blob(entries["e/b"]) == text + b"c\n"


def test_diff_tree_finds_renames(bare: Repository) -> None:
    text = b"".join(b"line %d\n" % n for n in range(50))
    old = tree_of(bare, {"a/x.c": text, "b": b"1"})
    new = tree_of(bare, {"c/é.c": text + b"more\n", "b": ("100755", b"1")})
    assert [(c.status, c.old_path, c.path) for c in bare.diff_tree(old, new)] == [
        ("M", "b", "b"),
        ("R", "a/x.c", "c/é.c"),
    ]
    plain_changes = bare.diff_tree(old, new, renames=None)
    assert [c.status for c in plain_changes] == ["D", "M", "A"]


# ---- export


def test_export_is_exact(upstream: Path, tmp_path: Path) -> None:
    # Attributes would have git itself convert, expand or leave out files here.
    attributes = b"* text eol=crlf\nrun.sh export-ignore export-subst\n"
    (upstream / ".git" / "info").mkdir(exist_ok=True)
    (upstream / ".git" / "info" / "attributes").write_bytes(attributes)
    repository = Repository(upstream)
    blob = repository.write_blob(attributes)
    tree = repository.write_tree("HEAD", {".gitattributes": ("100644", blob)})
    out = tmp_path / "out"
    mask = os.umask(0o077)
    try:
        assert repository.export(tree, out) == 5
    finally:
        os.umask(mask)
    assert (out / "src" / "a.c").read_bytes() == b"int a = 1;\n"
    assert (out / "src" / "naïve.c").read_bytes() == b"int n;\r\n"
    assert stat.S_IMODE((out / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((out / "src" / "a.c").stat().st_mode) == 0o644
    assert (out / "link").readlink() == Path("src/a.c")
    with pytest.raises(SyncError, match="not empty"):
        repository.export(tree, out)


def test_export_some(upstream: Path, tmp_path: Path) -> None:
    repository = Repository(upstream)
    assert repository.export("HEAD", tmp_path / "out", ["src/a.c"]) == 1
    assert [p.name for p in (tmp_path / "out").rglob("*")] == ["src", "a.c"]
    with pytest.raises(SyncError, match=r"src/b\.c is not in HEAD"):
        repository.export("HEAD", tmp_path / "other", ["src/b.c"])


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", ".git. ", ".g\u200cit", "git~1", "a\\b"])
def test_export_refuses_hostile_names(bare: Repository, tmp_path: Path, name: str) -> None:
    blob = bare.write_blob(b"x")
    inner = raw_tree(bare, ("100644", "blob", blob, "config"))
    tree = raw_tree(bare, ("040000", "tree", inner, name))
    with pytest.raises(SyncError, match="unsafe path"):
        bare.export(tree, tmp_path / "out")
    assert not (tmp_path / "config").exists()
    assert not (tmp_path / "out").exists()


def test_export_refuses_names_that_differ_in_case(bare: Repository, tmp_path: Path) -> None:
    for files in (
        {"a/File": b"1", "a/file": b"2"},
        {"A/x": b"1", "a/y": b"2"},
        {"\u00e9": b"1", "e\u0301": b"2"},
    ):
        with pytest.raises(SyncError, match="differ only in case"):
            bare.export(tree_of(bare, dict(files)), tmp_path / "out")
    check_paths(["a/b", "a/c", "b"])
    with pytest.raises(SyncError, match="unsafe path"):
        check_paths(["/etc/passwd"])


def test_export_refuses_a_path_that_is_there_twice(bare: Repository, tmp_path: Path) -> None:
    blob = bare.write_blob(b"/etc")
    inner = raw_tree(bare, ("100644", "blob", blob, "x"))
    for entries in (
        [("120000", "blob", blob, "a"), ("040000", "tree", inner, "a")],
        [("040000", "tree", inner, "a"), ("120000", "blob", blob, "a")],
        [("100644", "blob", blob, "a"), ("100644", "blob", blob, "a")],
    ):
        with pytest.raises(SyncError, match=r"path 'a(/x)?' is there twice"):
            bare.export(raw_tree(bare, *entries), tmp_path / "out")


@pytest.mark.parametrize("name", ["0", "z"])
@pytest.mark.parametrize(
    "link", ["/etc/passwd", "../x", "a/../../x", "deep/er/p/../x", "{out}/a/b"]
)
def test_export_refuses_links_that_lead_outside(
    bare: Repository, tmp_path: Path, name: str, link: str
) -> None:
    link = link.format(out=tmp_path / "out")
    files: dict[str, bytes | tuple[str, bytes]] = {
        "a/b": b"1",
        "deep/er/p": ("120000", b"../.."),
        name: ("120000", link.encode()),
    }
    with pytest.raises(SyncError, match=f"{name} is a symbolic link that leads outside"):
        bare.export(tree_of(bare, files), tmp_path / "out")
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))


def test_export_makes_an_empty_folder_of_a_submodule(bare: Repository, tmp_path: Path) -> None:
    tree = raw_tree(bare, ("160000", "commit", "1" * 40, "sub"))
    assert bare.export(tree, tmp_path / "out") == 0
    assert list((tmp_path / "out" / "sub").iterdir()) == []
