// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_MICRO_LOG_H_
#define TENSORFLOW_LITE_MICRO_MICRO_LOG_H_

#if !defined(TF_LITE_STRIP_ERROR_STRINGS)

#include <cstdarg>
#include <cstddef>

// One line of text, with the end of line added.
void MicroPrintf(const char* format, ...);
void VMicroPrintf(const char* format, va_list args);

int MicroSnprintf(char* buffer, size_t buf_size, const char* format, ...);
int MicroVsnprintf(char* buffer, size_t buf_size, const char* format,
                   va_list vlist);

#else

// As macros, so that the strings are not even compiled.
#define MicroPrintf(...) static_cast<void>(0)
#define VMicroPrintf(...) static_cast<void>(0)
#define MicroSnprintf(...) 0
#define MicroVsnprintf(...) 0

#endif

#endif  // TENSORFLOW_LITE_MICRO_MICRO_LOG_H_
