/* SPDX-License-Identifier: Apache-2.0 */

/*
 * void dual_core_call_on_stack(dual_core_job job, void *arg, int parts, uint32_t *stack_end)
 *
 * Calls job(arg, 0, parts) on the stack that ends (begins, as it grows downwards) at stack_end.
 *
 * Thread code is moved to the process stack pointer if it is not there already, so interrupts
 * leave one frame of 32 bytes on the job's stack and run on the stack they always run on. An
 * RTOS task is on PSP already; if its scheduler switches tasks during the job, it saves and
 * restores PSP as ever. A handler cannot change its stack pointer and calls the job as it is.
 */

#if defined(__ARM_ARCH_6M__)

    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .section .time_critical.dual_core_call_on_stack, "ax", %progbits
    .balign 4
    .global dual_core_call_on_stack
    .type dual_core_call_on_stack, %function
    .thumb_func
dual_core_call_on_stack:
    push {r4-r6, lr}
    mov r4, r0                          @ job
    mov r6, r3                          @ stack_end
    mov r0, r1                          @ its arguments: arg, 0, parts
    movs r1, #0
    mrs r3, ipsr
    cmp r3, #0
    bne 2f
    mrs r3, control
    movs r5, #2                         @ SPSEL
    tst r3, r5
    bne 1f

    /* From MSP, which stays where it is, to PSP and back. */
    msr psp, r6
    orrs r5, r3
    msr control, r5
    isb
    mov r6, r3
    blx r4
    msr control, r6
    isb
    pop {r4-r6, pc}

    /* On PSP already. */
1:  mov r5, sp
    mov sp, r6
    blx r4
    mov sp, r5
    pop {r4-r6, pc}

2:  blx r4
    pop {r4-r6, pc}
    .size dual_core_call_on_stack, . - dual_core_call_on_stack

#endif
