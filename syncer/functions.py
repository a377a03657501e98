"""The functions of a C source: what they look like from outside, and who calls them.

Parsed by tree-sitter's C grammar, which goes on where it does not understand (macros, C++): what it
finds is for a person to read, and never decides anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

import tree_sitter_c
from tree_sitter import Language, Node, Parser


def signatures(source: bytes) -> dict[str, str]:
    """Name -> signature, spaces and comments evened out, of every function that `source` defines
    or, where it only declares it, declares."""
    found: dict[str, str] = {}
    for node in _all(_parse(source)):
        if node.type not in ("function_definition", "declaration"):
            continue
        declarator = next(_of_type(node, "function_declarator"), None)
        body = node.child_by_field_name("body")
        if declarator is None or (body and declarator.start_byte >= body.start_byte):
            continue
        name = declarator.child_by_field_name("declarator")
        if name is None or name.type != "identifier":
            continue  # a pointer to a function
        end = body.start_byte if body else node.end_byte
        text = _plain(source[node.start_byte : end]).rstrip("; ")
        if body or _text(name) not in found:
            found[_text(name)] = text
    return found


def definitions(source: bytes) -> set[str]:
    """The functions that `source` defines and others can call: those that are not static."""
    found = set()
    for node in _all(_parse(source)):
        if node.type == "function_definition":
            declarator = next(_of_type(node, "function_declarator"), None)
            name = declarator and declarator.child_by_field_name("declarator")
            static = any(
                child.type == "storage_class_specifier" and _text(child) == "static"
                for child in node.children
            )
            if name is not None and name.type == "identifier" and not static:
                found.add(_text(name))
    return found


def calls(source: bytes, names: Collection[str]) -> Counter[tuple[str, str, str]]:
    """How often each call of one of `names` is there: the function it stands in ("" outside of
    any), the name, and the call's text."""
    found: Counter[tuple[str, str, str]] = Counter()
    for node in _all(_parse(source)):
        if node.type == "call_expression":
            called = node.child_by_field_name("function")
            if called is not None and _text(called) in names:
                text = _plain(source[node.start_byte : node.end_byte])
                found[_inside(node), _text(called), text] += 1
    return found


def changed_signatures(old: bytes, new: bytes) -> list[tuple[str, str, str]]:
    """Name, old and new signature of each function that does not look as it did; "" where it was
    not there, or is no more."""
    before, after = signatures(old), signatures(new)
    names = sorted(before.keys() | after.keys())
    pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    return [item for item in pairs if item[1] != item[2]]


def changed_callers(old: bytes, new: bytes, names: Collection[str]) -> list[str]:
    """The functions, sorted, whose calls of `names` are others than they were."""
    if not any(name.encode() in old or name.encode() in new for name in names):
        return []
    before, after = calls(old, names), calls(new, names)
    return sorted({place for place, _, _ in (before - after) + (after - before)})


def _parse(source: bytes) -> Node:
    return Parser(Language(tree_sitter_c.language())).parse(source).root_node


def _all(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def _of_type(node: Node, kind: str) -> Iterator[Node]:
    return (found for found in _all(node) if found.type == kind)


def _inside(node: Node) -> str:
    while node.parent is not None:
        node = node.parent
        if node.type == "function_definition":
            declarator = next(_of_type(node, "function_declarator"), None)
            name = declarator and declarator.child_by_field_name("declarator")
            return _text(name) if name is not None else ""
    return ""


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _plain(source: bytes) -> str:
    text = re.sub(r"//[^\n]*|/\*.*?\*/", " ", source.decode("utf-8", "replace"), flags=re.DOTALL)
    return re.sub(r"\s*([(),*])\s*", r"\1", " ".join(text.split())).replace(",", ", ")
