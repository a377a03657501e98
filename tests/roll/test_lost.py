"""Every way of losing a port's work, each tried on a whole roll: it stops and names what."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from worlds import World

from syncer.cli.app import run
from syncer.errors import Exit, SyncError
from syncer.lock import load_lock
from syncer.model import Verdict
from syncer.pipeline import Outcome
from syncer.queue.mail import create_patch, encode
from syncer.report import status
from syncer.report.view import headline, remarks

pytestmark = pytest.mark.slow

TOML = "ci/miniature/port.toml"
NN = "Source/ConvolutionFunctions"
DEPTHWISE = f"{NN}/arm_depthwise_conv_3x3_s8.c"
OURS = "port/rp2040/kernels/arm_depthwise_conv_3x3_s8.c"
POOL = "Source/PoolingFunctions/arm_avgpool_s8.c"
WIDEN = "Source/NNSupportFunctions/arm_q7_to_q15_with_offset.c"
PIN = "tensorflow/lite/micro/tools/make/ext_libs/cmsis_nn_download.sh"


def stopped(outcome: Outcome, exit: Exit, stage: str) -> SyncError:
    assert outcome.error is not None
    assert outcome.error.exit is exit, outcome.error
    assert {r.name: r.verdict for r in outcome.roll.stages}[stage] is outcome.roll.verdict
    return outcome.error


def add_patch(world: World, component: str, path: str, old: str, new: str, file: str) -> None:
    """Put a patch of the accepted upstream's file at the end of the queue."""
    commit = load_lock(world.port.lock_file).commits[component]
    clone = world.clone(component)
    text = clone.blob(clone.rev_parse(f"{commit}:{path}", "blob")).decode()
    assert old in text
    blob = clone.write_blob(text.replace(old, new, 1).encode())
    tree = clone.write_tree(commit, {path: ("100644", blob)})
    patch = create_patch(
        *(clone, clone.rev_parse(commit, "tree"), tree),
        subject="Change something", author="A <a@example.com>", date="1700000000 +0000",
    )  # fmt: skip
    folder = world.at(f"ci/miniature/patches/{component}")
    (folder / file).write_bytes(encode(patch))
    series = folder / "series"
    series.write_text(series.read_text() + f"{file}\n")


# ---- in the tree


def test_a_kernel_edited_in_place_survives_the_next_sync(shared: World) -> None:
    """How a dual-core depthwise convolution was once lost: tuned where it had been generated,
    then generated again."""
    with shared.kept():
        assert shared.roll("base", until="tree").error is None
        tree = shared.port.state / "tree"
        third_party = tree / "third_party/cmsis_nn"
        edited = {third_party / DEPTHWISE, third_party / POOL, tree / "port/src/micro_time.cc"}
        kernel = (third_party / POOL).read_text()
        for file in edited:
            file.write_text("// tuned by hand\n" + file.read_text())
        added = tree / "port/src/tuning.cc"
        added.write_text("int tuning;\n")
        before = {file: file.read_bytes() for file in (*edited, added)}

        for _ in range(2):  # a second try is no way round it
            outcome = shared.roll("main", until="tree")
            error = stopped(outcome, Exit.CONFLICT, "tree")
            assert {file: file.read_bytes() for file in before} == before
        for file in before:
            assert file.relative_to(tree).as_posix() in error.message
        assert "Nothing was overwritten" in error.hint
        assert headline(status.status_document(outcome.roll)) == "The tree was edited in place"
        assert f"{DEPTHWISE} (modified): an override makes it: copy it to {OURS}" in error.detail
        assert "copy it to port/rp2040/src/tuning.cc" in error.detail
        blob = re.search(r'shadows = "(\w{40})"', error.detail)
        clone = shared.clone("cmsis_nn")
        assert blob and clone.blob(blob[1]).decode() == kernel

        # As it says: the kernel into the port, its neighbour's change into the queue.
        for place in ("micro_time.cc", "tuning.cc"):
            shared.at(f"port/rp2040/src/{place}").write_bytes(
                (tree / "port/src" / place).read_bytes()
            )
        shared.at(OURS).write_bytes(before[third_party / DEPTHWISE])
        patch = shared.port.state / "edits/cmsis_nn.patch"
        assert f"copy {patch} to ci/miniature/patches/cmsis_nn/" in error.detail
        folder = shared.at("ci/miniature/patches/cmsis_nn")
        (folder / "0002-pool.patch").write_bytes(patch.read_bytes())
        (folder / "series").write_text((folder / "series").read_text() + "0002-pool.patch\n")
        assert f"mv {tree} {tree}.mine" in error.hint
        tree.rename(f"{tree}.mine")
        again = shared.roll("main", until="tree")
        assert again.error is None, again.error
        assert (third_party / DEPTHWISE).read_bytes() == before[third_party / DEPTHWISE]
        assert (third_party / POOL).read_text().startswith("// tuned by hand\n")
        # Upstream's own change to that file came in as well.
        assert "const int32_t half" in (third_party / POOL).read_text()
        assert added.read_bytes() == before[added]


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        (
            '"*_test.cc",\n',
            '"*_test.cc",\n    "*/arm_depthwise_conv_3x3_s8.c",\n',
            OURS,
            "tree.exclude has '*/arm_depthwise_conv_3x3_s8.c'",
        ),
        (
            'path = "cmsis_nn"\n',
            'path = "cmsis_nn"\nonly = ["LICENSE", "Include/*", "Source/P*", "Source/*q7_to*"]\n',
            OURS.replace("arm_depthwise_conv_3x3_s8", "arm_nn_mat_mult_nt_t_s8"),
            "`only` of cmsis_nn leaves it out",
        ),
        (
            '"list_third_party_sources",\n',
            "",
            OURS,
            "upstream's tensorflow/lite/micro/tools/make/Makefile does not list it",
        ),
    ],
)
def test_a_change_that_does_not_get_into_the_tree_is_named_with_the_cause(
    shared: World, old: str, new: str, path: str, said: str
) -> None:
    with shared.kept():
        shared.replace(TOML, old, new)
        error = stopped(shared.roll("base", until="tree"), Exit.BUILD, "tree")
    assert said in error.message
    assert "is lost in the tree" in error.message
    assert Path(path).name in error.message or OURS.rpartition("/")[0] in error.message
    assert "port.toml" in error.hint


def test_a_makefile_works_through_the_listing_and_need_not_be_in_the_tree(shared: World) -> None:
    makefile = "tensorflow/lite/micro/tools/make/Makefile"
    with shared.kept():
        add_patch(shared, "tflite-micro", makefile, "\n", "\n# ours\n", "0002-make.patch")
        outcome = shared.roll("base", until="tree")
        assert outcome.error is None, outcome.error
        assert not (shared.port.state / "tree" / makefile).exists()


# ---- in the queue


def test_an_override_that_is_upstreams_own_file_changes_nothing(shared: World) -> None:
    clone = shared.clone("cmsis_nn")
    commit = load_lock(shared.port.lock_file).commits["cmsis_nn"]
    with shared.kept():
        text = clone.blob(clone.rev_parse(f"{commit}:{DEPTHWISE}", "blob"))
        shared.at(OURS).write_bytes(text)
        error = stopped(shared.roll("base", until="rebase"), Exit.CONFLICT, "rebase")
    assert f"{OURS} is upstream's own {DEPTHWISE}" in error.message


def test_a_patch_under_an_override_is_named(shared: World) -> None:
    with shared.kept():
        add_patch(shared, "cmsis_nn", DEPTHWISE, "\n", "\n\n", "0002-space.patch")
        error = stopped(shared.roll("base", until="rebase"), Exit.CONFLICT, "rebase")
    assert "0002-space.patch changes" in error.message
    assert f"{OURS} replaces that file" in error.message


def test_what_vanishes_from_the_queue_is_named_unless_its_effect_is_there(shared: World) -> None:
    widen, folder = "0001-widen-four-at-a-time.patch", "ci/miniature/patches/cmsis_nn"

    def gone() -> tuple[str, ...]:
        roll = shared.roll("base", until="rebase").roll
        assert roll.rebased
        said = " ".join(remarks(status.status_document(roll)))
        assert all(name in said for name in roll.rebased.gone)
        return roll.rebased.gone

    with shared.kept():
        assert gone() == ()
        patch = shared.at(f"{folder}/{widen}").rename(shared.at(f"{folder}/0007-renamed.patch"))
        shared.replace(f"{folder}/series", widen, "0007-renamed.patch")
        assert gone() == ()
        patch.unlink()
        shared.replace(f"{folder}/series", "0007-renamed.patch\n", "")
        assert gone() == (f"cmsis_nn/{widen}",)
        text = shared.at(TOML).read_text()
        tables = re.findall(r"\[\[override\]\](?:\n[^\[\n]+)+\n", text)
        (depthwise,) = [table for table in tables if DEPTHWISE in table]
        shared.at(TOML).write_text(text.replace(depthwise, ""))
        assert gone() == (f"cmsis_nn/{widen}", f"cmsis_nn:{DEPTHWISE}")


def test_a_patch_taken_out_by_hand_after_upstream_absorbed_it_is_not_gone(shared: World) -> None:
    folder = "ci/miniature/patches/tflite-micro"
    port = shared.folder / "port"
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    with shared.kept():
        for arguments in (["init", "-q"], ["add", "ci/miniature/patches"], ["commit", "-qm", "x"]):
            subprocess.run([*git, *arguments], cwd=port, check=True, capture_output=True)
        shared.at(f"{folder}/0001-profiler-event-count.patch").unlink()
        shared.at(f"{folder}/series").write_text("")
        absorbed = shared.roll("absorbed", until="rebase").roll
        assert absorbed.rebased and absorbed.rebased.gone == ()
        before = shared.roll("base", until="rebase").roll
        assert before.rebased
        assert before.rebased.gone == ("tflite-micro/0001-profiler-event-count.patch",)


# ---- in the programs


def test_an_override_displaced_at_the_link_is_named(shared: World) -> None:
    with shared.kept():
        shared.at("port/rp2040/src/helper.c").write_text(
            "int arm_depthwise_conv_3x3_s8(void);\n"
            "int arm_depthwise_conv_3x3_s8(void) { return -1; }\n"
        )
        error = stopped(shared.roll("base"), Exit.BUILD, "build")
    assert f"{OURS} (for cmsis_nn: {DEPTHWISE}) is lost in the linked program" in error.message
    assert "comes from port/src/helper.c" in error.message
    assert shared.roll("base").error is None


def test_layers_that_silently_leave_their_kernel_stop_a_roll(
    shared: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Upstream's dispatch changes: the override is in the tree, compiled and linked, all outputs
    are right, and yet it does not run."""
    wrapper = f"{NN}/arm_depthwise_conv_wrapper_s8.c"
    old = "const bool three_by_three = filter_dims->w == 3"
    new = "const bool three_by_three = input_dims->w > 512 && filter_dims->w == 3"
    lock = load_lock(shared.port.lock_file)
    component = shared.upstream_commit("cmsis-nn", lock.commits["cmsis_nn"], wrapper, old, new)
    commit = shared.upstream_commit(
        *("tflite-micro", lock.commits["tflite-micro"], PIN, lock.commits["cmsis_nn"], component)
    )
    accept = ["accept", "--port", str(shared.port.file)]
    with shared.kept():
        outcome = shared.roll(commit)
        error = stopped(outcome, Exit.GATE, "bench")
        left = outcome.roll.benches.left if outcome.roll.benches else ()
        # Every 3x3 depthwise layer of both models, and no other.
        assert {item.layer.partition("/")[0] for item in left} == {"person_detection", "gesture"}
        assert all("DEPTHWISE_CONV_2D" in item.layer for item in left)
        assert {item.kernels for item in left} == {("arm_depthwise_conv_3x3_s8",)}
        assert "no longer runs arm_depthwise_conv_3x3_s8" in error.message
        assert "arm_depthwise_conv_s8_opt" in error.message
        body = (shared.port.state / "report.md").read_text()
        said = headline(status.status_document(outcome.roll))
        assert said == f"{len(left)} layers without the accepted kernels"
        assert "| Layer | No longer runs | Runs now |" in body

        capsys.readouterr()
        assert run(accept) == Exit.BAD_INPUT
        assert "--why" in capsys.readouterr().err
        assert load_lock(shared.port.lock_file) == lock
        assert run([*accept, "--why", "upstream's way is the faster one"]) == Exit.OK
        told = capsys.readouterr().out
        assert "anchor   moved to" in told and "upstream's way is the faster one" in told
        settled = shared.roll(commit)
        assert settled.error is None, settled.error
    assert shared.roll("base").error is None


# ---- at the gate


def test_the_anchor_holds_a_real_roll_and_accept_moves_it_for_a_reason_only(
    shared: World, capsys: pytest.CaptureFixture[str]
) -> None:
    file, accept = shared.port.lock_file, ["accept", "--port", str(shared.port.file)]
    cycles = load_lock(file).figures["keyword/cycles"]
    with shared.kept():
        head, anchor = file.read_text().split("[anchor.figures]")
        low = anchor.replace(
            f'"keyword/cycles" = {cycles}', f'"keyword/cycles" = {cycles * 9 // 10}'
        )
        file.write_text(f"{head}[anchor.figures]{low}")
        error = stopped(shared.roll("base"), Exit.GATE, "bench")
        assert "keyword/cycles" in error.message and "the anchor sets it" in error.message
        capsys.readouterr()
        assert run(accept) == Exit.BAD_INPUT
        for why in ("", "  ", "two\nlines", "x" * 301):
            assert run([*accept, "--why", why]) == Exit.BAD_INPUT
            assert "one line" in capsys.readouterr().err
        assert run([*accept, "--why", "the model has grown"]) == Exit.OK
        lock = load_lock(file)
        assert lock.anchor.why == "the model has grown"
        assert lock.anchor.figures == lock.figures
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", lock.anchor.date)
        assert lock.anchor.commit == lock.commits["tflite-micro"]


def test_figures_of_another_compiler_need_a_reason_to_be_accepted(
    shared: World, capsys: pytest.CaptureFixture[str]
) -> None:
    accept = ["accept", "--port", str(shared.port.file)]
    with shared.kept():
        text = shared.port.lock_file.read_text()
        shared.port.lock_file.write_text(
            re.sub(r'arm-none-eabi-gcc = "[\d.]+"', 'arm-none-eabi-gcc = "4.9"', text)
        )
        outcome = shared.roll("base")
        assert outcome.roll.verdict in (Verdict.PASSED, Verdict.UP_TO_DATE), outcome.error
        assert outcome.roll.benches and "accepted was 4.9" in outcome.roll.benches.ungated
        capsys.readouterr()
        assert run(accept) == Exit.BAD_INPUT
        assert "accepted was 4.9" in capsys.readouterr().err
        assert run([*accept, "--why", "a new compiler"]) == Exit.OK


def test_a_limit_on_a_layer_that_is_not_there_names_those_that_are(shared: World) -> None:
    with shared.kept():
        text = '\n[gates.model.keyword]\nlayers = { "4/CONV_2D" = { percent = 1 } }\n'
        shared.replace(TOML, "\n[publish]", f"{text}\n[publish]")
        error = stopped(shared.roll("base"), Exit.BAD_INPUT, "bench")
    assert "keyword has no layer '4/CONV_2D'" in error.message
    assert "4/SOFTMAX" in error.hint
