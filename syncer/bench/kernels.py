"""Which kernels ran in each layer, and which layers silently left theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from syncer.bench.gate import LAYER
from syncer.model import BenchResult, Kernel, Layer, LeftKernel

_OURS = "*"  # behind the name of an override's function, in the lock


def layer_kernels(
    layers: Sequence[Layer],
    spans: Sequence[tuple[int, int]],
    counts: Sequence[Mapping[int, int]],
    functions: Mapping[int, Kernel],
) -> tuple[Layer, ...]:
    """The layers with the functions that ran in them, on whichever core.

    Args:
        spans: of each layer, where among the run's marks it begins and ends.
        counts: as many as marks: how often each address was executed since the mark before.
        functions: by address; their `calls` do not matter.
    """
    filled = []
    for layer, (begin, end) in zip(layers, spans, strict=True):
        ran = Counter[int]()
        for count in counts[begin + 1 : end + 1]:
            ran.update(count)
        kernels = [replace(functions[at], calls=n) for at, n in ran.items() if at in functions]
        kernels.sort(key=lambda kernel: (not kernel.override, kernel.name))
        filled.append(replace(layer, kernels=tuple(kernels)))
    return tuple(filled)


def kernel_table(results: Iterable[BenchResult]) -> dict[str, str]:
    """The layers' kernels as the lock keeps them; layers without any have no entry."""
    return {
        _name(result, layer): " ".join(
            kernel.name + _OURS * kernel.override for kernel in layer.kernels
        )
        for result in results
        for layer in result.layers
        if layer.kernels
    }


def left_kernels(
    results: Sequence[BenchResult], accepted: Mapping[str, str]
) -> tuple[LeftKernel, ...]:
    """Layers that no longer run an override's function they ran when they were accepted, or that
    have left all kernels of the component for others; a layer that is gone had its kernels too.

    Other functions of the component may come and go: that is upstream's business, as long as the
    gates hold. Models that were not measured, or on a target that cannot tell, are passed over.
    """
    known = {result.name for result in results if _tells(result)}
    now = {
        _name(result, layer): layer.kernels or () for result in results for layer in result.layers
    }
    left = []
    for name, text in accepted.items():
        if name.partition(LAYER)[0] not in known:
            continue
        before = text.split()
        ours = {kernel.removesuffix(_OURS) for kernel in before if kernel.endswith(_OURS)}
        ran = now.get(name, ())
        missing = ours - {kernel.name for kernel in ran if kernel.override}
        if not ran and not missing:
            missing = {kernel.removesuffix(_OURS) for kernel in before}
        if missing:
            left.append(
                LeftKernel(name, tuple(sorted(missing)), tuple(kernel.name for kernel in ran))
            )
    return tuple(left)


def _tells(result: BenchResult) -> bool:
    return any(layer.kernels is not None for layer in result.layers)


def _name(result: BenchResult, layer: Layer) -> str:
    return f"{result.name}{LAYER}{layer.index}/{layer.op}"
