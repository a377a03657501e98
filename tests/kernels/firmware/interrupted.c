/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Random layers through every kernel while SysTick interrupts both cores, each time after another
 * random while; some interrupts of core 0 call a kernel themselves. Every output is compared with
 * plain loops. Once with both cores, once with core 1 left alone.
 *
 * Prints `cores <n>: <layers> layers, <n> wrong, <n> interrupts of core 0, <n> of core 1, <n>
 * kernels in interrupts, <n> of them wrong` twice, then `interrupted done`.
 */

#include <stdio.h>
#include <string.h>

#include "hardware/structs/systick.h"
#include "hardware/sync.h"
#include "pico/stdlib.h"

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include "dual_core.h"

#ifndef LAYERS
#define LAYERS 120
#endif

#define ROOM 4096

static uint32_t seed = 1;

static uint32_t below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

static int8_t input[ROOM] __attribute__((aligned(4)));
static int8_t own_weights[ROOM] __attribute__((aligned(4)));
static const int8_t *weights;
static int8_t output[ROOM];
static int8_t expected[ROOM];
static int32_t bias[64];
static int32_t multipliers[64];
static int32_t shifts[64];
static int32_t input_offset, output_offset, minimum, maximum;

static int8_t finish(int32_t acc, int32_t channel)
{
    acc = arm_nn_requantize(acc, multipliers[channel], shifts[channel]) + output_offset;
    acc = MAX(acc, minimum);
    return (int8_t)MIN(acc, maximum);
}

static void draw(void)
{
    const bool extreme = below(4) == 0;
    for (int32_t i = 0; i < ROOM; i++) {
        const uint32_t v = below(256);
        input[i] = extreme ? (v & 1 ? -128 : 127) : (int8_t)v;
        own_weights[i] = extreme && below(8) == 0 ? -128 : (int8_t)(below(255) - 127);
    }
    for (int32_t i = 0; i < 64; i++) {
        bias[i] = (int32_t)below(8192) - 4096;
        multipliers[i] = (1 << 30) + (int32_t)below(1 << 30);
        shifts[i] = -(int32_t)below(13);
    }
    input_offset = (int32_t)below(256) - 127;
    output_offset = below(2) ? -128 : (int32_t)below(256) - 128;
    minimum = -128;
    maximum = below(2) ? 127 : (int32_t)below(128);
}

/* One layer: convolution, or (depthwise) of one filter for each channel, or fully connected. Its
 * weights are of the program's own code, if `flash`: what lies there comes by DMA. */
typedef struct {
    int32_t side, channels, outputs, filter, stride, padding, dilation, out;
    bool depthwise, connected, flash;
} layer;

static layer draw_layer(void)
{
    layer l = {
        .side = 1 + (int32_t)below(9),
        .channels = 1 + (int32_t)below(12),
        .outputs = 1 + (int32_t)below(16),
        .filter = below(3) == 0 ? 1 : 1 + (int32_t)below(3),
        .stride = 1 + (int32_t)below(2),
        .dilation = below(4) == 0 ? 2 : 1,
        .depthwise = below(2),
        .flash = below(2),
    };
    if (below(6) == 0) {
        const layer connected = {1, 1 + (int32_t)below(400), 1 + (int32_t)below(64), 1, 1, 0, 1, 1,
                                 .connected = true, .flash = l.flash};
        return connected;
    }
    if (below(3) == 0) {
        l.filter = 3;
    }
    if (l.depthwise) {
        l.outputs = l.channels * (1 + (int32_t)below(2));
    }
    l.padding = (int32_t)below((uint32_t)l.filter);
    const int32_t reach = (l.filter - 1) * l.dilation + 1;
    l.out = l.side + 2 * l.padding < reach ? 1 : (l.side + 2 * l.padding - reach) / l.stride + 1;
    return l;
}

static void reference(const layer *l)
{
    for (int32_t y = 0; y < l->out; y++) {
        for (int32_t x = 0; x < l->out; x++) {
            for (int32_t o = 0; o < l->outputs; o++) {
                int32_t acc = bias[o];
                for (int32_t i = 0; i < l->filter * l->filter; i++) {
                    const int32_t in_y =
                        y * l->stride - l->padding + i / l->filter * l->dilation;
                    const int32_t in_x =
                        x * l->stride - l->padding + i % l->filter * l->dilation;
                    if (in_y < 0 || in_y >= l->side || in_x < 0 || in_x >= l->side) {
                        continue;
                    }
                    const int8_t *in = input + (in_y * l->side + in_x) * l->channels;
                    if (l->depthwise) {
                        acc += (in[o / (l->outputs / l->channels)] + input_offset) *
                               weights[i * l->outputs + o];
                    } else {
                        for (int32_t c = 0; c < l->channels; c++) {
                            acc += (in[c] + input_offset) *
                                   weights[(o * l->filter * l->filter + i) * l->channels + c];
                        }
                    }
                }
                expected[(y * l->out + x) * l->outputs + o] = finish(acc, o);
            }
        }
    }
}

static void run(const layer *l, int8_t *to)
{
    static int32_t buffer[1024];
    const cmsis_nn_context context = {buffer, sizeof(buffer)};
    const cmsis_nn_per_channel_quant_params quantisation = {multipliers, shifts};
    const cmsis_nn_dims in = {1, l->side, l->side, l->channels};
    const cmsis_nn_dims kernel = {
        l->depthwise ? 1 : l->outputs, l->filter, l->filter, l->depthwise ? l->outputs : l->channels};
    const cmsis_nn_dims out = {1, l->out, l->out, l->outputs};
    const cmsis_nn_dims one = {1, 1, 1, l->outputs};
    const cmsis_nn_tile stride = {l->stride, l->stride};
    const cmsis_nn_tile padding = {l->padding, l->padding};
    const cmsis_nn_tile dilation = {l->dilation, l->dilation};
    const cmsis_nn_activation activation = {minimum, maximum};
    if (l->connected) {
        arm_nn_vec_mat_mult_t_per_ch_s8(input, weights, NULL, bias, to, input_offset, output_offset,
                                        multipliers, shifts, l->channels, l->outputs, minimum,
                                        maximum, 1, 0);
    } else if (l->depthwise) {
        const cmsis_nn_dw_conv_params params = {input_offset, output_offset,
                                                l->outputs / l->channels,
                                                stride, padding, dilation, activation};
        const bool plain = l->filter == 3 && l->dilation == 1 && l->outputs == l->channels &&
                           l->padding <= 1;
        (plain ? arm_depthwise_conv_3x3_s8 : arm_depthwise_conv_s8)(
            &context, &params, &quantisation, &in, input, &kernel, weights, &one, bias, &out, to);
    } else if (l->filter == 1 && l->stride == 1 && l->padding == 0) {
        arm_nn_mat_mult_nt_t_s8(input, weights, bias, to, multipliers, shifts,
                                l->side * l->side, l->outputs, l->channels, input_offset,
                                output_offset, minimum, maximum, l->outputs, l->channels);
    } else {
        const cmsis_nn_conv_params params = {input_offset, output_offset, stride,
                                             padding, dilation, activation};
        arm_convolve_s8(&context, &params, &quantisation, &in, input, &kernel, weights, &one, bias,
                        NULL, &out, to);
    }
}

/* ---- interrupts */

static volatile uint32_t interrupts[2], nested, nested_wrong;
static int8_t small_input[24], small_weights[24];
static const int32_t small_multipliers[3] = {1 << 30, 1 << 30, 1 << 30};
static const int32_t small_shifts[3] = {-3, -3, -3};
static int8_t small_expected[9];

static void small_kernel(int8_t *to)
{
    arm_nn_mat_mult_nt_t_s8(small_input, small_weights, NULL, to, small_multipliers, small_shifts,
                            3, 3, 8, 5, 0, -128, 127, 3, 8);
}

static void arm_systick(uint32_t within)
{
    systick_hw->rvr = within;
    systick_hw->cvr = 0;
    systick_hw->csr = 7;
}

void isr_systick(void)
{
    static uint32_t noise[2] = {1, 2};
    const uint32_t core = get_core_num();
    const uint32_t n = ++interrupts[core];
    noise[core] = noise[core] * 1664525u + 1013904223u;
    /* A division in between those of the kernels. */
    const volatile uint32_t left = 100 + noise[core] / (n | 1);
    if (core == 0 && noise[core] >> 29 == 0) {
        int8_t got[9];
        small_kernel(got);
        nested++;
        nested_wrong += memcmp(got, small_expected, sizeof(got)) != 0;
    }
    arm_systick(400 + left % 97 + (noise[core] >> 20));
}

static void start_interrupts(void *arg, int part, int parts)
{
    (void)arg;
    (void)part;
    (void)parts;
    arm_systick(1000);
}

static void stop_interrupts(void *arg, int part, int parts)
{
    (void)arg;
    (void)part;
    (void)parts;
    systick_hw->csr = 0;
}

static void round_of(int cores)
{
    int layers = 0, wrong = 0;
    interrupts[0] = interrupts[1] = nested = nested_wrong = 0;
    dual_core_run(start_interrupts, NULL);
    while (layers < LAYERS) {
        const layer l = draw_layer();
        if (l.side * l.side * l.channels > ROOM || l.out * l.out * l.outputs > ROOM ||
            (!l.flash && l.filter * l.filter * l.channels * l.outputs > ROOM)) {
            continue;
        }
        draw();
        weights = l.flash ? (const int8_t *)(XIP_BASE + 4 * below(1024)) : own_weights;
        reference(&l);
        memset(output, 0x5c, sizeof(output));
        run(&l, output);
        wrong += memcmp(output, expected, (size_t)(l.out * l.out * l.outputs)) != 0;
        layers++;
    }
    dual_core_run(stop_interrupts, NULL);
    printf("cores %d: %d layers, %d wrong, %u interrupts of core 0, %u of core 1, %u kernels in "
           "interrupts, %u of them wrong\n",
           cores, layers, wrong, (unsigned)interrupts[0], (unsigned)interrupts[1],
           (unsigned)nested, (unsigned)nested_wrong);
}

static void program(void)
{
    stdio_init_all();
    for (int i = 0; i < 24; i++) {
        small_input[i] = (int8_t)(below(256) - 128);
        small_weights[i] = (int8_t)(below(255) - 127);
    }
    small_kernel(small_expected);
    round_of(2);
    dual_core_disable();
    round_of(1);
    printf("interrupted done\n");
    for (;;) {
        __wfe();
    }
}

/* Main's stack, out of the private banks: the interrupts' kernels run on it. */
static uint32_t stack[1024] __attribute__((aligned(8)));

int main(void)
{
    __asm volatile("mov sp, %0\n\tblx %1" : : "l"(stack + 1024), "l"(program) : "memory");
    __builtin_unreachable();
}
