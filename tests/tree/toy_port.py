"""A toy port: an upstream with a Makefile that lists, and one component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncer.git import Repository, init_bare
from syncer.model import Pin, Rebased, Resolved
from syncer.port import Port, load_port

MAKEFILE = """\
DOWNLOADS := downloads
CHECK := $(shell echo "downloads/lib already exists, skipping the download." >&2)
sources:
\t@echo $(wildcard src/*.cc)
headers:
\t@echo $(wildcard src/*.h) LICENSE
third:
\t@echo $(shell find $(DOWNLOADS)/lib -name "*.c")
"""

UPSTREAM = {
    "Makefile": MAKEFILE.encode(),
    "LICENSE": b"upstream's terms\n",
    "src/a.cc": b"int a;\n",
    "src/a_test.cc": b"int test;\n",
    "src/a.h": b"extern int a;\n",
    "bench/bench.cc": b"int main() { return 0; }\n",
    "models/m.tflite": b"\0\0\0\0TFL3" + bytes(range(8, 40)),
}
COMPONENT = {"Source/c.c": b"int c;\n", "Docs/big.md": b"#" * 1000, "LICENSE": b"theirs\n"}

PORT = """
[port]
name = "toy"
[upstream]
name = "up"
url = "https://example.invalid/up"
[[component]]
name = "lib"
url = "https://example.invalid/lib"
pin = { file = "Makefile", pattern = '(DOWNLOADS)' }
path = "lib"
only = ["Source/*", "LICENSE"]
[tree]
makefile = "Makefile"
downloads = "downloads"
goals = ["sources", "headers", "third"]
variables = { MORE = "" }
expected_output = ['already exists, skipping the download\\.$']
exclude = ["*_test.cc"]
include_dirs = [".", "third_party/lib"]
[[tree.array]]
from = "models/m.tflite"
to = "models/m_data"
symbol = "g_m"
[[tree.own]]
from = "port/src"
to = "port"
[[tree.template]]
from = "port/CMakeLists.txt.jinja"
to = "CMakeLists.txt"
[build]
boards = ["toy"]
toolchain = { prefix = "", minimum = "1", packages = "gcc" }
[build.sdk]
name = "sdk"
variable = "SDK"
board_variable = "BOARD"
version = "1.0"
version_file = "version"
version_pattern = '(\\d+)'
[build.memories]
flash = [{ start = 0, length = 0x40000000 }]
[[firmware]]
name = "bench"
kind = "benchmark"
sources = ["bench/bench.cc", "models/m_data.cc"]
[publish]
branch = "sync/up"
"""

TEMPLATE = """\
# {{ upstream.commit }}
{% for source in sources %}
{{ source }}
{% endfor %}
{% for spec in firmware %}
{{ spec.name }}: {{ spec.sources | join(" ") }}
{% endfor %}
"""


def commit(repo: Repository, files: Mapping[str, bytes]) -> tuple[str, str]:
    """(commit, tree) of a commit that holds just these files."""
    changes = {path: ("100644", repo.write_blob(data)) for path, data in files.items()}
    tree = repo.write_tree(None, changes)
    return repo.commit_tree(tree, message="state"), tree


@dataclass(frozen=True)
class Toy:
    """A port's folder and the repositories it is made of."""

    folder: Path
    repositories: dict[str, Repository]

    def port(self, old: str = "", new: str = "") -> Port:
        assert old in PORT
        file = self.folder / "port" / "port.toml"
        file.write_text(PORT.replace(old, new, 1) if old else PORT)
        return load_port(file)

    def at(
        self, upstream: Mapping[str, bytes] = UPSTREAM, component: Mapping[str, bytes] = COMPONENT
    ) -> tuple[Resolved, Rebased]:
        pins, trees = [], {}
        for name, files in (("up", upstream), ("lib", component)):
            made, tree = commit(self.repositories[name], files)
            pins.append(Pin(name, f"https://example.invalid/{name}", made, tree))
            trees[name] = tree
        return Resolved(pins[0], (pins[1],), ()), Rebased(trees)


def make_toy(folder: Path) -> Toy:
    (folder / "port" / "src").mkdir(parents=True)
    (folder / "port" / "src" / "clock.cc").write_text("int clock_;\n")
    (folder / "port" / "CMakeLists.txt.jinja").write_text(TEMPLATE)
    return Toy(folder, {name: init_bare(folder / f"{name}.git") for name in ("up", "lib")})
