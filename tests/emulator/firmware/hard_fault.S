/* SPDX-License-Identifier: Apache-2.0
 * A program with a HardFault handler of its own. It makes the fault whose number is at `choice`, in
 * the way whose number is at `way`, and prints "." once it is over. The handler prints "!", leaves
 * at RESULTS what it was entered with (IPSR, LR, SP, the stacked words), and does what the number at
 * `ending` says. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 2
    .global choice, way, ending
choice:
    .word 0
way:
    .word 0
ending:
    .word 0

    .macro choose variable, table
    ldr r0, =\variable
    ldr r0, [r0]
    lsls r0, #2
    ldr r1, =\table
    ldr r0, [r1, r0]
    .endm

    .text
    function main
    push {lr}
    choose way, ways
    blx r0
    function recovered
    movs r0, #'.'
    bl put
    movs r0, #'\n'
    bl put
    pop {pc}
    .align 2
ways:
    .word in_thread, masked, on_process_stack, in_svcall, on_core_1, in_nmi

    function masked
    cpsid i
    b in_thread
    function on_process_stack
    push {lr}
    ldr r0, =0x20018000
    msr psp, r0
    movs r0, #2
    msr control, r0
    isb
    bl in_thread
    movs r0, #0
    msr control, r0
    isb
    pop {pc}
    function in_svcall
    svc #0
    bx lr
    function svcall
    b in_thread
    function in_nmi
    ldr r0, =0xe000ed04
    ldr r1, =1 << 31
    str r1, [r0]
    bx lr
    function nmi
    b in_thread
    function on_core_1
    ldr r0, =second
    push {lr}
    bl launch_core1
1:  wfe
    ldr r0, =RESULTS + 0x100
    ldr r0, [r0]
    cmp r0, #0
    beq 1b
    pop {pc}
    function second
    bl in_thread
    ldr r0, =RESULTS + 0x100
    movs r1, #1
    str r1, [r0]
    sev
2:  wfi
    b 2b

    function in_thread
    push {lr}
    choose choice, faults
    ldr r1, =0x60000004
    ldr r2, =0x22222222
    ldr r3, =RESULTS + 0x102
    blx r0
    function after_fault
    nop
    pop {pc}
    .align 2
faults:
    .word read_nowhere, write_nowhere, misaligned, undefined, break_seven, masked_svc
    .word no_thumb, jump_nowhere, bad_return, bad_stack

    function read_nowhere
    ldr r0, [r1]
    bx lr
    function write_nowhere
    str r0, [r1]
    bx lr
    function misaligned
    ldr r0, [r3]
    bx lr
    function undefined
    udf #5
    bx lr
    function break_seven
    bkpt #7
    bx lr
    function masked_svc
    svc #3                          /* in SVCall, or where interrupts are masked */
    bx lr
    function no_thumb
    subs r0, r0, r0
    mov r0, lr
    subs r0, #1
    bx r0
    function jump_nowhere
    ldr r0, =0x20042101
    bx r0
    function bad_return             /* in SVCall */
    ldr r0, =0xffffffe1
    bx r0
    function bad_stack
    movs r0, #0
    mov sp, r0
    ldr r0, [r1]
    .ltorg

    function hard_fault
    mov r0, lr
    mov r3, sp
    lsrs r1, r0, #3
    bcc 1f
    mrs r3, psp
1:  push {r0, r4, r5, lr}
    ldr r4, =RESULTS
    mrs r1, ipsr
    stm r4!, {r1}
    stm r4!, {r0, r3}
    mov r2, r3
    movs r5, #8
2:  ldm r2!, {r1}
    stm r4!, {r1}
    subs r5, #1
    bne 2b
    movs r0, #'!'
    bl put
    movs r0, #'\n'
    bl put
    choose ending, endings
    bx r0
    .align 2
endings:
    .word skips, goes_on, repeats, breaks, spins, sleeps, faults_again, exits, loops, leaves

    function skips                  /* the instruction, a halfword */
    ldr r1, [r3, #24]
    adds r1, #2
    str r1, [r3, #24]
    pop {r0, r4, r5, pc}
    function goes_on                /* where the branch led to, with its Thumb bit */
    ldr r1, [r3, #28]
    ldr r2, =1 << 24
    orrs r1, r2
    str r1, [r3, #28]
    pop {r0, r4, r5, pc}
    function repeats
    pop {r0, r4, r5, pc}
    function breaks
    bkpt #3
    function spins
    b spins
    function sleeps
    wfi
    b sleeps
    function faults_again
    ldr r1, =0x70000000
    str r0, [r1]
    function exits
    bkpt #0
    b .-2
    function loops
    nop
    b loops
    function leaves                 /* to the thread, after the fault */
    ldr r1, =after_fault
    str r1, [r3, #24]
    pop {r0, r4, r5, pc}
    .ltorg
