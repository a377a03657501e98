// Runs one program on rp2040js (MIT, from the npm registry) and prints what it found as JSON.
//   node _rp2040js.mjs NODE_MODULES_PARENT BOOTROM FLASH ROUNDS MOST_INSTRUCTIONS UNTIL COUNT
// A round is a fresh chip that runs until core 0 first reads the FIFO from core 1, which rp2040js
// does not have, until the UART has sent COUNT lines with UNTIL, or for MOST_INSTRUCTIONS. The
// first rounds warm up the JavaScript engine; each round's CPU time is given.
import { createRequire } from 'node:module';
import fs from 'node:fs';

const [folder, romFile, flashFile, rounds, most, until, count] = process.argv.slice(2);
const { RP2040 } = createRequire(folder + '/')('rp2040js');
const rom = fs.readFileSync(romFile);
const flash = fs.readFileSync(flashFile);
const quiet = () => {};
const FIFO = [0x50, 0x58];
const NANOSECONDS = 8; // a cycle at 125 MHz
const found = [];

for (let round = 0; round < Number(rounds); round++) {
  const chip = new RP2040();
  chip.logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  chip.loadBootrom(new Uint32Array(rom.buffer.slice(rom.byteOffset, rom.byteOffset + rom.length)));
  chip.flash.set(flash);
  const { core, clock } = chip;
  core.VTOR = 0x10000100;
  core.SP = flash.readUInt32LE(0x100);
  core.PC = flash.readUInt32LE(0x104) & ~1;
  let over = '';
  let text = '';
  let line = '';
  let lines = 0;
  const read = chip.sio.readUint32.bind(chip.sio);
  chip.sio.readUint32 = (offset) => {
    if (!FIFO.includes(offset)) return read(offset);
    over = 'fifo';
    return 0;
  };
  chip.uart[0].onByte = (byte) => {
    const letter = String.fromCharCode(byte);
    text += letter;
    if (letter !== '\n') {
      line += letter;
      return;
    }
    if (until && line.includes(until) && ++lines === Number(count)) over = 'line';
    line = '';
  };
  let instructions = 0;
  const begun = process.cpuUsage();
  while (!over && instructions < Number(most)) {
    if (core.waiting) {
      clock.tick(clock.nanosToNextAlarm || NANOSECONDS);
    } else {
      clock.tick(core.executeInstruction() * NANOSECONDS);
      instructions++;
    }
  }
  const used = process.cpuUsage(begun);
  found.push({ instructions, seconds: (used.user + used.system) / 1e6, over, text });
}
process.stdout.write(JSON.stringify(found) + '\n');
