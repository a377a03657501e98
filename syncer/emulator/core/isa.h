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
#define OPCODES(X)                                                                               \
    X(UNDECODED) X(MARKED)                                                                       \
    X(LSL_I) X(LSR_I) X(ASR_I) X(MOV_FLAGS) X(ADD_R) X(SUB_R) X(ADD_I) X(SUB_I) X(MOV_I) X(CMP_I) \
    X(AND) X(EOR) X(LSL) X(LSR) X(ASR) X(ADC) X(SBC) X(ROR)                                      \
    X(TST) X(RSB) X(CMP) X(CMN) X(ORR) X(MUL) X(BIC) X(MVN)                                      \
    X(ADD_HIGH) X(ADD_HIGH_PC) X(ADD_TO_PC) X(MOV_HIGH) X(MOV_HIGH_PC) X(MOV_TO_PC) X(CMP_HIGH)  \
    X(BX) X(BLX) X(LDR_LITERAL)                                                                  \
    X(STR_R) X(STRH_R) X(STRB_R) X(LDRSB_R) X(LDR_R) X(LDRH_R) X(LDRB_R) X(LDRSH_R)              \
    X(STR_I) X(LDR_I) X(STRB_I) X(LDRB_I) X(STRH_I) X(LDRH_I) X(STR_SP) X(LDR_SP)                \
    X(ADR) X(ADD_SP_TO) X(ADJUST_SP) X(SXTH) X(SXTB) X(UXTH) X(UXTB) X(REV) X(REV16) X(REVSH)    \
    X(PUSH) X(POP) X(POP_PC) X(STM) X(LDM)                                                       \
    X(BEQ) X(BNE) X(BCS) X(BCC) X(BMI) X(BPL) X(BVS) X(BVC)                                      \
    X(BHI) X(BLS) X(BGE) X(BLT) X(BGT) X(BLE) X(B) X(BL)                                         \
    X(CPS) X(NOP) X(WFE) X(WFI) X(SEV) X(BARRIER) X(MRS) X(MSR) X(SVC)                           \
    X(BKPT) X(UNDEFINED) X(RUNAWAY)

enum Opcode {
#define X(name) OP_##name,
    OPCODES(X)
#undef X
};

/* `code` is twice the opcode, plus 1 in an upper halfword, which starts with the fetch of the next
 * word. `a` is Rd (or Rt), `b` Rn or Rm, `c` the third register. `imm` is the immediate, a register
 * list, the distance of a branch in predecoded records less one, or an absolute address. */
#define DECODED_LOWER(opcode) ((unsigned)(opcode) << 1)
struct Op {
    uint8_t code, a, b, c;
    int32_t imm;
};

#endif
