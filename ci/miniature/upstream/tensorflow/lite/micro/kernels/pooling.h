// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_POOLING_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_POOLING_H_

#include <cstdint>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/kernels/internal/types.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"

namespace tflite {

extern const int kPoolingInputTensor;
extern const int kPoolingOutputTensor;

// What prepare leaves for invoke.
struct OpDataPooling {
  TfLitePaddingValues padding;
  int32_t activation_min;
  int32_t activation_max;
};

// Checks the shapes and types, then fills *data.
TfLiteStatus CalculateOpDataPooling(TfLiteContext* context, TfLiteNode* node,
                                    const TfLitePoolParams& params,
                                    OpDataPooling* data);

inline TFLMRegistration Register_AVERAGE_POOL_2D_INT8() {
  return Register_AVERAGE_POOL_2D();
}

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_POOLING_H_
