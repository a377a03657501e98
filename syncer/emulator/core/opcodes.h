/* SPDX-License-Identifier: Apache-2.0
 *
 * What each opcode does, for one core: included by the interpreters (interpreter.h says what they
 * define first). Instructions: ARMv6-M ARM A6.7. Cycles: Cortex-M0+ TRM table 3-1.
 */
OP(UNDECODED)
    CHECK_DECODE();
    goto *AT(label)[decode(m, CORE, d)];
OP(MARKED)
    SHARED();
    SAVE();
    if (!record_mark(m, CORE, pc_of(CORE, d), CYCLES)) goto AT(fault);
    /* Its word is fetched. */
    goto *AT(label)[DECODED(decode_opcode(m, pc_of(CORE, d)), PORT_SRAM0, false)];

SIMPLE_OPCODES(SIMPLE_OP)

    /* ---- on any register (A5.2.3) */
OP(ADD_HIGH_PC) set_any(CORE, d->a, RD + IMM); NEXT_SIMPLE();
OP(MOV_HIGH_PC) set_any(CORE, d->a, IMM); NEXT_SIMPLE();
OP(ADD_TO_PC) {
    uint32_t target = IMM + (d->b == 15 ? IMM : RN);
    CHECK_TARGET(target, CYCLES);
    CYCLES += CYCLES_BRANCH;
    JUMP(target);
}
OP(MOV_TO_PC) {
    uint32_t target = d->b == 15 ? IMM : RN;
    CHECK_TARGET(target, CYCLES);
    CYCLES += CYCLES_BRANCH;
    JUMP(target);
}
OP(BX) {
    uint32_t target = RN;
    CHECK_INTERWORK(target, CYCLES);
    CYCLES += CYCLES_BRANCH;
    if (UNLIKELY(IS_EXC_RETURN(target))) RETURN_FROM_EXCEPTION(target);
    INTERWORK(target);
}
OP(BLX) {
    uint32_t target = RN;
    CHECK_INTERWORK(target, CYCLES);
    CYCLES += CYCLES_BRANCH;
    REGISTER(14) = IMM | 1;
    INTERWORK(target);
}

    /* ---- loads and stores (A5.2.4) */
OP(LDR_LITERAL) LOAD_REGISTER(IMM, 4, uint32_t);
OP(LDR_R) LOAD_REGISTER(RN + RM, 4, uint32_t);
OP(LDRH_R) LOAD_REGISTER(RN + RM, 2, uint16_t);
OP(LDRB_R) LOAD_REGISTER(RN + RM, 1, uint8_t);
OP(LDRSH_R) LOAD_REGISTER(RN + RM, 2, int16_t);
OP(LDRSB_R) LOAD_REGISTER(RN + RM, 1, int8_t);
OP(LDR_I) LOAD_REGISTER(RN + IMM, 4, uint32_t);
OP(LDRH_I) LOAD_REGISTER(RN + IMM, 2, uint16_t);
OP(LDRB_I) LOAD_REGISTER(RN + IMM, 1, uint8_t);
OP(LDR_SP) LOAD_REGISTER(REGISTER(13) + IMM, 4, uint32_t);
OP(STR_R) STORE_REGISTER(RN + RM, 4);
OP(STRH_R) STORE_REGISTER(RN + RM, 2);
OP(STRB_R) STORE_REGISTER(RN + RM, 1);
OP(STR_I) STORE_REGISTER(RN + IMM, 4);
OP(STRH_I) STORE_REGISTER(RN + IMM, 2);
OP(STRB_I) STORE_REGISTER(RN + IMM, 1);
OP(STR_SP) STORE_REGISTER(REGISTER(13) + IMM, 4);

    /* ---- several registers; the base changes once all is done (A5.2.5, A5.2) */
OP(PUSH) {
    uint32_t sp = REGISTER(13) - 4u * d->a, at = sp;
    uint64_t when = CYCLES;
    CHECK_STORES(at, d->a);
    STORE_LIST(at, IMM, when);
    REGISTER(13) = sp;
    CYCLES = when + 1;
    NEXT_IF_CALM();
}
OP(POP) {
    uint32_t at = REGISTER(13);
    uint64_t when = CYCLES;
    CHECK_LOADS(at, d->a, when);
    LOAD_LIST(at, IMM, when);
    REGISTER(13) = at;
    CYCLES = when + 1;
    NEXT_IF_CALM();
}
OP(POP_PC) {
    uint32_t at = REGISTER(13), target;
    uint64_t when = CYCLES;
    int stall = 0;
    CHECK_POP(at, d->a, when);
    LOAD_LIST(at, IMM, when);
    READ(at, 4, when, &target, &stall);
    REGISTER(13) = at + 4;
    CYCLES = when + (uint64_t)(1 + stall + CYCLES_POP_PC);
    if (UNLIKELY(IS_EXC_RETURN(target))) RETURN_FROM_EXCEPTION(target);
    INTERWORK(target);
}
OP(STM) {
    uint32_t at = RN;
    uint64_t when = CYCLES;
    CHECK_STORES(at, d->a);
    STORE_LIST(at, IMM, when);
    RN = at;
    CYCLES = when + 1;
    NEXT_IF_CALM();
}
OP(LDM) {
    uint32_t at = RN;
    uint64_t when = CYCLES;
    CHECK_LOADS(at, d->a, when);
    LOAD_LIST(at, IMM, when);
    if (!(IMM >> d->b & 1)) RN = at; /* a base that is loaded keeps what was loaded */
    CYCLES = when + 1;
    NEXT_IF_CALM();
}

    /* ---- addresses (A5.2) */
OP(ADR) RD = IMM; NEXT_SIMPLE();
OP(ADD_SP_TO) RD = REGISTER(13) + IMM; NEXT_SIMPLE();
OP(ADJUST_SP) REGISTER(13) += IMM; NEXT_SIMPLE();

    /* ---- branches (A5.2.6, A5.3.1) */
OP(BEQ) BRANCH_IF(Z);
OP(BNE) BRANCH_IF(!Z);
OP(BCS) BRANCH_IF(C);
OP(BCC) BRANCH_IF(!C);
OP(BMI) BRANCH_IF(N);
OP(BPL) BRANCH_IF(!N);
OP(BVS) BRANCH_IF(V);
OP(BVC) BRANCH_IF(!V);
OP(BHI) BRANCH_IF(C && !Z);
OP(BLS) BRANCH_IF(!C || Z);
OP(BGE) BRANCH_IF(N == V);
OP(BLT) BRANCH_IF(N != V);
OP(BGT) BRANCH_IF(!Z && N == V);
OP(BLE) BRANCH_IF(Z || N != V);
OP(B) TAKE_BRANCH();
OP(BL)
    CHECK_TARGET(IMM, CYCLES + CYCLES_BRANCH_LINK - TARGET_FETCH_LEAD);
    REGISTER(14) = (pc_of(CORE, d) + 4) | 1;
    CYCLES += CYCLES_BRANCH_LINK;
    JUMP(IMM);

    /* ---- system: all of these may change what runs next */
OP(CPS)
    SHARED();
    CORE->primask = d->a;
    CYCLES += CYCLES_SIMPLE;
    LEAVE();
OP(SEV)
    SHARED();
    CYCLES += CYCLES_SEND_EVENT;
    send_event(m);
    LEAVE();
OP(WFE)
    SHARED();
    CYCLES += CYCLES_WAIT;
    if (CORE->event) CORE->event = false;
    else CORE->sleep = SLEEP_WFE;
    LEAVE();
OP(WFI)
    SHARED();
    CYCLES += CYCLES_WAIT;
    if (!wakes_wfi(CORE)) CORE->sleep = SLEEP_WFI;
    LEAVE();
OP(BARRIER)
    IP++;
    CYCLES += CYCLES_BARRIER;
    NEXT();
OP(MRS)
    IP++;
    CYCLES += CYCLES_SPECIAL;
    RD = read_special(CORE, IMM);
    NEXT();
OP(MSR)
    SHARED();
    IP++;
    CYCLES += CYCLES_SPECIAL;
    write_special(CORE, IMM, RD);
    LEAVE();
OP(SVC)
    SHARED();
    CYCLES += CYCLES_SIMPLE;
    SAVE();
    if (!take_svc(m, CORE, IMM)) goto AT(fault);
    RETURN();

    /* ---- the end */
OP(BKPT) {
    static const uint8_t branch_to_itself[2] = {0xfd, 0xe7}; /* b .-2 */
    uint8_t next[2];
    SHARED();
    if (IMM == 0 && !handles_fault(CORE) && machine_peek(m, pc_of(CORE, IP), next, 2) &&
        !memcmp(next, branch_to_itself, 2)) {
        SAVE();
        CORE->ip = d;
        CORE->instructions--;
        m->stop |= STOP_EXIT;
        RETURN();
    }
    raise_fault(m, CORE, FAULT_BREAKPOINT, 0, IMM);
    goto AT(fault);
}
OP(UNDEFINED)
    SHARED();
    raise_fault(m, CORE, FAULT_UNDEFINED, 0, IMM);
    goto AT(fault);
OP(RUNAWAY)
    SHARED();
    raise_fault(m, CORE, FAULT_RUNAWAY, pc_of(CORE, d), 0);
    goto AT(fault);
