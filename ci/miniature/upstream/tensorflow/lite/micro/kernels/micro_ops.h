// SPDX-License-Identifier: Apache-2.0
//
// Kernels that have no header of their own, or only one with helpers.
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_MICRO_OPS_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_MICRO_OPS_H_

#include "tensorflow/lite/micro/micro_common.h"

namespace tflite {

TFLMRegistration Register_AVERAGE_POOL_2D();
TFLMRegistration Register_RESHAPE();

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_MICRO_OPS_H_
