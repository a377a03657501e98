/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The kernels with their parts at work at the same time, for ThreadSanitizer to watch: it reports
 * whatever one part writes and the other touches.
 */

#include <pthread.h>
#include <stdlib.h>

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include "dual_core.h"

static uint32_t scratch_memory[DUAL_CORE_SCRATCH_WORDS];

typedef struct {
    dual_core_job job;
    void *arg;
} second_part;

static void *run_second(void *arg)
{
    const second_part *second = arg;
    second->job(second->arg, 1, DUAL_CORE_MAX_PARTS);
    return NULL;
}

void dual_core_run(dual_core_job job, void *arg)
{
    pthread_t thread;
    second_part second = {job, arg};
    if (pthread_create(&thread, NULL, run_second, &second) != 0) {
        abort();
    }
    job(arg, 0, DUAL_CORE_MAX_PARTS);
    pthread_join(thread, NULL);
}

uint32_t *dual_core_scratch_acquire(void)
{
    return scratch_memory;
}

void dual_core_scratch_release(uint32_t *scratch)
{
    (void)scratch;
}

static int8_t input[1 << 16];
static int8_t weights[1 << 16];
static int8_t output[1 << 16];
static int32_t multipliers[256];
static int32_t shifts[256];

static void matmul(int32_t rows, int32_t channels, int32_t columns)
{
    arm_nn_mat_mult_nt_t_s8(input, weights, NULL, output, multipliers, shifts, rows, channels,
                            columns, 128, 0, -128, 127, channels, columns);
}

static void depthwise(int32_t side, int32_t channels, int32_t multiplier, int32_t filter)
{
    const int32_t outputs = channels * multiplier;
    const cmsis_nn_dw_conv_params params = {
        .input_offset = 128,
        .ch_mult = multiplier,
        .stride = {1, 1},
        .padding = {1, 1},
        .dilation = {1, 1},
        .activation = {-128, 127},
    };
    const cmsis_nn_per_channel_quant_params quantisation = {multipliers, shifts};
    const cmsis_nn_dims in = {1, side, side, channels};
    const cmsis_nn_dims kernel = {1, filter, filter, outputs};
    const cmsis_nn_dims out = {1, side + 3 - filter, side + 3 - filter, outputs};
    const cmsis_nn_dims bias = {1, 1, 1, outputs};
    arm_depthwise_conv_s8(
        NULL, &params, &quantisation, &in, input, &kernel, weights, &bias, NULL, &out, output);
}

int main(void)
{
    srand(1);
    for (size_t i = 0; i < sizeof(input); i++) {
        input[i] = (int8_t)rand();
        weights[i] = (int8_t)(rand() % 255 - 127);
    }
    for (size_t i = 0; i < 256; i++) {
        multipliers[i] = 1 << 30;
        shifts[i] = -8;
    }
    matmul(700, 16, 8);   /* by channels, several tiles */
    matmul(700, 1, 10);   /* by rows */
    matmul(1, 20, 33);
    matmul(9, 3, 1200);   /* unpacked */
    depthwise(24, 8, 1, 3); /* by channels */
    depthwise(48, 1, 4, 3); /* by rows, several bands */
    depthwise(9, 3, 2, 3);
    depthwise(9, 3, 2, 5); /* the plain loops */
    return 0;
}
