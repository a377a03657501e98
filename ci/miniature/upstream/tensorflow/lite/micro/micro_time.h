// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_MICRO_TIME_H_
#define TENSORFLOW_LITE_MICRO_MICRO_TIME_H_

#include <cstdint>

namespace tflite {

// A platform's clock. Ticks may wrap around.
uint32_t ticks_per_second();
uint32_t GetCurrentTimeTicks();

inline uint32_t TicksToMs(int32_t ticks) {
  const uint32_t rate = ticks_per_second();
  const float per_second = rate > 0 ? static_cast<float>(rate) : 1.0f;
  return static_cast<uint32_t>(1000.0f * static_cast<float>(ticks) /
                               per_second);
}

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_TIME_H_
