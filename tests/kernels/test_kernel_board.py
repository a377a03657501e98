"""Random layers on both cores of the emulated RP2040, also while interrupts come at random."""

from __future__ import annotations

from pathlib import Path

import kernel_board
import numpy as np
import pytest
from kernel_board import BoardKernels
from test_kernel_convolve import random_layer as random_convolution
from test_kernel_depthwise import random_3x3, random_general
from test_kernel_mat_mult import check as check_product
from test_kernel_vec_mat import check as check_vector


@pytest.fixture(scope="module")
def board_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kernel_board.build(tmp_path_factory.mktemp("board") / "board.elf")


@pytest.fixture(
    params=[(2, False), (2, True), (1, True)], ids=["both", "both-interrupted", "one-interrupted"]
)
def board(board_program: Path, request: pytest.FixtureRequest) -> BoardKernels:
    cores, interrupts = request.param
    return BoardKernels(board_program, "cortex-m0plus", 0, cores=cores, interrupts=interrupts)


def test_random_layers(board: BoardKernels) -> None:
    rng = np.random.default_rng(board.cores + 2 * board.interrupts)
    for name in ("arm_depthwise_conv_3x3_s8", "arm_depthwise_conv_s8"):
        random_3x3(board, rng, name, 400)
    random_general(board, rng, 500)
    for _ in range(300):
        rows, channels = (int(n) for n in rng.integers(1, 24, 2))
        columns, gap = int(rng.integers(1, 70)), int(rng.choice([0, 0, 1, 4]))
        check_product(board, rng, rows, channels, columns, gap)
    for _ in range(400):
        random_convolution(board, rng, 9)
    for _ in range(300):
        check_vector(board, rng, int(rng.integers(1, 40)), int(rng.integers(1, 80)))
    assert board.stack_left("job_stack") >= 64
    if board.cores == 2:
        assert board.stack_left("worker_stack") >= 64
    if board.interrupts:
        assert all(board.word("interrupts_seen", core) > 1000 for core in range(board.cores))
