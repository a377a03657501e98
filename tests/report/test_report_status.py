from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from rolls import real_roll, rolls

from syncer import model
from syncer.errors import Exit, SyncError
from syncer.model import PatchVerdict, Roll, Verdict
from syncer.report.status import check, dumps, load, loads, schema, status_document

# Each dataclass of a roll and its place in the schema.
DEFINITIONS = {
    "published_item": model.PublishedItem,
    "published": model.PublishResult,
    "protection": model.Protection,
    "stage": model.StageRecord,
    "pin": model.Pin,
    "move": model.Move,
    "resolved": model.Resolved,
    "patch": model.PatchResult,
    "override": model.OverrideResult,
    "notable": model.Notable,
    "descent": model.Descent,
    "newest_good": model.NewestGood,
    "rebased": model.Rebased,
    "tree": model.TreeResult,
    "program": model.Program,
    "map": model.MemoryMap,
    "region": model.RegionUse,
    "placed": model.Placed,
    "tool": model.Tool,
    "section": model.Section,
    "firmware": model.Firmware,
    "effect": model.Effect,
    "unbuilt": model.Unbuilt,
    "build": model.BuildResult,
    "case": model.TestCase,
    "test": model.TestResult,
    "change": model.TestChange,
    "unneeded": model.UnneededException,
    "tests": model.TestsResult,
    "kernel": model.Kernel,
    "slow": model.SlowPath,
    "layer": model.Layer,
    "bench": model.BenchResult,
    "figure": model.Figure,
    "left": model.LeftKernel,
    "size_move": model.SizeMove,
    "benches": model.BenchesResult,
}
DERIVED = {"override": {"drifted"}, "test": {"failed"}, "tests": {"passed"}, "figure": {"over"}}


def objects(node: Any) -> list[dict[str, Any]]:
    """Every object schema with named properties, the whole one included."""
    if isinstance(node, list):
        return [found for item in node for found in objects(item)]
    if not isinstance(node, dict):
        return []
    below = [found for value in node.values() for found in objects(value)]
    return [node, *below] if node.get("type") == "object" and "properties" in node else below


def test_the_schema_is_one_and_closed() -> None:
    jsonschema_rs.meta.validate(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert len(objects(schema())) == len(DEFINITIONS) + 1
    for found in objects(schema()):
        assert found["additionalProperties"] is False
        assert found["required"] == list(found["properties"])


def test_the_schema_has_every_field_and_verdict_of_the_model() -> None:
    definitions = schema()["$defs"]
    for name, kind in DEFINITIONS.items():
        expected = {f.name for f in fields(kind)} | DERIVED.get(name, set())
        assert set(definitions[name]["properties"]) == expected, name
    assert set(schema()["properties"]) == {"schema", *(f.name for f in fields(Roll)), "exit"}
    assert definitions["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    patch = definitions["patch"]["properties"]["verdict"]["enum"]
    assert patch == [verdict.value for verdict in PatchVerdict]


def same(value: Any, found: Any) -> bool:
    """Whether `found`, from the document, holds all of `value`, from the roll."""
    if is_dataclass(value) and not isinstance(value, type):
        return all(same(getattr(value, f.name), found[f.name]) for f in fields(value))
    if isinstance(value, tuple):
        return len(value) == len(found) and all(map(same, value, found))
    if isinstance(value, dict):
        return value.keys() == found.keys() and all(same(value[k], found[k]) for k in value)
    return bool(value == found)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(rolls())
def test_any_roll_survives_the_way_to_json_and_back(roll: Roll) -> None:
    document = status_document(roll)
    text = dumps(document)
    assert loads(text) == document
    assert dumps(loads(text)) == text
    assert text.isascii()
    assert same(roll, document)


def test_what_readers_would_have_to_compute_is_in_it() -> None:
    document = status_document(real_roll(cycles=14_000_000))
    assert document["schema"] == 1
    assert document["rebased"]["overrides"][0]["drifted"] is True
    assert document["tests"]["passed"] is True
    over = {f["name"] for f in document["benches"]["figures"] if f["over"]}
    assert over == {"vision/cycles"}


def test_the_order_of_keys_does_not_depend_on_the_rolls_dictionaries() -> None:
    stages = real_roll().stages
    one = Roll("p", Verdict.PASSED, stages, accepted={"a": "1", "b": "2"})
    two = Roll("p", Verdict.PASSED, stages, accepted={"b": "2", "a": "1"})
    assert dumps(status_document(one)) == dumps(status_document(two))
    assert list(status_document(one))[:3] == ["schema", "port", "verdict"]


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("schema",), 2, r"\$\.schema"),
        (("verdict",), "fine", r"\$\.verdict"),
        (("stages", 0, "verdict"), "", r"\$\.stages\[0\]\.verdict"),
        (("resolved", "upstream", "commit"), "main", "commit"),
        (("tests", "results", 0, "extra"), 1, "extra"),
        (("benches", "figures", 0, "unit"), "parsecs", "unit"),
        (("port",), None, r"\$\.port"),
    ],
)
def test_what_does_not_fit_is_refused(path: tuple[str | int, ...], value: Any, where: str) -> None:
    document = status_document(real_roll())
    inner: Any = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(SyncError, match=where):
        check(document)
    with pytest.raises(SyncError, match=where) as error:
        dumps(document)
    assert error.value.exit == Exit.BUG
    with pytest.raises(SyncError, match=where) as error:
        loads(json.dumps(document), "s.json")
    assert error.value.message.startswith("s.json: ")
    assert error.value.exit == Exit.BAD_INPUT


def test_reading_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    with pytest.raises(SyncError, match="No such file") as error:
        load(path)
    assert error.value.hint
    document = status_document(real_roll())
    path.write_text(dumps(document))
    assert load(path) == document
    path.write_text(dumps(document)[:-20])
    with pytest.raises(SyncError, match="not valid JSON"):
        load(path)
    path.write_bytes(b"\xff")
    with pytest.raises(SyncError, match="not valid UTF-8"):
        load(path)
