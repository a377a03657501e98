// SPDX-License-Identifier: Apache-2.0
//
// The cycle counter of the data watchpoint unit, which the Armv6-M cores lack.
#include "tensorflow/lite/micro/micro_time.h"

namespace tflite {

// How fast the counter runs is the application's affair.
uint32_t ticks_per_second() { return 0; }

#if defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || \
    defined(__ARM_ARCH_8M_MAIN__)

uint32_t GetCurrentTimeTicks() {
  auto* const demcr = reinterpret_cast<volatile uint32_t*>(0xE000EDFC);
  auto* const control = reinterpret_cast<volatile uint32_t*>(0xE0001000);
  auto* const count = reinterpret_cast<volatile uint32_t*>(0xE0001004);
  constexpr uint32_t kTraceEnable = 1u << 24;
  constexpr uint32_t kCounterEnable = 1u;
  if ((*control & kCounterEnable) == 0) {
    *demcr = *demcr | kTraceEnable;
    *count = 0;
    *control = *control | kCounterEnable;
  }
  return *count;
}

#else

uint32_t GetCurrentTimeTicks() { return 0; }

#endif

}  // namespace tflite
