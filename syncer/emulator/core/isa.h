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

/* How an instruction is entered. One in an upper halfword begins with the fetch of the next word,
 * and where that comes from is known. */
enum Entry { ENTRY_LOWER, ENTRY_UPPER_SRAM /* striped */, ENTRY_UPPER_FLASH, ENTRY_UPPER_OTHER };
#define DECODED(opcode, entry) ((unsigned)(opcode) << 2 | (unsigned)(entry))

/* `code` is DECODED; 0, undecoded, stands for every entry. `a` is Rd (or Rt, or how many registers
 * a list has), `b` Rn or Rm. `imm`
 * is the immediate, the third register, a register list, the distance of a branch in predecoded
 * records less one, or an absolute address. */
struct Op {
    uint16_t code;
    uint8_t a, b;
    int32_t imm;
};

#endif
