"""A status document as a table for the terminal."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from syncer.model import Verdict
from syncer.report import view
from syncer.report.neutral import one_line
from syncer.report.numbers import duration, grouped, plural

Document = dict[str, Any]


def _style(verdict: str) -> str:
    if verdict in view.GOOD:
        return "green"
    if verdict in (Verdict.NOT_RUN, Verdict.NOT_CHECKED):
        return "dim"
    return "yellow" if verdict in view.ASKS else "red"


def _text(value: str, style: str = "", limit: int = 300) -> Text:
    # Never rich markup, and no control characters: others' text must not drive the terminal.
    return Text(one_line(value, limit), style=style)


def _item(value: str) -> Text:
    return Text.assemble("  ", _text(value))


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left")
    return table


def terminal(document: Document) -> RenderableType:
    """Stages, then latency, memory and what comes nearest to its limit, then the verdict and what
    to do next, for rich to print."""
    parts: list[RenderableType] = [_stages(document)] if document["stages"] else []
    return Group(*parts, *_figures(document), _verdict(document), *_published(document))


def _figures(document: Document) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if rows := view.latency(document):
        table = _table(
            "Model", "Latency", "Cycles", "Δ", "Outputs", right=("Latency", "Cycles", "Δ")
        )
        for row, bench in zip(rows, view.benches(document), strict=True):
            style = "red" if row.over else ""
            outputs = view.outputs(bench)
            table.add_row(
                _text(row.model),
                row.time,
                row.cycles,
                Text(row.delta, style),
                _text(outputs, "red" if bench["outputs"] == Verdict.TEST else ""),
            )
        parts.append(table)
    if document["tests"]:
        parts.append(_tests(document))
    if sizes := view.memory(document):
        table = _table("Program", "Flash", "RAM", "Arena", right=("Flash", "RAM", "Arena"))
        for size in sizes:
            style = "red" if size.over else ""
            cells = (size.name, size.flash, size.ram, size.arena)
            table.add_row(*(_text(cell, style) for cell in cells))
        parts.append(table)
    if near := view.nearest(document):
        numbers = ("Accepted", "Anchor", "At most")
        table = _table("Nearest limit", *numbers, "Set by", right=numbers)
        for figure in near[:5]:
            style = "red" if figure["over"] else ""
            limits = [view.amount(figure[k], figure["unit"]) for k in ("old", "anchor", "limit")]
            table.add_row(_text(figure["name"], style), *limits, figure["against"])
        parts.append(table)
    return parts


def _moved(document: Document) -> list[str]:
    """The largest steps of each program over its limit in flash or RAM."""
    over = {figure["name"].rpartition("/")[0] for figure in view.over_limit(document)}
    told = []
    for program, moves in view.moved_sizes(document).items():
        if program in over:
            steps = [f"{m['name']} {view.step(m['old'], m['new'])}" for m in moves[:5]]
            told.append(f"moved in {program}: {', '.join(steps)}")
    return told


def _stages(document: Document) -> Table:
    table = _table("Stage", "Verdict", "Time", "", right=("Time",))
    for stage in document["stages"]:
        ran = stage["verdict"] != Verdict.NOT_RUN
        # What the roll ended with is said once, with the verdict.
        message = "" if stage["message"] == document["message"] else stage["message"]
        took = "cached" if stage["cached"] else duration(stage["seconds"]) if ran else ""
        table.add_row(
            _text(stage["name"]),
            Text(stage["verdict"], _style(stage["verdict"])),
            took,
            _text(message, "dim"),
        )
    return table


def _tests(document: Document) -> Group:
    lines = [Text.assemble(("Tests: ", "bold"), view.tests_tally(document))]
    for test in view.excepted_tests(document):
        lines.append(_item(f"{test['name']} excepted: {test['exception']} ({test['reason']})"))
    return Group(*lines)


def _verdict(document: Document) -> Group:
    style = f"bold {_style(document['verdict'])}"
    lines = [Text(view.headline(document), style)]
    if document["message"]:
        lines.append(_text(document["message"], limit=2000))
    if said := view.newest_good(document):
        lines.append(_text(said, limit=2000))
    for patch in view.conflicts(document)[:20]:
        paths = ", ".join(patch["conflicts"])
        lines.append(_item(f"{patch['file']}: {paths}" if paths else patch["file"]))
    for test in (*view.unbuilt_tests(document)[:20], *view.failed_tests(document)[:20]):
        lines.append(_item(f"{test['name']}: {test['reason']}"))
    for figure in view.over_limit(document)[:20]:
        new, old, anchor, most = (
            view.amount(figure[key], figure["unit"]) for key in ("new", "old", "anchor", "limit")
        )
        text = f"{figure['name']}: {new}; accepted {old}, anchor {anchor}, at most {most}"
        lines.append(_item(f"{text}, set by {view.limited_by(figure)}"))
    for item in view.left(document)[:20]:
        now = " ".join(item["now"]) or "none of an override's or its component's"
        lines.append(_item(f"{item['layer']}: no longer {' '.join(item['kernels'])}; now {now}"))
    if document["verdict"] == Verdict.GATE:
        lines += [_item(text) for text in _moved(document)]
    if Verdict(document["verdict"]) in view.GOOD:
        lines += [_item(remark) for remark in view.remarks(document)[:20]]
    lines.append(Text.assemble(("Next: ", "bold"), _text(view.next_step(document), limit=2000)))
    return Group(*lines)


def _published(document: Document) -> list[Text]:
    """What became of it where people see it; nothing as long as it is not published."""
    published = document["published"]
    if not published:
        return []
    lines = [_text(f"Published: {item['text']}", limit=2000) for item in published["items"]]
    if published["verdict"] != Verdict.PASSED:
        code = int(Verdict(published["verdict"]).exit)
        lines.append(_text(f"Not published ({code}): {published['message']}", "red", limit=2000))
        lines.append(_item(published["hint"]))
    return lines


def stage_result(document: Document, stage: str) -> RenderableType:
    """What one stage found; nothing where it did not get so far, or is none of those below."""
    match stage:
        case "tree" if tree := document["tree"]:
            return _tree(tree)
        case "build" if built := document["build"]:
            return _build(built)
        case "test" if tests := document["tests"]:
            return _test_programs(tests)
        case "bench" if document["benches"]:
            return Group(*_figures(document))
        case _:
            return Group()


def _tree(tree: Document) -> Group:
    shares = _table("Component", "Library files", right=("Library files",))
    for name, count in tree["by_component"].items():
        shares.add_row(_text(name), grouped(count))
    said = (
        f"{plural(tree['files'], 'file')}, {grouped(tree['bytes'])} B: "
        f"{plural(tree['sources'], 'source')}, {plural(tree['headers'], 'header')}"
    )
    return Group(shares, _text(tree["path"], limit=4096), Text(said), Text(tree["digest"], "dim"))


def _build(built: Document) -> Group:
    programs = _table("Program", "Board", "Kind", "Flash", "RAM", right=("Flash", "RAM"))
    for firmware in built["firmware"]:
        sizes = (view.amount(firmware[memory], "bytes") for memory in ("flash", "ram"))
        programs.add_row(_text(firmware["name"]), firmware["board"], firmware["kind"], *sizes)
    tools = ", ".join(f"{tool['name']} {tool['version']}" for tool in built["tools"])
    return Group(programs, _text(tools), _text(f"Log: {built['log']}", "dim", limit=4096))


def _test_programs(tests: Document) -> Table:
    table = _table("Test", "Cases", "Cycles", "", right=("Cases", "Cycles"))
    for test in tests["results"]:
        good = sum(case["passed"] for case in test["cases"])
        said = Text("passed", "green") if test["passed"] else _text(test["reason"], "red")
        table.add_row(
            _text(test["name"]), f"{good} of {len(test['cases'])}", grouped(test["cycles"]), said
        )
    return table
