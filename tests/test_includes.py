"""What sources include, followed through a tree."""

from __future__ import annotations

from syncer.includes import included, including

FILES = {
    "a.cc": b'#include "a.h"\n  #\tinclude  "sub/b.h"\n//#include "no.h"\n',
    "a.h": b'#ifdef NEVER\n#include "c.h"\n#endif\n#include <no.h>\n',
    "sub/b.h": b'#include "near.h"\n#include "../a.h"\n',
    "sub/near.h": b'#include "b.h"\n#include "../../outside.h"\n',
    "near.h": b"",
    "include/c.h": b'#include "near.h"\n',
    "other.cc": b'#include "near.h"\r\n',
    "no.h": b"",
    "../outside.h": b"",
}
DIRS = (".", "include")


def test_headers_are_followed_as_a_compiler_looks_for_them() -> None:
    found = included(["a.cc"], DIRS, FILES.get)
    assert found == {"a.h", "sub/b.h", "sub/near.h", "include/c.h", "near.h"}
    assert included(["other.cc"], DIRS, FILES.get) == {"near.h"}
    assert included(["a.cc"], (), FILES.get) == {"a.h", "sub/b.h", "sub/near.h"}


def test_not_every_header_need_be_followed() -> None:
    found = included(["a.cc"], DIRS, FILES.get, lambda path: path != "a.h")
    assert found == {"a.h", "sub/b.h", "sub/near.h"}


def test_who_includes_a_header() -> None:
    sources = ["a.cc", "other.cc"]
    assert including(sources, ["near.h"], DIRS, FILES.get) == {"a.cc", "other.cc"}
    assert including(sources, ["sub/near.h"], DIRS, FILES.get) == {"a.cc"}
    assert including(sources, ["no.h"], DIRS, FILES.get) == set()
    assert including(sources, ["no.h", "include/c.h"], DIRS, FILES.get) == {"a.cc"}
