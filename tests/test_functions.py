from __future__ import annotations

from syncer.functions import changed_callers, changed_signatures, definitions, signatures

OLD = b"""\
#include "x.h"
/* Adds. */
static int helper(int a) { return a; }
__STATIC_INLINE void arm_inline(void) { }
int arm_add(const int8_t *a,
            const int8_t *b, /* the other */ int count)
{
    int (*pointer)(int) = helper;
    return pointer(count) + helper(1);
}
void arm_declared(int);
"""
NEW = OLD.replace(b"int count)", b"int64_t count)").replace(b"void arm_declared(int);\n", b"")


def test_signatures() -> None:
    found = signatures(OLD)
    assert found["arm_add"] == "int arm_add(const int8_t*a, const int8_t*b, int count)"
    assert found["helper"] == "static int helper(int a)"
    assert found["arm_declared"] == "void arm_declared(int)"
    assert "pointer" not in found
    assert {"arm_add"} <= definitions(OLD) and "helper" not in definitions(OLD)


def test_changed_signatures_but_not_spaces_or_comments() -> None:
    assert changed_signatures(OLD, OLD.replace(b"/* the other */ ", b"\n\n  ")) == []
    assert changed_signatures(OLD, NEW) == [
        (
            "arm_add",
            "int arm_add(const int8_t*a, const int8_t*b, int count)",
            "int arm_add(const int8_t*a, const int8_t*b, int64_t count)",
        ),
        ("arm_declared", "void arm_declared(int)", ""),
    ]


def test_callers() -> None:
    old = b"int f(void) { return arm_add(a, b, 1); }\nint g(void) { return arm_add(a, b, 2); }\n"
    new = old.replace(b"b, 2", b"b, (int64_t)2").replace(b"b, 1", b"b,  /* one */ 1")
    assert changed_callers(old, new, {"arm_add"}) == ["g"]
    assert changed_callers(old, new, {"arm_mul"}) == []
    assert changed_callers(old, b"\xff {{{ (", {"arm_add"}) == ["f", "g"]
