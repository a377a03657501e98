from __future__ import annotations

from pathlib import Path

import pytest
from lab import Lab

from syncer.errors import SyncError
from syncer.queue.classify import STATUSES, check_message, upstream_status
from syncer.queue.diff import MARK
from syncer.queue.mail import encode
from syncer.queue.series import read_series, series_names, series_text, write_series

TEXT = b"".join(b"line %d\n" % n for n in range(1, 31))


def test_read_in_order(lab: Lab, tmp_path: Path) -> None:
    base = lab.commit({"f": TEXT})
    for name in ("b.patch", "a.patch"):
        place = tmp_path / "patches" / "tflm" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encode(lab.text(base, {"f": TEXT + name.encode()}, context=0)))
    write_series(tmp_path / "patches", "tflm", ["b.patch", "a.patch"])
    patches = read_series(tmp_path / "patches", "tflm", context=0)
    assert [patch.name for patch in patches] == ["tflm/b.patch", "tflm/a.patch"]
    assert {patch.context for patch in patches} == {0}
    assert read_series(tmp_path / "patches", "other") == ()


def test_what_a_series_refuses(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.patch").write_bytes(b"")
    with pytest.raises(SyncError, match=r"a\.patch is not listed"):
        read_series(tmp_path, "c")
    write_series(tmp_path, "c", ["a.patch", "b.patch"])
    with pytest.raises(SyncError, match=r"lists b\.patch, which is not there"):
        read_series(tmp_path, "c")
    for text, message in (
        ("a.patch\n# x\na.patch # y\n", "series:3: a.patch is listed twice"),
        ("../a.patch\n", "series:1: '../a.patch' is not the name"),
        ("a.diff\n", "series:1: 'a.diff' is not the name"),
    ):
        with pytest.raises(SyncError, match=message):
            series_names(text)


def test_patch_of_a_port_without_context_must_be_marked(lab: Lab, tmp_path: Path) -> None:
    base = lab.commit({"f": TEXT})
    write_series(tmp_path, "c", ["a.patch"])
    text = lab.text(base, {"f": b"first\n" + TEXT}, context=0)
    (tmp_path / "c" / "a.patch").write_bytes(encode(text.replace(MARK.decode(), "")))
    with pytest.raises(SyncError, match="not marked"):
        read_series(tmp_path, "c", context=0)
    assert read_series(tmp_path, "c", context=3)[0].context == 3
    (tmp_path / "c" / "a.patch").write_bytes(encode(text))
    assert read_series(tmp_path, "c", context=3)[0].context == 0


def test_comments_are_kept() -> None:
    old = "# queue\n\na.patch\n# why b\nb.patch # soon\nc.patch\n"
    assert series_names(old) == ("a.patch", "b.patch", "c.patch")
    assert series_text(["a.patch", "b.patch", "c.patch"], old) == old
    assert series_text(["b.patch", "c.patch", "d.patch"], old) == (
        "# queue\n\n# why b\nb.patch # soon\nc.patch\nd.patch\n"
    )
    assert series_text(["c.patch", "b.patch"], old) == "# queue\n\nc.patch\nb.patch\n"


# ---- what a message says to this program


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Upstream-Status: Sumbitted [#1]", "did you mean Submitted"),
        ("Upstream-Status: pending", "did you mean Pending"),
        ("Upstream-Status:", "is no status"),
        ("Upstream Status: Pending", "is no status"),
        ("Upstream-Status: Pending\nUpstream-Status: Denied", "stands there 2 times"),
        ("Drop-When: someday", "is not understood"),
        ("Drop-When: commit abc\n\nAnd more.", "in the midst"),
    ],
)
def test_what_a_message_cannot_mean(lab: Lab, line: str, message: str) -> None:
    text = lab.text(lab.commit({"f": b"a\n"}), {"f": b"b\n"}, body=f"Why.\n\n{line}")
    place = lab.root / "patches" / "nn"
    place.mkdir(parents=True)
    (place / "x.patch").write_text(text)
    (place / "series").write_text("x.patch\n")
    with pytest.raises(SyncError, match=message) as caught:
        read_series(lab.root / "patches", "nn")
    assert caught.value.message.startswith("nn/x.patch: ") and caught.value.hint


@pytest.mark.parametrize("status", [*STATUSES, "Submitted [https://example.com/1]", "Backport [1]"])
def test_upstream_status(lab: Lab, status: str) -> None:
    body = f"Why.\n\nUpstream-Status: {status}\n\nSigned-off-by: A <a@example.com>"
    patch = lab.patch(lab.commit({"f": b"a\n"}), {"f": b"b\n"}, body=body)
    check_message(patch)
    assert upstream_status(patch) == status
    assert dict(patch.trailers)["Upstream-Status"] == status
