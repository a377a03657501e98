/* SPDX-License-Identifier: Apache-2.0
 * Calls the function whose number is at `choice`; each does one thing that ends the run. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 2
    .global choice
choice:
    .word 0

    .text
    function main
    push {lr}
    ldr r0, =choice
    ldr r0, [r0]
    lsls r0, #2
    ldr r1, =table
    ldr r0, [r1, r0]
    ldr r1, =0x60000004
    bx r0
    .align 2
table:
    .word read_nowhere, write_nowhere, misaligned, undefined, no_thumb, run_off, masked_svc
    .word reset, bad_return, break_seven, jump_nowhere, bad_stack

    function read_nowhere
    ldr r0, [r1]
    function write_nowhere
    str r0, [r1]
    function misaligned
    ldr r0, =RESULTS + 2
    ldr r0, [r0]
    function undefined
    udf #5
    function no_thumb
    ldr r0, =RESULTS
    bx r0
    function run_off
    ldr r0, =0x20042000 - 4
    ldr r1, =0xbf00bf00
    str r1, [r0]
    adds r0, #1
    bx r0
    function masked_svc
    cpsid i
    svc #3
    function reset
    ldr r0, =0xe000ed0c
    ldr r1, =0x05fa0004
    str r1, [r0]
    function bad_return
    svc #1
    function break_seven
    bkpt #7
    function jump_nowhere
    ldr r0, =0x20042101
    bx r0
    function bad_stack
    movs r0, #0
    mov sp, r0
    svc #0

    function svcall
    ldr r0, =0xffffffe1
    bx r0
    .ltorg
