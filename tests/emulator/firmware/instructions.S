/* SPDX-License-Identifier: Apache-2.0
 * Runs one instruction on each record of a table, between loading all registers and flags from the
 * record and storing them back. A record: the instruction, xPSR flags, r0 to r12. The instruction
 * is written into the code, so it also shows that changed code is decoded anew. */
#include "common.inc"

    .equ RECORD_SIZE, 60
    .global records_end
    .equ records_end, 0x2003ff00       /* a word: where the table that begins at SRAM's start ends */

    .text
    function main
    ldr r0, =batch
    bx r0

    .section .scratch_y, "ax"
    function batch
    movs r0, #0x20
    lsls r0, #24
    mov sp, r0
record:
    ldr r0, [sp, #0]
    ldr r1, =slot
    strh r0, [r1]
    ldr r0, [sp, #40]
    mov r8, r0
    ldr r0, [sp, #44]
    mov r9, r0
    ldr r0, [sp, #48]
    mov r10, r0
    ldr r0, [sp, #52]
    mov r11, r0
    ldr r0, [sp, #56]
    mov r12, r0
    ldr r0, [sp, #4]
    msr apsr_nzcvq, r0
    ldr r0, [sp, #8]
    ldr r1, [sp, #12]
    ldr r2, [sp, #16]
    ldr r3, [sp, #20]
    ldr r4, [sp, #24]
    ldr r5, [sp, #28]
    ldr r6, [sp, #32]
    ldr r7, [sp, #36]
    isb
    b slot
    .align 2
slot:
    nop
    str r0, [sp, #8]
    str r1, [sp, #12]
    str r2, [sp, #16]
    str r3, [sp, #20]
    str r4, [sp, #24]
    str r5, [sp, #28]
    str r6, [sp, #32]
    str r7, [sp, #36]
    mrs r0, apsr
    str r0, [sp, #4]
    mov r0, r8
    str r0, [sp, #40]
    mov r0, r9
    str r0, [sp, #44]
    mov r0, r10
    str r0, [sp, #48]
    mov r0, r11
    str r0, [sp, #52]
    mov r0, r12
    str r0, [sp, #56]
    add sp, #RECORD_SIZE
    mov r0, sp
    ldr r1, =records_end
    ldr r1, [r1]
    cmp r0, r1
    blo record
    function batch_end
    movs r0, #'\n'
    ldr r1, =UART0
    str r0, [r1]
    b batch
    .ltorg
