"""The kernels compiled for the Cortex-M0+ and run instruction by instruction.

The host build cannot reach the assembly in the kernels; this one can. Unicorn executes it.
"""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from elftools.elf.elffile import ELFFile
from kernel_library import (
    ASSEMBLY,
    INCLUDE,
    KERNELS,
    SOURCES,
    WARNINGS,
    ConvolveParams,
    DepthwiseParams,
    Dims,
    PoolParams,
    Tile,
)
from kernel_library import Activation as Limits
from kernel_reference import Quantisation
from numpy.typing import NDArray
from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_R3,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M0,
    UC_CPU_ARM_CORTEX_M33,
)
from unicorn.unicorn import Uc

CODE, CODE_SIZE = 0x1000_0000, 0x10_0000
RAM, RAM_SIZE = 0x2000_0000, 0x40_0000
STACK_TOP = RAM + RAM_SIZE
HEAP = RAM + 0x10_0000  # above the program's own data
RETURN = CODE + CODE_SIZE - 16
TIMEOUT_US = 60_000_000


# The RP2040's cores and the RP2350's, which has DSP instructions and none of the assembly.
CORES = {"cortex-m0plus": UC_CPU_ARM_CORTEX_M0, "cortex-m33": UC_CPU_ARM_CORTEX_M33}


def build(target: Path, core: str) -> Path:
    subprocess.run(
        [
            "arm-none-eabi-gcc",
            f"-mcpu={core}",
            "-mfloat-abi=soft",
            "-mthumb",
            "-std=c11",
            "-O3",
            *WARNINGS,
            f"-I{SOURCES}",
            f"-I{INCLUDE}",
            *(str(SOURCES / name) for name in (*KERNELS, *ASSEMBLY)),
            str(Path(__file__).with_name("harness.c")),
            "-nostartfiles",
            "-Wl,--entry=0",
            f"-Wl,-Ttext={CODE:#x}",
            f"-Wl,-Tdata={RAM:#x}",
            "-Wl,--no-warn-rwx-segments",
            "-o",
            str(target),
        ],
        check=True,
        timeout=120,
    )
    return target


def _cpu(core: str) -> Any:
    cpu: Any = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)  # type: ignore[no-untyped-call]
    cpu.ctl_set_cpu_model(CORES[core])
    return cpu


@dataclass
class TargetKernels:
    """The same face as kernel_library.Kernels; parts run in the given order."""

    program: Path
    core: str
    order: int
    _symbols: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._cpu = _cpu(self.core)
        self._cpu.mem_map(CODE, CODE_SIZE)
        self._cpu.mem_map(RAM, RAM_SIZE)
        with self.program.open("rb") as file:
            elf = ELFFile(file)
            for segment in elf.iter_segments("PT_LOAD"):
                self._cpu.mem_write(segment["p_vaddr"], segment.data())
            symbols: Any = elf.get_section_by_name(".symtab")
            for symbol in symbols.iter_symbols():
                self._symbols[symbol.name] = symbol["st_value"]
        self._cpu.mem_write(self._symbols["harness_order"], self.order.to_bytes(4, "little"))
        self._free = HEAP

    def _put(self, data: bytes | None, misalign: int = 0) -> int:
        """Copies bytes into memory; their address, or 0 for None."""
        if data is None:
            return 0
        address = self._free + misalign
        self._cpu.mem_write(address, data)
        self._free = (address + len(data) + 15) & ~15
        return address

    def _call(self, function: str, *arguments: int) -> int:
        registers = (UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3)
        words = [argument & 0xFFFF_FFFF for argument in arguments]
        for register, word in zip(registers, words, strict=False):
            self._cpu.reg_write(register, word)
        stacked = b"".join(word.to_bytes(4, "little") for word in words[4:])
        stack = (STACK_TOP - len(stacked)) & ~7
        self._cpu.mem_write(stack, stacked)
        self._cpu.reg_write(UC_ARM_REG_SP, stack)
        self._cpu.reg_write(UC_ARM_REG_LR, RETURN | 1)
        self._cpu.emu_start(self._symbols[function] | 1, RETURN, timeout=TIMEOUT_US)
        self._free = HEAP
        return int(self._cpu.reg_read(UC_ARM_REG_R0))

    def _output(self, address: int, shape: tuple[int, ...]) -> NDArray[np.int8]:
        data = bytes(self._cpu.mem_read(address, int(np.prod(shape))))
        return np.frombuffer(data, np.int8).reshape(shape)

    def scale(
        self,
        accumulators: NDArray[np.int32],
        multipliers: NDArray[np.int32],
        shifts: NDArray[np.int32],
    ) -> NDArray[np.int32]:
        inputs = [self._put(array.tobytes()) for array in (accumulators, multipliers, shifts)]
        out = self._put(bytes(accumulators.nbytes))
        self._call("harness_scale", *inputs, out, accumulators.size)
        return np.frombuffer(bytes(self._cpu.mem_read(out, accumulators.nbytes)), np.int32)

    def outputs(
        self,
        accumulators: NDArray[np.int32],
        multipliers: NDArray[np.int32],
        shifts: NDArray[np.int32],
        limits: tuple[int, int, int],
    ) -> NDArray[np.int8]:
        inputs = [self._put(array.tobytes()) for array in (accumulators, multipliers, shifts)]
        out = self._put(bytes(accumulators.size))
        self._call("harness_outputs", *inputs, out, accumulators.size, *limits)
        return self._output(out, (accumulators.size,))

    def matmul(
        self,
        lhs: NDArray[np.int8],
        lhs_rows: int,
        lhs_stride: int,
        rhs: NDArray[np.int8],
        bias: NDArray[np.int32] | None,
        quantisation: Quantisation,
    ) -> NDArray[np.int8]:
        channels, columns = rhs.shape
        q = quantisation
        out = self._put(bytes(lhs_rows * channels))
        status = self._call(
            "arm_nn_mat_mult_nt_t_s8",
            self._put(lhs.tobytes(), lhs.ctypes.data % 4),
            self._put(rhs.tobytes(), rhs.ctypes.data % 4),
            self._put(None if bias is None else bias.tobytes()),
            out,
            self._put(q.multipliers.tobytes()),
            self._put(q.shifts.tobytes()),
            lhs_rows,
            channels,
            columns,
            q.input_offset,
            q.output_offset,
            q.minimum,
            q.maximum,
            channels,
            lhs_stride,
        )
        assert status == 0
        return self._output(out, (lhs_rows, channels))

    def vec_mat(
        self,
        lhs: NDArray[np.int8],
        rhs: NDArray[np.int8],
        bias: NDArray[np.int32] | None,
        quantisation: Quantisation,
        rhs_offset: int,
        step: int,
        per_channel: bool,
    ) -> NDArray[np.int8]:
        rows, columns = rhs.shape
        q = quantisation
        size = (rows - 1) * step + 1
        out = self._put(bytes(size))
        scales = (int(q.multipliers[0]), int(q.shifts[0]))
        if per_channel:
            scales = (self._put(q.multipliers.tobytes()), self._put(q.shifts.tobytes()))
        status = self._call(
            "arm_nn_vec_mat_mult_t_per_ch_s8" if per_channel else "arm_nn_vec_mat_mult_t_s8",
            self._put(lhs.tobytes(), lhs.ctypes.data % 4),
            self._put(rhs.tobytes(), rhs.ctypes.data % 4),
            0,
            self._put(None if bias is None else bias.tobytes()),
            out,
            q.input_offset,
            q.output_offset,
            *scales,
            columns,
            rows,
            q.minimum,
            q.maximum,
            step,
            rhs_offset,
        )
        assert status == 0
        return self._output(out, (size,))[::step]

    def softmax(
        self, values: NDArray[np.int8], scale: tuple[int, int, int], dtype: type[np.signedinteger]
    ) -> NDArray[Any]:
        rows, size = values.shape
        width = np.dtype(dtype).itemsize
        out = self._put(bytes(values.size * width))
        self._call(
            "arm_nn_softmax_common_s8",
            self._put(values.tobytes()),
            rows,
            size,
            *scale,
            int(dtype is np.int16),
            out,
        )
        return self._output(out, (values.size * width,)).view(dtype).reshape(rows, size)

    def convolve(
        self,
        image: NDArray[np.int8],
        kernel: NDArray[np.int8],
        bias: NDArray[np.int32] | None,
        quantisation: Quantisation,
        output_size: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int] = (1, 1),
        upscale: tuple[int, int] | None = None,
    ) -> NDArray[np.int8] | int:
        q = quantisation
        batch, height, width, channels = image.shape
        outputs, rows, columns, kernel_channels = kernel.shape
        if upscale is not None:
            height, width = height * upscale[0], width * upscale[1]
        shape = (batch, *output_size, outputs)
        params = ConvolveParams(
            q.input_offset,
            q.output_offset,
            Tile(stride[1], stride[0]),
            Tile(padding[1], padding[0]),
            Tile(dilation[1], dilation[0]),
            Limits(q.minimum, q.maximum),
        )
        size = 4 * ((rows * columns * kernel_channels + 3) & ~3)
        context = b"".join(n.to_bytes(4, "little") for n in (self._put(bytes(size)), size))
        per_channel = b"".join(
            self._put(array.tobytes()).to_bytes(4, "little") for array in (q.multipliers, q.shifts)
        )
        out = self._put(bytes(int(np.prod(shape))))
        status = self._call(
            "arm_convolve_s8",
            self._put(context),
            self._struct(params),
            self._put(per_channel),
            self._struct(Dims(batch, height, width, channels)),
            self._put(image.tobytes(), image.ctypes.data % 4),
            self._struct(Dims(outputs, rows, columns, kernel_channels)),
            self._put(kernel.tobytes(), kernel.ctypes.data % 4),
            self._struct(Dims(1, 1, 1, outputs)),
            self._put(None if bias is None else bias.tobytes()),
            0 if upscale is None else self._struct(Dims(1, upscale[0], upscale[1], 1)),
            self._struct(Dims(*shape)),
            out,
        )
        return self._output(out, shape) if status == 0 else status - (1 << 32)

    def average_pool(
        self,
        image: NDArray[np.int8],
        filter_size: tuple[int, int],
        output_size: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        limits: tuple[int, int],
    ) -> NDArray[np.int8] | int:
        shape = (image.shape[0], *output_size, image.shape[3])
        params = PoolParams(
            Tile(stride[1], stride[0]), Tile(padding[1], padding[0]), Limits(*limits)
        )
        out = self._put(bytes(int(np.prod(shape))))
        status = self._call(
            "arm_avgpool_s8",
            self._put(bytes(8)),
            self._struct(params),
            self._struct(Dims(*image.shape)),
            self._put(image.tobytes(), image.ctypes.data % 4),
            self._struct(Dims(1, *filter_size, 1)),
            self._struct(Dims(*shape)),
            out,
        )
        return self._output(out, shape) if status == 0 else status - (1 << 32)

    def depthwise(
        self,
        function: str,
        image: NDArray[np.int8],
        kernel: NDArray[np.int8],
        bias: NDArray[np.int32] | None,
        quantisation: Quantisation,
        output_size: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int] = (1, 1),
    ) -> NDArray[np.int8] | int:
        q = quantisation
        batch, _, _, channels = image.shape
        rows, columns, outputs = kernel.shape
        shape = (batch, *output_size, outputs)
        params = DepthwiseParams(
            q.input_offset,
            q.output_offset,
            outputs // channels,
            Tile(stride[1], stride[0]),
            Tile(padding[1], padding[0]),
            Tile(dilation[1], dilation[0]),
            Limits(q.minimum, q.maximum),
        )
        per_channel = b"".join(
            self._put(array.tobytes()).to_bytes(4, "little") for array in (q.multipliers, q.shifts)
        )
        out = self._put(bytes(int(np.prod(shape))))
        status = self._call(
            function,
            0,
            self._struct(params),
            self._put(per_channel),
            self._struct(Dims(*image.shape)),
            self._put(image.tobytes()),
            self._struct(Dims(1, rows, columns, outputs)),
            self._put(kernel.tobytes()),
            self._struct(Dims(1, 1, 1, outputs)),
            self._put(None if bias is None else bias.tobytes()),
            self._struct(Dims(*shape)),
            out,
        )
        return self._output(out, shape) if status == 0 else status - (1 << 32)

    def _struct(self, structure: ctypes.Structure) -> int:
        return self._put(bytes(structure))
