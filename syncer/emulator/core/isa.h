/* SPDX-License-Identifier: Apache-2.0
 *
 * The predecoded instruction. ARMv6-M ARM A5 "The Thumb Instruction Set Encoding".
 */
#ifndef SYNCER_ISA_H
#define SYNCER_ISA_H

#include <stdint.h>

/* The names say what an instruction reads: _I an immediate, _R registers only. Three runs follow
 * the order of their encoding, and decode.c counts on it: AND..MVN (A5.2.2), STR_R..LDRSH_R
 * (A5.2.4) and BEQ..BLE (A5.2.6). */
#define OPCODES(X) X(UNDECODED) X(MARKED) SIMPLE_OPCODES(X) OTHER_OPCODES(X)

/* These change registers and flags only, in one cycle (simple.h). */
#define SIMPLE_OPCODES(X)                                                                        \
    X(LSL_I) X(LSR_I) X(ASR_I) X(MOV_FLAGS) X(ADD_R) X(SUB_R) X(ADD_I) X(SUB_I) X(MOV_I) X(CMP_I) \
    X(AND) X(EOR) X(LSL) X(LSR) X(ASR) X(ADC) X(SBC) X(ROR)                                      \
    X(TST) X(RSB) X(CMP) X(CMN) X(ORR) X(MUL) X(BIC) X(MVN)                                      \
    X(ADD_HIGH) X(MOV_HIGH) X(CMP_HIGH)                                                          \
    X(SXTH) X(SXTB) X(UXTH) X(UXTB) X(REV) X(REV16) X(REVSH) X(NOP)

#define OTHER_OPCODES(X)                                                                         \
    X(ADD_HIGH_PC) X(ADD_TO_PC) X(MOV_HIGH_PC) X(MOV_TO_PC) X(BX) X(BLX) X(LDR_LITERAL)          \
    X(STR_R) X(STRH_R) X(STRB_R) X(LDRSB_R) X(LDR_R) X(LDRH_R) X(LDRB_R) X(LDRSH_R)              \
    X(STR_I) X(LDR_I) X(STRB_I) X(LDRB_I) X(STRH_I) X(LDRH_I) X(STR_SP) X(LDR_SP)                \
    X(ADR) X(ADD_SP_TO) X(ADJUST_SP)                                                             \
    X(PUSH) X(POP) X(POP_PC) X(STM) X(LDM)                                                       \
    X(BEQ) X(BNE) X(BCS) X(BCC) X(BMI) X(BPL) X(BVS) X(BVC)                                      \
    X(BHI) X(BLS) X(BGE) X(BLT) X(BGT) X(BLE) X(B) X(BL)                                         \
    X(CPS) X(WFE) X(WFI) X(SEV) X(BARRIER) X(MRS) X(MSR) X(SVC)                                  \
    X(BKPT) X(UNDEFINED) X(RUNAWAY)

/* Simple instructions that often follow each other have a code for both. */
#define PAIRS(X)                                                                                 \
    X(MUL, MUL) X(MUL, ASR_I) X(MUL, ADD_R) X(MUL, LSR_I) X(ASR_I, ADC) X(ADC, ASR_I)            \
    X(ADC, ADD_HIGH) X(ADD_HIGH, ASR_I) X(ADD_HIGH, ADD_HIGH) X(ADD_HIGH, LSR_I)                 \
    X(ADD_HIGH, SXTH) X(SXTH, ADD_HIGH) X(ADD_R, ADD_R) X(ADD_R, LSR_I) X(ADD_R, ADD_HIGH)       \
    X(ADD_R, SXTH) X(ADD_R, CMP) X(LSR_I, ADD_R) X(LSL_I, ADD_R) X(LSL_I, LSR_I)                 \
    X(LSL_I, ASR_I) X(MOV_I, MUL) X(MOV_I, MOV_I) X(MOV_HIGH, MOV_HIGH) X(MOV_HIGH, CMP_HIGH)    \
    X(SUB_R, SUB_R) X(ADD_I, CMP) X(ADD_I, CMP_I) X(LSR_I, AND) X(AND, AND) X(AND, EOR)

enum Opcode {
#define X(name) OP_##name,
    OPCODES(X)
#undef X
#define X(first, second) OP_##first##_##second,
    PAIRS(X)
#undef X
};

/* A code says also how its instruction is entered: whether in an upper halfword, which begins with
 * the fetch of the next word, and by which port that comes (enum Port; the four striped banks are
 * PORT_SRAM0); and whether it belongs to a run of simple instructions. 0, undecoded, stands for
 * every entry. */
enum { CODE_UPPER = 1, CODE_RUN = 16, CODES_OF_ONE = 32 };
#define DECODED(opcode, port, upper)                                                             \
    ((unsigned)(opcode)*CODES_OF_ONE | (unsigned)(port) << 1 | (unsigned)(upper))
#define CODE_PORT(code) ((code) >> 1 & 7u)

/* `code` is DECODED; `a` is Rd (or Rt, or how many registers a list has), `b` Rn or Rm. `imm`
 * is the immediate, the third register, a register list, the distance of a branch in predecoded
 * records less one, or an absolute address. The first two have eight bits, and beside them `run`
 * says how many simple instructions follow each other from this one on, itself included, until
 * another one or the end of a block of 128 bytes. */
struct Op {
    uint16_t code;
    uint8_t a, b;
    union {
        int32_t imm;
        struct {
            uint8_t small, run; /* imm's low bytes */
        };
    };
};
#define RUN_BLOCK 128u

#endif
