"""Numbers as a person reads them."""

from __future__ import annotations

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def grouped(number: int) -> str:
    """12345678 as "12,345,678"."""
    return f"{number:,}".replace("-", "−")


def milliseconds(ticks: int) -> str:
    """Microseconds as milliseconds: two digits behind the point below 10 ms, else one."""
    return f"{ticks / 1000:,.{1 if ticks >= 10_000 else 2}f} ms"


def duration(seconds: float) -> str:
    """Seconds of a stage, as "0.4 s" or "3 min 12 s"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest:02} s"


def change(new: int, old: int | None) -> str:
    """How far `new` is from `old`: "=", "+1.25 %", "−81.1 %"; "new" where there was none."""
    if old is None:
        return "new"
    if new == old:
        return "="
    sign = "+" if new > old else "−"
    if old <= 0:
        return f"{sign}{abs(new - old):,}"
    percent = 100 * abs(new - old) / old
    if percent < 0.01:
        return f"{sign}<0.01 %"
    return f"{sign}{percent:,.{1 if percent >= 10 else 2}f} %"


def percent(share: float) -> str:
    """A share in percent, as "12 %"; what is more than nothing is never "0 %"."""
    return "<1 %" if 0 < share < 1 else f"{share:.0f} %"


def bar(part: float, whole: float, width: int = 12) -> str:
    """`part` of `whole` as a bar of eighths of a character; something, however small, shows."""
    if part <= 0 or whole <= 0:
        return ""
    eighths = max(1, round(min(1.0, part / whole) * width * 8))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 patch", "3 patches"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
