/* SPDX-License-Identifier: Apache-2.0
 * Reboots by its watchdog, as the Pico SDK's watchdog_enable and watchdog_reboot do it. Each start prints
 * the watchdog's reason; how many there have been is in its scratch register 0. `stages` goes to PSM's
 * WDSEL, `blocks` to RESETS'. */
#include "common.inc"

    .equ WATCHDOG, 0x40058000
    .equ PSM, 0x40010000
    .equ RESETS, 0x4000c000

    .section .ram.data, "aw"
    .align 2
    .global stages, blocks, first_scene
stages:
    .word 0x1fffc                   /* all but ROSC and XOSC */
blocks:
    .word 0
first_scene:
    .word 0
kept:
    .word 0

    .macro print character
    movs r0, #\character
    bl put
    .endm

    .text
    function main
    ldr r4, =WATCHDOG
    ldr r0, [r4, #8]
    adds r0, #'0'
    bl put
    ldr r0, =stages
    ldr r0, [r0]
    ldr r1, =PSM
    str r0, [r1, #8]
    ldr r0, =blocks
    ldr r0, [r0]
    ldr r1, =RESETS
    str r0, [r1, #4]
    ldr r0, [r4, #0x0c]
    ldr r1, =first_scene
    ldr r1, [r1]
    cmp r0, r1
    bhs 1f
    mov r0, r1
1:  adds r1, r0, #1
    str r1, [r4, #0x0c]
    lsls r0, #2
    ldr r1, =scenes
    ldr r0, [r1, r0]
    bx r0
    .align 2
scenes:
    .word dirty, clean, jump, again, done, nothing, core_1_only, fault, twice

    /* Everything is used; then nobody feeds the watchdog. */
    function dirty
    ldr r0, =kept
    ldr r1, =0x12345678
    str r1, [r0]
    ldr r0, =second
    bl launch_core1
    ldr r5, =SIO
    ldr r1, [r5, #0x58]
    movs r1, #0x55
    str r1, [r5, #0x10]             /* GPIO_OUT */
    str r1, [r5, #0x20]
    movs r2, #1
    lsls r2, #8
    adds r2, r5
    ldr r1, [r2, #4]                /* spinlock 1 */
    cpsid i
    ldr r0, =0xe000e100
    ldr r1, =0xffff
    str r1, [r0]
    ldr r0, =TIMER
    movs r1, #0
    str r1, [r0, #4]
    movs r1, #9
    str r1, [r0]                    /* far ahead */
    movs r1, #1
    str r1, [r0, #0x3c]
    str r1, [r0, #0x38]
    ldr r0, =0x14000000             /* the flash cache off */
    movs r1, #0
    str r1, [r0]
    movs r1, #40                    /* 20 us */
    str r1, [r4, #4]
    ldr r1, =1 << 30
    ldr r0, =WATCHDOG + 0x2000
    str r1, [r0]
    function bitten
    b bitten

    /* All as after power-on but memory; what is not prints its letter. */
    .macro expect letter, address, value
    movs r0, #\letter
    ldr r1, =\address
    ldr r2, =\value
    bl check
    .endm
    function check
    ldr r1, [r1]
    cmp r1, r2
    bne 1f
    bx lr
1:  push {lr}
    bl put
    pop {pc}
    function clean
    expect 'k', kept, 0x12345678
    expect 'g', SIO + 0x10, 0
    expect 'e', SIO + 0x20, 0
    expect 's', SIO + 0x5c, 0
    expect 'n', 0xe000e100, 0
    expect 'h', TIMER + 0x24, 0
    expect 'f', TIMER + 0x3c, 0
    expect 'c', 0x14000000, 3
    expect 'r', RESETS, 0x1ffffff
    expect 'v', 0xe000ed08, 0x10000100
    expect 't', WATCHDOG, 0x47000000        /* it is on, and does not bite again */
    ldr r0, =0xe000e200             /* core 1's FIFO word may be pending, not the timer */
    ldr r0, [r0]
    lsrs r0, #1
    bcc 1f
    print 'p'
1:  movs r0, #'m'
    mrs r1, primask
    cmp r1, #0
    beq 1f
    bl put
1:  ldr r0, =second                 /* core 1 waits in the boot ROM again */
    bl launch_core1
    bl from_core_1
    b trigger

    function from_core_1
    ldr r5, =SIO
2:  ldr r0, [r5, #0x50]
    lsrs r0, #1
    bcc 2b
    ldr r0, [r5, #0x58]
    ldr r1, =UART0
    str r0, [r1]
    bx lr

    /* To an address with a stack: the boot ROM's four words. */
    function jump
    ldr r0, =0xb007c0d3
    str r0, [r4, #0x1c]
    rsbs r0, r0, #0
    ldr r1, =jumped + 1
    eors r0, r1
    str r0, [r4, #0x20]
    ldr r0, =0x20010000
    str r0, [r4, #0x24]
    str r1, [r4, #0x28]
    b trigger
    function jumped
    ldr r4, =WATCHDOG
    movs r0, #'j'
    ldr r1, =UART0
    str r0, [r1]
    mov r0, sp
    ldr r2, =0x20010000
    cmp r0, r2
    beq 1f
    movs r0, #'S'
    str r0, [r1]
1:  ldr r0, [r4, #0x1c]
    cmp r0, #0
    beq trigger
    movs r0, #'M'
    str r0, [r1]
    function trigger
    ldr r1, =WATCHDOG + 0x2000
    movs r0, #1
    lsls r0, #31
    str r0, [r1]
    function triggered
    b triggered

    function again
    b trigger

    function done
    print '\n'
    b exit

    /* Where no stage is chosen the chip goes on. */
    function nothing
    ldr r5, =UART0 + 0x4000         /* UART1's divisor */
    movs r0, #7
    str r0, [r5, #0x24]
    movs r1, #40
    str r1, [r4, #4]
    ldr r1, =1 << 30
    ldr r0, =WATCHDOG + 0x2000
    str r1, [r0]
1:  ldr r0, [r4, #8]
    cmp r0, #0
    beq 1b
    adds r0, #'0'
    bl put
    movs r0, #'u'
    ldr r1, =UART0 + 0x4024
    movs r2, #7
    bl check
    b done

    function core_1_only
    ldr r0, =second
    bl launch_core1
    bl from_core_1
    ldr r1, =WATCHDOG + 0x2000
    movs r0, #1
    lsls r0, #31
    str r0, [r1]
    ldr r0, =second
    bl launch_core1
    bl from_core_1
    b done

    /* The handler spins until the watchdog bites. */
    function fault
    movs r1, #40
    str r1, [r4, #4]
    ldr r1, =1 << 30
    ldr r0, =WATCHDOG + 0x2000
    str r1, [r0]
    udf #1
    function hard_fault
    mov r0, r0
    b .
    function twice
    b done

    function second
    ldr r0, =SIO
    movs r1, #'1'
    str r1, [r0, #0x54]
    sev
1:  wfi
    b 1b
    .ltorg
