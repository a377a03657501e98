"""An override whose upstream file changed or moved: what is shown, and what can be decided."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from worlds import World, make_world

from syncer.cli.app import run
from syncer.errors import Exit
from syncer.git import blob_id

MATRIX = "Source/NNSupportFunctions/arm_nn_mat_mult_nt_t_s8.c"
OLD_PLACE = "Source/ConvolutionFunctions/arm_depthwise_conv_3x3_s8.c"
NEW_PLACE = "Source/ConvolutionFunctions/arm_depthwise_conv_s8_3x3.c"
TOML = "ci/miniature/port.toml"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("drift"))


@pytest.fixture
def world(once: World) -> Iterator[World]:
    with once.kept():
        yield once


def sync(world: World, *arguments: str) -> int:
    return run([*arguments, "--port", str(world.port.file)])


def drifted(world: World) -> None:
    outcome = world.roll("shadowed-changed", until="rebase")
    assert outcome.error is not None and outcome.error.exit is Exit.CONFLICT
    assert f"sync overrides accept {MATRIX}" in outcome.error.hint
    assert "+    if (rhs_cols < 1)" in outcome.error.detail


def test_accept_pins_the_new_blob_and_keeps_every_comment(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    drifted(world)
    before = world.at(TOML).read_text()
    (override,) = (o for o in world.port.toml.override if o.path == MATRIX)
    ours = world.port.read(override.source)
    assert sync(world, "overrides", "list") == Exit.OK
    assert "+    if (rhs_cols < 1)" in capsys.readouterr().out
    assert sync(world, "overrides", "accept", MATRIX) == Exit.OK
    after = world.at(TOML).read_text()
    (now,) = (o for o in world.port.toml.override if o.path == MATRIX)
    assert after == before.replace(override.shadows, now.shadows) != before
    assert world.port.read(override.source) == ours
    assert sync(world, "continue") == Exit.OK
    assert sync(world, "overrides", "accept", "--all") == Exit.OK
    assert "No override drifted" in capsys.readouterr().out


def test_merge_into_a_file_and_take_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    clone_blob = next(o for o in world.port.toml.override if o.path == MATRIX).shadows
    source = next(o for o in world.port.toml.override if o.path == MATRIX).source
    drifted(world)
    upstream = world.clone("cmsis_nn").blob(clone_blob)
    # An override near to upstream's file, so that the change fits.
    ours = upstream.replace(b"#include", b"// ours\n#include", 1)
    world.at(source).write_bytes(ours)
    assert world.roll("shadowed-changed", until="rebase").error is not None
    assert sync(world, "overrides", "merge", MATRIX, "--take") == Exit.BAD_INPUT
    assert "has not been merged" in capsys.readouterr().err
    assert sync(world, "overrides", "merge", MATRIX) == Exit.OK
    assert world.at(source).read_bytes() == ours
    merged = world.port.state / "overrides" / "cmsis_nn" / MATRIX
    text = merged.read_bytes()
    assert b"// ours\n" in text and b"rhs_cols < 1" in text
    merged.write_bytes(b"<<<<<<< ours\n" + text)
    assert sync(world, "overrides", "merge", MATRIX, "--take") == Exit.CONFLICT
    merged.write_bytes(text)
    assert sync(world, "overrides", "merge", MATRIX, "--take") == Exit.OK
    assert world.at(source).read_bytes() == text
    new = next(o for o in world.port.toml.override if o.path == MATRIX).shadows
    assert new != clone_blob and b"rhs_cols < 1" in world.clone("cmsis_nn").blob(new)
    assert blob_id(text) != new


def test_a_moved_file_is_named_and_can_be_followed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = world.roll("renamed-shadowed", until="rebase")
    assert outcome.error is not None
    assert f"--moved-to {NEW_PLACE}" in outcome.error.hint
    assert sync(world, "overrides", "accept", OLD_PLACE) == Exit.BAD_INPUT
    assert "no longer has" in capsys.readouterr().err
    assert sync(world, "overrides", "accept", OLD_PLACE, "--moved-to", "../x.c") == Exit.BAD_INPUT
    assert sync(world, "overrides", "accept", OLD_PLACE, "--moved-to", "no.c") == Exit.BAD_INPUT
    assert sync(world, "overrides", "accept", OLD_PLACE, "--moved-to", NEW_PLACE) == Exit.OK
    assert NEW_PLACE in {override.path for override in world.port.toml.override}
    assert sync(world, "continue") == Exit.OK


def test_wrong_inputs(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert sync(world, "overrides", "accept") == Exit.USAGE
    assert sync(world, "overrides", "accept", "a", "--all") == Exit.USAGE
    assert world.roll("base", until="rebase").error is None
    assert sync(world, "overrides", "merge", MATRIX) == Exit.BAD_INPUT
    assert "has not changed upstream" in capsys.readouterr().err
    assert sync(world, "overrides", "merge", "Source/NNSupport/x.c") == Exit.BAD_INPUT
    assert "is no override" in capsys.readouterr().err
