"""GitHub's own description of its API, cut to what is used here.

It comes from the npm registry at test time, into the user's cache, and is never committed. `FAULTS`
lists where it is wrong: each is corrected in memory, and nothing else in it is touched.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

PACKAGE, VERSION = "@octokit/openapi", "23.0.2"
MEMBER = "package/generated/api.github.com.json"
REPO = "/repos/{owner}/{repo}"
OPERATIONS = {
    REPO: ("get",),
    f"{REPO}/pulls": ("get", "post"),
    f"{REPO}/pulls/{{pull_number}}": ("get", "patch"),
    f"{REPO}/pulls/{{pull_number}}/requested_reviewers": ("post",),
    f"{REPO}/issues": ("get", "post"),
    f"{REPO}/issues/{{issue_number}}": ("get", "patch"),
    f"{REPO}/issues/{{issue_number}}/labels": ("post",),
    f"{REPO}/issues/{{issue_number}}/labels/{{name}}": ("delete",),
    f"{REPO}/issues/{{issue_number}}/comments": ("get", "post"),
    f"{REPO}/actions/workflows/{{workflow_id}}": ("get",),
    f"{REPO}/actions/workflows/{{workflow_id}}/enable": ("put",),
}

Spec = dict[str, Any]


def _labels_may_be_a_list(spec: Spec) -> None:
    """The request's own text says that a bare array of names is taken; its schema leaves it out,
    and PyGithub, like Octokit's examples, sends one."""
    schema = _request(spec, f"{REPO}/issues/{{issue_number}}/labels", "post")
    schema["oneOf"].append({"type": "array", "items": {"type": "string"}})


def _repositories_have_a_language(spec: Spec) -> None:
    """The example of a repository lacks `language`, which its schema requires."""
    example = spec["components"]["examples"]["full-repository-default-response"]["value"]
    for repository in (example, example["source"]):
        repository.setdefault("language", None)


def _teams_are_whole(spec: Spec) -> None:
    """The examples of pull requests hold a team without `type` and `parent`, which its schema
    requires."""
    examples = spec["components"]["examples"]
    pulls = [examples[name]["value"] for name in ("pull-request", "pull-request-review-request")]
    for pull in [*pulls, *examples["pull-request-simple-items"]["value"]]:
        for team in pull["requested_teams"]:
            team.setdefault("type", "organization")
            team.setdefault("parent", None)


FAULTS: tuple[Callable[[Spec], None], ...] = (
    _labels_may_be_a_list,
    _repositories_have_a_language,
    _teams_are_whole,
)


def _request(spec: Spec, path: str, method: str) -> Any:
    return spec["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]


def description() -> Spec:
    """The description of `OPERATIONS`, with `FAULTS` mended.

    Raises:
        FileNotFoundError: there is no npm, and the cache is empty.
        subprocess.CalledProcessError: the registry does not have it.
    """
    folder = user_cache_path("syncer") / "openapi"
    cut = folder / f"github-{VERSION}-{_key()}.json"
    if not cut.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            part = Path(scratch) / "cut.json"
            part.write_text(json.dumps(_cut(_fetched(Path(scratch))), separators=(",", ":")))
            part.replace(cut)
    spec: Spec = json.loads(cut.read_text())
    for mend in FAULTS:
        mend(spec)
    return spec


def _key() -> str:
    import hashlib

    return hashlib.sha256(json.dumps(OPERATIONS).encode()).hexdigest()[:12]


def _fetched(scratch: Path) -> Spec:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed; ci/setup does that")
    command = [npm, "pack", "--silent", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"npm pack {PACKAGE}@{VERSION}: {done.stderr.strip()[-2000:]}")
    with tarfile.open(next(scratch.glob("*.tgz"))) as archive:
        file = archive.extractfile(MEMBER)
        assert file is not None
        spec: Spec = json.load(file)
        return spec


def _cut(spec: Spec) -> Spec:
    """The operations and what they refer to."""
    paths = {
        path: {
            key: value
            for key, value in spec["paths"][path].items()
            if key in (*methods, "parameters")
        }
        for path, methods in OPERATIONS.items()
    }
    components: dict[str, dict[str, Any]] = {}
    todo = list(_references(paths))
    while todo:
        _, _, kind, name = todo.pop().split("/", 3)
        if name not in components.setdefault(kind, {}):
            components[kind][name] = spec["components"][kind][name]
            todo += _references(components[kind][name])
    return {**{k: spec[k] for k in ("openapi", "info")}, "paths": paths, "components": components}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
