// SPDX-License-Identifier: Apache-2.0
//
// For hosts with a standard error stream. A target replaces this file by one of
// the same name in the folder named after it.
#include "tensorflow/lite/micro/debug_log.h"

#ifndef TF_LITE_STRIP_ERROR_STRINGS
#include <cstdio>
#endif

extern "C" {

#ifdef TF_LITE_STRIP_ERROR_STRINGS
void DebugLog(const char*, va_list) {}
#else
void DebugLog(const char* format, va_list args) {
  std::vfprintf(stderr, format, args);
}

int DebugVsnprintf(char* buffer, size_t buf_size, const char* format,
                   va_list vlist) {
  return std::vsnprintf(buffer, buf_size, format, vlist);
}
#endif

}  // extern "C"
