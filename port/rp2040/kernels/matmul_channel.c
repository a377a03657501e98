/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One output channel of the matrix product: what is C about it on a Cortex-M0+, and all of it
 * elsewhere.
 */

#include "matmul_channel.h"

#include "dual_core.h"
#include "matmul_words.h"
#include "matmul_work.h"

#include <stddef.h>

#if defined(__ARM_ARCH_6M__)

/* In matmul_channel.S, which also says what lies behind `code`. */
extern const uint32_t matmul_channel_code_0[];
extern const uint32_t matmul_channel_code_1[];
bool matmul_channel_on(const matmul_channel_task *task, const uint32_t *code);
int32_t matmul_requantize_any(const requantize_channel *channel, int32_t accumulator);

#define AT(field, offset)                                                                          \
    _Static_assert(offsetof(matmul_channel_task, field) == (offset), #field)

AT(quads, TASK_QUADS);
AT(x, TASK_X);
AT(dst, TASK_DST);
AT(x_full, TASK_X_FULL);
AT(x_end, TASK_X_END);
AT(dst_stride, TASK_DST_STRIDE);
AT(dst_back, TASK_DST_BACK);
AT(start, TASK_START);
AT(lhs_offset, TASK_LHS_OFFSET);
AT(fast, TASK_FAST);
AT(minimum, TASK_MINIMUM);
AT(maximum, TASK_MAXIMUM);
AT(any, TASK_ANY);
AT(kind, TASK_KIND);
_Static_assert(sizeof(requantize_fast) == TASK_MINIMUM - TASK_FAST, "requantize.h");

int32_t DUAL_CORE_IN_RAM(matmul_requantize_any)(const requantize_channel *channel,
                                                const int32_t accumulator)
{
    return requantize(channel, accumulator);
}

bool DUAL_CORE_IN_RAM(matmul_channel)(const matmul_channel_task *task, const int part)
{
    return matmul_channel_on(task, part == 0 ? matmul_channel_code_0 : matmul_channel_code_1);
}

#else

bool matmul_channel(const matmul_channel_task *task, const int part)
{
    (void)part;
    uint32_t unpacked[2 * MATMUL_CHANNEL_QUADS];
    int32_t sum = 0;
    for (int32_t quad = 0; quad < task->quads; quad++) {
        const uint32_t v = exchange(load_quad(task->weights, quad, 4 * task->quads, true));
        if (!products_fit(v)) {
            return false;
        }
        unpacked[2 * quad] = unpack_even(v);
        unpacked[2 * quad + 1] = unpack_even(v >> 8);
        for (int32_t i = 0; i < 4; i++) {
            sum += task->weights[4 * quad + i];
        }
    }
    const int32_t start =
        (int32_t)((uint32_t)task->start + (uint32_t)task->lhs_offset * (uint32_t)sum);
    int8_t *dst = task->dst;
    for (const uint32_t *x = task->x; x != task->x_end;) {
        if (x == task->x_full) {
            dst -= task->dst_back;
        }
        int32_t acc[GROUP] = {start, start, start};
        for (int32_t word = 0; word < 2 * task->quads; word += 2) {
            for (int32_t row = 0; row < GROUP; row++) {
                acc[row] = multiply(acc[row], *x++, unpacked[word]);
                acc[row] = multiply(acc[row], *x++, unpacked[word + 1]);
            }
        }
        for (int32_t row = 0; row < GROUP; row++) {
            *dst = task->kind == REQUANTIZE_ANY
                       ? requantize(task->any, acc[row])
                       : requantize_fast_apply((requantize_kind)task->kind,
                                               &task->fast,
                                               task->minimum,
                                               task->maximum,
                                               acc[row]);
            dst += task->dst_stride;
        }
    }
    return true;
}

#endif
