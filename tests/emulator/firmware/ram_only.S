/* SPDX-License-Identifier: Apache-2.0
 * Prints "ram" without flash. */
#include "common.inc"
    .text
    function main
    push {lr}
    movs r0, #'r'
    bl put
    movs r0, #'a'
    bl put
    movs r0, #'m'
    bl put
    movs r0, #'\n'
    bl put
    pop {pc}
