// SPDX-License-Identifier: Apache-2.0
//
// A larger stack for main. The SDK's linker script gives core 0 the top of the 4 KB bank
// SCRATCH_Y; what runs deeper grows into SCRATCH_X, where core 1's stack lies. A program linked
// with --wrap=main (the kernel tests, whose tensors are local arrays) runs main on TFLM_MAIN_STACK
// bytes of the striped SRAM instead; any other program does not link this file.

#ifndef TFLM_MAIN_STACK
#define TFLM_MAIN_STACK 32768
#endif

    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .section .bss.tflm_main_stack, "aw", %nobits
    .balign 8                           // the AAPCS's alignment of SP
    .space TFLM_MAIN_STACK
main_stack_top:

    .section .text.__wrap_main, "ax", %progbits
    .balign 4
    .global __wrap_main
    .type __wrap_main, %function
    .thumb_func
__wrap_main:
    push {r4, lr}
    mov r4, sp
    ldr r2, =main_stack_top
    mov sp, r2
    bl __real_main                      // argc and argv are still in r0 and r1
    mov sp, r4
    pop {r4, pc}
    .ltorg
    .size __wrap_main, . - __wrap_main
