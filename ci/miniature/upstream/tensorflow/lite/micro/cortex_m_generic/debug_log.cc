// SPDX-License-Identifier: Apache-2.0
//
// For a Cortex-M of which nothing more is known: the application says where the
// text goes.
#include "tensorflow/lite/micro/debug_log.h"

#include "tensorflow/lite/micro/cortex_m_generic/debug_log_callback.h"

#ifndef TF_LITE_STRIP_ERROR_STRINGS
#include <cstdio>
#endif

namespace {
DebugLogCallback g_callback = nullptr;
}

extern "C" {

void RegisterDebugLogCallback(DebugLogCallback callback) {
  g_callback = callback;
}

#ifdef TF_LITE_STRIP_ERROR_STRINGS
void DebugLog(const char*, va_list) {}
#else
void DebugLog(const char* format, va_list args) {
  if (g_callback == nullptr) return;
  char text[256];
  std::vsnprintf(text, sizeof(text), format, args);
  g_callback(text);
}

int DebugVsnprintf(char* buffer, size_t buf_size, const char* format,
                   va_list vlist) {
  return std::vsnprintf(buffer, buf_size, format, vlist);
}
#endif

}  // extern "C"
