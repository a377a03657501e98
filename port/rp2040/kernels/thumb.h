/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_THUMB_H
#define PORT_RP2040_KERNELS_THUMB_H

/* What the assembly for the Cortex-M0+ has in common. For assembly files only. */

    .syntax unified
    .cpu cortex-m0plus
    .thumb

/* Begins a function in SRAM, where neither core waits for the flash cache. */
    .macro function name
    .section .time_critical.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
    .thumb_func
\name:
    .endm

/* Saves and restores what a function has to keep. */
    .macro enter
    push {r4-r7, lr}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    .endm

    .macro leave
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r4-r7, pc}
    .endm

#endif
