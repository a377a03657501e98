"""port.toml: what is read, and what a person is told when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncer.errors import SyncError
from syncer.port import find_port, load_port

GOOD = """
[port]
name = "toy"
[upstream]
name = "up"
url = "https://example.invalid/up"
[[component]]
name = "lib"
url = "https://example.invalid/lib"
pin = { file = "pins.sh", pattern = 'PIN="(\\w+)"' }
path = "lib"
only = ["Source/*"]
[[override]]
component = "lib"
path = "Source/a.c"
source = "port/a.c"
shadows = "0123456789012345678901234567890123456789"
[tree]
makefile = "Makefile"
downloads = "downloads"
goals = ["list"]
[[tree.own]]
from = "port/src"
to = "port"
[build]
boards = ["toy"]
toolchain = { prefix = "arm-none-eabi-", minimum = "12", packages = "gcc-arm-none-eabi" }
[build.sdk]
name = "sdk"
variable = "SDK"
board_variable = "BOARD"
version = "1.0"
version_file = "v"
version_pattern = '(\\d+)'
[build.memories]
flash = [{ start = 0x10000000, length = 4096 }]
ram = []
[[firmware]]
name = "bench"
kind = "benchmark"
sources = ["bench.cc"]
[[firmware]]
name = "check"
kind = "check"
sources = ["check.cc"]
[[benchmark]]
name = "m"
firmware = "bench"
check = "check"
tag = "Run(1)"
inference = 0
until = "done"
model = "m.tflite"
inputs = []
[publish]
branch = "sync/up"
"""


def write(folder: Path, text: str = GOOD) -> Path:
    file = folder / "port" / "port.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_reads_a_port(tmp_path: Path) -> None:
    port = load_port(write(tmp_path))
    assert port.name == "toy"
    assert port.root == tmp_path
    assert port.state == tmp_path / ".sync" / "toy"
    assert port.lock_file == tmp_path / "port" / "sync.lock"
    assert port.toml.tree.own[0].from_ == "port/src"
    assert port.toml.patches.context == 3
    assert port.needs("lib", "Source/deep/a.c")
    assert not port.needs("lib", "Docs/a.md")
    assert port.needs("up", "anything")


def test_one_program_may_print_both_times_and_checksums(tmp_path: Path) -> None:
    port = load_port(write(tmp_path, GOOD.replace('check = "check"', 'check = "bench"')))
    assert port.toml.benchmark[0].check == "bench"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "toy"', 'name = "toy"\ncolour = "red"', "port.colour: unknown key"),
        ('name = "toy"', "", "port.name: missing"),
        ('name = "toy"', "name = 7", "port.name: Input should be a valid string, not 7"),
        ('path = "lib"', 'path = "../lib"', "component.0.path: must be a relative path"),
        ('path = "lib"', 'path = "/lib"', "component.0.path: must be a relative path"),
        ('(\\w+)"', '\\w+"', "component.0.pin: must have exactly one group"),
        ('kind = "check"', 'kind = "chekc"', "firmware.1.kind"),
        ('shadows = "01', 'shadows = "x1', "override.0.shadows: must be a blob id"),
        (
            'component = "lib"',
            'component = "bil"',
            "override.component: 'bil' is not one of up, lib",
        ),
        ('check = "check"', 'check = "chekc"', "no firmware of kind check is named 'chekc'"),
        ("inputs = []", 'inputs = ["a"]\nseed = 1', "benchmark.m: `inputs` or a `seed`, not both"),
        ("inputs = []", "seed = 4294967296", "benchmark.0.seed: Input should be less than"),
        ('name = "check"', 'name = "bench"', "firmware.name: 'bench' stands there twice"),
        ('name = "toy"', 'name = "toy"\nroot = "nowhere"', "which does not hold port.toml"),
        ("[publish]", "[publish", "not valid TOML"),
        ('kind = "check"', 'kind = "check"\nuntil = "x"', "firmware.check: `until` and `expect`"),
        (
            'kind = "check"',
            'kind = "check"\nuntil = "x"\nexpect = ["x"]',
            "firmware.check.expect: only of an example, not of a check",
        ),
        (
            'kind = "check"',
            'kind = "example"\nuntil = "x"\nexpect = ["("]',
            "firmware.1.expect.0: is no regular expression",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_key(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(SyncError) as caught:
        load_port(file)
    text = f"{caught.value.message}\n{caught.value.detail}"
    assert str(file) in caught.value.message
    assert said.split(": ")[-1] in text
    assert said.split(":")[0] in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gates]\ncycles = { percent = -1 }", "gates.cycles.percent: must be a percentage"),
        ("[gates]\ncycles = { percent = nan }", "gates.cycles.percent"),
        ("[gates]\nmemory = { bytes = -1 }", "gates.memory.bytes: must be at least 0"),
        ("[gates]\nmemory = { bytes = 1.5 }", "gates.memory.bytes: Input should be a valid int"),
        ("[gates]\nspeed = { percent = 1 }", "gates.speed: unknown key"),
        ("[gates]\ncycles = { bytes = 9 }", "gates.cycles: takes percent only"),
        (
            "[gates.model.m]\nlayers = { SOFTMAX = { bytes = 9 } }",
            "gates.model.m.layers.SOFTMAX: takes percent only",
        ),
        (
            "[gates.model.vision]\ncycles = { percent = 1 }",
            "gates.model: no benchmark is named 'vision' (there is: m)",
        ),
        ("[gates.model.m]\nlayers = 3", "gates.model.m.layers"),
    ],
)
def test_a_gate_that_cannot_hold_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path, f"{GOOD}{text}\n")
    with pytest.raises(SyncError) as caught:
        load_port(file)
    assert said in f"{caught.value.message}\n{caught.value.detail}"


def test_gates_of_a_model_and_of_its_layers(tmp_path: Path) -> None:
    text = (
        "[gates]\nmemory = { percent = 3 }\n[gates.model.m]\ncycles = { percent = 1.5 }\n"
        'layers = { "3/CONV_2D" = { percent = 4 }, SOFTMAX = { percent = 9 } }\n'
    )
    gates = load_port(write(tmp_path, GOOD + text)).toml.gates
    assert (gates.cycles_of("m").percent, gates.cycles_of("other").percent) == (1.5, 2.0)
    assert gates.memory_of("m").percent == 3.0
    layers = [gates.layer_of("m", name) for name in ("3/CONV_2D", "7/SOFTMAX", "4/CONV_2D")]
    assert [limit and limit.percent for limit in layers] == [4.0, 9.0, None]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace('goals = ["list"]', "goals = 3").replace('"done"', "4"))
    with pytest.raises(SyncError) as caught:
        load_port(file)
    assert "2 mistakes" in caught.value.message
    assert "tree.goals" in caught.value.detail
    assert "benchmark.0.until" in caught.value.detail


def test_a_symlink_out_of_the_root_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    port = load_port(write(inside))
    (inside / "link").symlink_to(tmp_path)
    with pytest.raises(SyncError, match="leads outside"):
        port.at("link/secret")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SyncError, match="No such file"):
        load_port(tmp_path / "port.toml")


def test_finds_the_port_from_a_folder_below(tmp_path: Path) -> None:
    file = write(tmp_path)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_port(below) == file
    assert find_port(tmp_path / "port") == file
