// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_HEXDUMP_H_
#define TENSORFLOW_LITE_MICRO_HEXDUMP_H_

#include <cstddef>
#include <cstdint>

namespace tflite {

// Writes one line of a dump, without its end: the offset, up to sixteen bytes
// in hexadecimal and the same as text. Returns how many bytes it has taken.
constexpr size_t kHexdumpLineLength = 76;
size_t hexdump_line(const uint8_t* data, size_t size, size_t offset,
                    char (&line)[kHexdumpLineLength]);

// Prints a dump of memory, a line for every sixteen bytes.
void hexdump(const void* memory, size_t size);

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_HEXDUMP_H_
