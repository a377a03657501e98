// SPDX-License-Identifier: Apache-2.0
//
// For platforms without a clock: everything takes no time. With
// TF_LITE_USE_CTIME the processor time that the C library keeps.
#include "tensorflow/lite/micro/micro_time.h"

#if defined(TF_LITE_USE_CTIME)
#include <ctime>
#endif

namespace tflite {

#if defined(TF_LITE_USE_CTIME)
uint32_t ticks_per_second() { return CLOCKS_PER_SEC; }
uint32_t GetCurrentTimeTicks() { return static_cast<uint32_t>(std::clock()); }
#else
uint32_t ticks_per_second() { return 0; }
uint32_t GetCurrentTimeTicks() { return 0; }
#endif

}  // namespace tflite
