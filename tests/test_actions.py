"""The action and the workflows: what the tools that know them say, and what they may not do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from syncer.pipeline import leaving

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "ci" / "action.yml"
JOBS = sorted((ROOT / "ci").glob("job-*"))


def check(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    check(
        BIN / "zizmor",
        "--offline",
        "--no-progress",
        "--strict-collection",
        *WORKFLOWS,
        ACTION,
    )


def test_they_are_what_github_takes() -> None:
    schemas = {"vendor.github-workflows": WORKFLOWS, "vendor.github-actions": [ACTION]}
    for schema, files in schemas.items():
        check(BIN / "check-jsonschema", "--builtin-schema", schema, *files)


def test_the_job_scripts_are_sound_shell() -> None:
    assert len(JOBS) == 3
    check(BIN / "shellcheck", *JOBS)
    assert all(job.stat().st_mode & 0o100 for job in JOBS)


def test_what_a_roll_left_is_an_artifact_however_it_ended() -> None:
    """The page with the charts among it, and alone too, for a browser to open; the job script's
    own default is the folder's name."""
    steps = re.split(r"\n    (?:#.*\n    )?- ", ACTION.read_text())
    up, page = (step for step in steps if "actions/upload-artifact@" in step)
    assert page.startswith("if: inputs.job == 'roll' && !cancelled() ")
    assert "path: sync-out/report.html\n        archive: false\n" in page
    (down,) = (step for step in steps if "actions/download-artifact@" in step)
    assert up.startswith("if: inputs.job == 'roll' && !cancelled()\n")
    for key, value in (("name", "sync-roll"), ("path", "sync-out")):
        assert f"\n        {key}: {value}" in up and f"\n        {key}: {value}" in down
    assert "out=${SYNC_OUT:-sync-out}" in (ROOT / "ci" / "job-roll").read_text()
    assert "report.html" in leaving._HANDED


@pytest.mark.parametrize("file", [*WORKFLOWS, ACTION], ids=lambda file: file.name)
def test_actions_are_pinned_and_no_input_becomes_code(file: Path) -> None:
    text = file.read_text()
    for used in re.findall(r"uses: (\S+)", text):
        assert used == "./ci" or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used
    for line in re.findall(r"run: (.*)", text):
        assert "${{" not in line, line


def test_the_rolling_job_can_write_nothing_and_knows_no_secret() -> None:
    text = (ROOT / ".github" / "workflows" / "sync.yml").read_text()
    text = re.sub(r"(?m)^ *#.*\n", "", text)
    assert "\npermissions: {}\n" in text and "cancel-in-progress: false" in text
    roll, publish = re.split(r"\n  publish:\n", text.split("\n  roll:\n")[1])
    assert re.findall(r"(\S+): (read|write)", roll) == [("contents", "read")]
    assert "secrets." not in roll and "token" not in roll
    assert roll.count("persist-credentials: false") == publish.count("actions/checkout@") // 2 == 1
    assert re.search(r'cron: "(?!0 )\d+ ', text), "off the hour"
    assert text.count("timeout-minutes: ") == text.count("runs-on: ")
