// SPDX-License-Identifier: Apache-2.0
//
// The log of tensorflow/lite/micro/debug_log.h through the SDK's printf. newlib's, which stderr
// would bring, is larger and takes a kilobyte of stack for every line.

#include "tensorflow/lite/micro/debug_log.h"

#include <cstdio>

extern "C" void DebugLog(const char* format, va_list args) {
#ifndef TF_LITE_STRIP_ERROR_STRINGS
  vprintf(format, args);
#else
  (void)format;
  (void)args;
#endif
}

#ifndef TF_LITE_STRIP_ERROR_STRINGS
extern "C" int DebugVsnprintf(char* buffer, size_t buf_size, const char* format, va_list vlist) {
  return vsnprintf(buffer, buf_size, format, vlist);
}
#endif
