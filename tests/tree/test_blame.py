"""What a tree that cannot be made says of upstream: who deleted, moved or changed what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from toy_port import COMPONENT, MAKEFILE, UPSTREAM, Toy

from syncer.errors import Exit, SyncError
from syncer.lock import Lock
from syncer.model import Pin, Rebased, Resolved
from syncer.stages import Since, blamed
from syncer.tree.generate import generate

Files = Mapping[str, bytes | None]


def step(toy: Toy, name: str, subject: str, changes: Files, parent: str | None = None) -> str:
    repo = toy.repositories[name]
    entries = {
        path: None if data is None else ("100644", repo.write_blob(data))
        for path, data in changes.items()
    }
    tree = repo.write_tree(parent, entries)
    return repo.commit_tree(tree, [parent] if parent else [], subject)


class Line:
    """Upstream before and after one change, with one component."""

    def __init__(self, toy: Toy, subject: str, changes: Files, component: Files | None = None):
        self.toy = toy
        self.base = step(toy, "up", "Begin", UPSTREAM)
        self.change = step(toy, "up", subject, changes, self.base)
        self.new = step(toy, "up", "Something else", {"README": b""}, self.change)
        self.lib = [step(toy, "lib", "Begin", COMPONENT)] * 2
        if component:
            self.lib[1] = step(toy, "lib", subject, component, self.lib[0])

    def since(self, old: str = "", new: str = "", back: bool = False) -> tuple[Since, Rebased]:
        """A roll from the base to the new commit, or back."""
        port, (base, head) = self.toy.port(old, new), (self.base, self.new)
        if back:
            base, head = head, base
        repos = self.toy.repositories
        commits = {"up": head, "lib": self.lib[0] if back else self.lib[1]}
        trees = {name: repos[name].rev_parse(id, "tree") for name, id in commits.items()}
        pins = [
            Pin(name, f"https://example.invalid/{name}", commits[name], trees[name])
            for name in ("up", "lib")
        ]
        resolved, lock = Resolved(pins[0], (pins[1],), ()), Lock(commits={"up": base})
        lock.commits["lib"] = self.lib[1] if back else self.lib[0]
        return Since(port, resolved, lock, repos), Rebased(trees)

    def make(self, old: str = "", new: str = "", back: bool = False) -> SyncError:
        """The error of that roll's tree."""
        since, rebased = self.since(old, new, back)
        folder = self.toy.folder / "work"
        with pytest.raises(SyncError) as caught, blamed(since):
            generate(since.port, since.resolved, rebased, since.repositories, folder)
        return caught.value

    def build(self, said: str, back: bool = False) -> SyncError:
        """The error of that roll's build, where the compiler says something of the tree."""
        tree, log = self.toy.folder / "tree", self.toy.folder / "build.log"
        (tree / "port").mkdir(parents=True, exist_ok=True)
        (tree / "port/clock.cc").write_text('#include "src/a.h"\n#include "c.h"\n')
        log.write_text(f"$ ninja\nFAILED: x.o\n{said.format(tree=tree)}\n")
        since, _ = self.since(back=back)
        with pytest.raises(SyncError) as caught, blamed(since, tree=tree, log=log):
            raise SyncError("ninja failed with exit 1", exit=Exit.BUILD)
        return caught.value


EXTRA = ('exclude = ["*_test.cc"]', 'exclude = ["*_test.cc"]\nextra = ["bench/*.cc"]')


def test_a_file_that_was_moved(toy: Toy) -> None:
    moved = {"models/m.tflite": None, "data/model.tflite": UPSTREAM["models/m.tflite"]}
    line = Line(toy, "Models live in data", moved)
    error = line.make()
    assert error.exit is Exit.CONFLICT
    assert "tree.array.from: upstream has no file models/m.tflite" in error.message
    assert f"it was deleted with up {line.change[:12]} (1970-01-01, Models live in" in error.message
    assert "It may be data/model.tflite now" in error.hint


def test_a_pattern_that_matches_nothing_any_more(toy: Toy) -> None:
    line = Line(toy, "Drop the benchmark", {"bench/bench.cc": None})
    error = line.make(*EXTRA)
    assert error.exit is Exit.CONFLICT
    assert "nothing of upstream's matches 'bench/*.cc'; it was deleted with up" in error.message
    assert line.change[:12] in error.message


def test_a_file_that_an_older_upstream_has_not_yet(toy: Toy) -> None:
    line = Line(toy, "Add a benchmark", {"bench/new.cc": b"int main() { return 0; }\n"})
    error = line.make('"bench/bench.cc"', '"bench/new.cc"', back=True)
    assert error.exit is Exit.CONFLICT
    assert f"bench/new.cc is neither upstream's nor the port's; it came with up {line.change[:12]}"
    assert f"Roll to --upstream {line.change[:12]} or newer" in error.hint


def test_a_file_that_never_was(toy: Toy) -> None:
    line = Line(toy, "Anything", {"README": b"x"})
    error = line.make('"bench/bench.cc"', '"bench/typo.cc"')
    assert error.exit is Exit.BAD_INPUT
    assert error.message.endswith("bench/typo.cc is neither upstream's nor the port's")


def test_a_goal_that_is_gone(toy: Toy) -> None:
    line = Line(toy, "Other goals", {"Makefile": MAKEFILE.replace("third:", "fourth:").encode()})
    error = line.make()
    assert error.exit is Exit.BUILD
    assert (
        f"Makefile: exit 2; upstream changed Makefile with up {line.change[:12]}" in error.message
    )
    assert "No rule to make target" in error.detail


def test_a_makefile_that_reads_what_is_gone(toy: Toy) -> None:
    """The commit that deleted it, not the last one that touched the makefile."""
    reading = {"Makefile": f"include mk/more.inc\n{MAKEFILE}".encode(), "mk/more.inc": b""}
    line = Line(toy, "Begin to read", reading)
    line.base = line.new
    line.change = step(toy, "up", "Drop mk", {"mk/more.inc": None}, line.new)
    line.new = step(toy, "up", "Other", {"Makefile": reading["Makefile"] + b"# x\n"}, line.change)
    error = line.make()
    assert f"it was deleted with up {line.change[:12]} (1970-01-01, Drop mk)" in error.message


def test_a_file_that_the_port_leaves_out(toy: Toy) -> None:
    reading = {"Makefile": f"include mk/more.inc\n{MAKEFILE}".encode(), "mk/more.inc": b""}
    only = '[upstream]\nonly = ["Makefile", "LICENSE", "src/*", "bench/*", "models/*"]'
    error = Line(toy, "Begin to read", reading).make("[upstream]", only)
    assert error.exit is Exit.BUILD
    assert "mk/more.inc is up's, but upstream.only leaves it out" in error.message
    assert error.hint == "Add it to upstream.only in port.toml."


def test_a_header_that_was_moved(toy: Toy) -> None:
    line = Line(toy, "Headers to include", {"src/a.h": None, "include/a.h": UPSTREAM["src/a.h"]})
    error = line.build("{tree}/port/clock.cc:1:10: fatal error: src/a.h: No such file or directory")
    assert error.exit is Exit.CONFLICT
    assert "failed with exit 1: port/clock.cc:1:10: fatal error: src/a.h" in error.message
    assert f"it was deleted with up {line.change[:12]}" in error.message
    assert "It may be include/a.h now" in error.hint


def test_a_components_header_that_was_deleted(toy: Toy) -> None:
    line = Line(toy, "Drop c.h", {"x": b""}, {"c.h": None})
    line.lib[0] = step(toy, "lib", "Begin", {**COMPONENT, "c.h": b"int c;\n"})
    line.lib[1] = step(toy, "lib", "Drop c.h", {"c.h": None}, line.lib[0])
    error = line.build("{tree}/port/clock.cc:2:10: fatal error: c.h: No such file or directory")
    assert f"it was deleted with lib {line.lib[1][:12]}" in error.message


def test_a_header_that_was_changed(toy: Toy) -> None:
    line = Line(toy, "Another type", {"src/a.h": b"extern long a;\n"})
    (toy.folder / "tree/src").mkdir(parents=True)
    (toy.folder / "tree/src/a.h").write_text("extern long a;\n")
    error = line.build("{tree}/port/clock.cc:9:1: error: conflicting declaration 'int a'")
    assert error.exit is Exit.BUILD
    assert f"; upstream changed src/a.h with up {line.change[:12]}" in error.message
    error = line.build(
        "{tree}/port/clock.cc:9:1: error: conflicting declaration 'int a'", back=True
    )
    assert f"; src/a.h is without up {line.change[:12]}" in error.message
    assert f"Roll to --upstream {line.change[:12]} or newer" in error.hint


def test_a_components_file(toy: Toy) -> None:
    line = Line(toy, "Licence elsewhere", {"x": b""}, {"LICENSE": None, "Source/d.c": b"int d;\n"})
    error = line.make()
    assert error.exit is Exit.CONFLICT
    assert "component.lib.license" in error.message
    assert f"it was deleted with lib {line.lib[1][:12]}" in error.message


def test_without_an_accepted_roll_the_beginning_of_history_counts(toy: Toy, tmp_path: Path) -> None:
    line = Line(toy, "Drop the model", {"models/m.tflite": None})
    line.base = "f" * 40
    assert line.change[:12] in line.make().message
