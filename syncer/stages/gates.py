"""What a roll measured against what was accepted: figures, sizes, kernels, and what is carried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from syncer.bench.compare import figures
from syncer.bench.gate import check_layers, gate, unmeasured
from syncer.bench.kernels import left_kernels
from syncer.errors import Exit, SyncError
from syncer.lock import Lock
from syncer.model import (
    BenchesResult,
    BenchResult,
    BuildResult,
    Figure,
    Rebased,
    SizeMove,
    Verdict,
)
from syncer.port import Port
from syncer.sizes import Sizes, largest, load_sizes, moves


def compared(
    port: Port, built: BuildResult, lock: Lock, accepted: Sizes, results: Sequence[BenchResult]
) -> BenchesResult:
    """The benchmarks' results beside the lock's figures and kernels and the `accepted` sizes.

    Raises:
        SyncError: port.toml limits a layer that its model does not have.
    """
    check_layers(results, port.toml.gates)
    found = figures(results, built, lock.figures, port.toml.gates, lock.anchored)
    ungated = _not_comparable(port, built, lock)
    if ungated:
        found = tuple(replace(figure, limit=None, against="") for figure in found)
    sizes = load_sizes(Path(built.sizes))
    return BenchesResult(
        tuple(results),
        found,
        ungated,
        left_kernels(results, lock.kernels),
        _readable(port, moves(accepted, sizes)),
        _readable(port, largest(accepted, sizes)),
    )


def _not_comparable(port: Port, built: BuildResult, lock: Lock) -> str:
    """Why the accepted figures are no measure for this build's: none there, or another compiler
    or SDK. What such a change costs is for a person to accept; it says nothing of upstream."""
    if port.bare:
        return "what was accepted is the port with its patches and overrides"
    if not lock.figures:
        return "nothing was accepted before"
    sdk = port.toml.build.sdk
    decisive = (f"{port.toml.build.toolchain.prefix}gcc", sdk.name if sdk else "")
    for tool in built.tools:
        accepted = lock.tools.get(tool.name)
        if tool.name in decisive and accepted != tool.version:
            return f"{tool.name} is {tool.version}, accepted was {accepted or 'none'}"
    return ""


def _readable(port: Port, moved: Sequence[SizeMove]) -> tuple[SizeMove, ...]:
    from syncer.build.symbols import demangled  # late, as all of `syncer.stages` says

    names = demangled((move.name for move in moved), port.toml.build.toolchain.prefix)
    return tuple(replace(move, name=names[move.name]) for move in moved)


def check_benches(benches: BenchesResult, lock: Lock, rebased: Rebased) -> None:
    """Raises SyncError: (TEST) outputs differ from TFLM's; (GATE) something is worse than what
    was accepted, or is missing, and a person has to say whether that is meant."""
    everywhere = (*benches.results, *benches.beside)
    wrong = [result for result in everywhere if result.outputs is Verdict.TEST]
    if wrong:
        where = f" on {wrong[0].target}" if wrong[0] in benches.beside else ""
        raise SyncError(
            f"{wrong[0].name}{where}: {wrong[0].note}",
            hint="A kernel computes something else than TFLM on the host.",
            exit=Exit.TEST,
        )
    reasons = [*_gone(rebased), *_left(benches), *_unmeasured(benches, lock), *_over(benches)]
    if reasons:
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        raise SyncError(
            reasons[0] + more,
            hint="Mend what made it so; if it is meant, accept it, saying why: "
            'sync accept --why "…"',
            exit=Exit.GATE,
            detail="\n".join(reasons) if more else "",
        )


def is_only_over(benches: BenchesResult, lock: Lock, rebased: Rebased) -> bool:
    """Whether all that stops a roll at the gate are figures over their limit: what a person may
    accept by naming them. Work of the port's that is missing has no name to be accepted by."""
    return bool(_over(benches)) and not (
        _gone(rebased) or _left(benches) or _unmeasured(benches, lock)
    )


def _gone(rebased: Rebased) -> list[str]:
    return [
        f"{name} was accepted as part of the port and is gone, and upstream has not absorbed it"
        for name in rebased.gone
    ]


def _left(benches: BenchesResult) -> list[str]:
    return [
        f"{item.layer} no longer runs {', '.join(item.kernels)}; it runs "
        f"{', '.join(item.now) or 'no kernel of an override or its component'}"
        for item in benches.left
    ]


def _unmeasured(benches: BenchesResult, lock: Lock) -> list[str]:
    lost = unmeasured(benches.figures, lock.figures)
    return [f"{name} was accepted and was not measured" for name in lost if not benches.ungated]


def _over(benches: BenchesResult) -> list[str]:
    return [over_text(figure) for figure in gate(benches.figures)]


def over_text(figure: Figure) -> str:
    """A figure over its limit, in one line."""
    base = figure.old if figure.against == "accepted" else figure.anchor
    return (
        f"{figure.name}: {base:,} → {figure.new:,} {figure.unit}, at most {figure.limit:,} "
        f"({'the accepted figure' if figure.against == 'accepted' else 'the anchor'} sets it)"
    )
