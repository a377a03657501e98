// SPDX-License-Identifier: Apache-2.0
//
// The clock of tensorflow/lite/micro/micro_time.h: the RP2040's 1 MHz timer, so a tick is a
// microsecond. Its low word wraps after 71 minutes; differences stay right across one wrap.

#include "tensorflow/lite/micro/micro_time.h"

#include <cstdint>

#include "hardware/timer.h"

namespace tflite {

uint32_t ticks_per_second() { return 1000000; }

uint32_t GetCurrentTimeTicks() { return time_us_32(); }

}  // namespace tflite
