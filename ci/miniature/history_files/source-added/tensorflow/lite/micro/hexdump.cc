// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/hexdump.h"

#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {
namespace {

constexpr size_t kBytesPerLine = 16;

char* PutHex(char* at, size_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    *at++ = "0123456789ABCDEF"[(value >> shift) & 15];
  }
  return at;
}

}  // namespace

size_t hexdump_line(const uint8_t* data, size_t size, size_t offset,
                    char (&line)[kHexdumpLineLength]) {
  const size_t left = offset < size ? size - offset : 0;
  const size_t count = left < kBytesPerLine ? left : kBytesPerLine;
  char* at = PutHex(line, offset, 8);
  *at++ = ':';
  for (size_t i = 0; i < kBytesPerLine; ++i) {
    *at++ = ' ';
    if (i < count) {
      at = PutHex(at, data[offset + i], 2);
    } else {
      *at++ = ' ';
      *at++ = ' ';
    }
  }
  *at++ = ' ';
  *at++ = ' ';
  for (size_t i = 0; i < count; ++i) {
    const uint8_t byte = data[offset + i];
    *at++ = byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '.';
  }
  *at = '\0';
  return count;
}

void hexdump(const void* memory, size_t size) {
  char line[kHexdumpLineLength];
  for (size_t offset = 0; offset < size;) {
    offset +=
        hexdump_line(static_cast<const uint8_t*>(memory), size, offset, line);
    MicroPrintf("%s", line);
  }
}

}  // namespace tflite
