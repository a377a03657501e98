"""A merged patch gets the text that git would give it, where only its place has changed."""

from __future__ import annotations

import random

from lab import Lab

from syncer.git import quarantine
from syncer.queue.contents import Contents
from syncer.queue.mail import refresh
from syncer.queue.merging import merge_texts
from syncer.queue.shifting import shifted


def test_shifted_text_is_gits(lab: Lab) -> None:
    rng = random.Random(3)
    lines = [
        (b"int function_%d(void) {  \n" if n % 7 == 0 else b"  line_%d();\n") % n for n in range(40)
    ]
    lines[21] = b"void a_name_" + b"that_is_long_" * 8 + b"(void) {\n"
    count = 0
    for context in (0, 3):
        for _ in range(12):
            ours, upper = list(lines), rng.randrange(30)
            ours.insert(upper + 2 + rng.randrange(8), b"mine\n")
            del ours[upper + 1 : upper + 1 + rng.randrange(2)]
            theirs = list(lines)
            theirs.insert(rng.randrange(40), b"int theirs() {\n" * rng.randrange(1, 4))
            base = lab.commit({"f": b"".join(lines), "g": b"g\n"})
            patch = lab.patch(base, {"f": b"".join(ours), "g": b"G\n"}, context=context)
            merged = merge_texts(b"".join(lines), b"".join(theirs), b"".join(ours))
            if merged is None:
                continue
            with quarantine(lab.repository) as work:
                contents = Contents(work, [patch])
                old, new = (
                    {"f": ("100644", contents.add(f)), "g": ("100644", contents.add(g))}
                    for f, g in ((b"".join(theirs), b"g\n"), (merged, b"G\n"))
                )
                text = shifted(contents, patch, old, new)
                (wanted,) = refresh(work, [(patch, contents.tree(old), contents.tree(new))])
            if text is not None:
                count += 1
                assert text == wanted
    assert count > 12
