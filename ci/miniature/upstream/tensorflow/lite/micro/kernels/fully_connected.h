// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_FULLY_CONNECTED_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_FULLY_CONNECTED_H_

#include <cstdint>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/kernels/internal/types.h"
#include "tensorflow/lite/micro/micro_common.h"

namespace tflite {

// What prepare leaves for invoke. The multiplier and shift are arrays, of one
// element each unless the weights have a scale for every output.
struct OpDataFullyConnected {
  bool is_per_channel;
  int32_t* output_multiplier;
  int32_t* output_shift;
  int32_t output_activation_min;
  int32_t output_activation_max;
  int32_t input_zero_point;
  int32_t filter_zero_point;
  int32_t output_zero_point;
};

extern const int kFullyConnectedInputTensor;
extern const int kFullyConnectedWeightsTensor;
extern const int kFullyConnectedBiasTensor;
extern const int kFullyConnectedOutputTensor;

FullyConnectedParams FullyConnectedParamsQuantized(
    const OpDataFullyConnected& op_data);

// Checks the shapes and types, then fills *data.
TfLiteStatus CalculateOpDataFullyConnected(TfLiteContext* context,
                                           TfLiteNode* node,
                                           TfLiteFusedActivation activation,
                                           OpDataFullyConnected* data);

TFLMRegistration Register_FULLY_CONNECTED();
inline TFLMRegistration Register_FULLY_CONNECTED_INT8() {
  return Register_FULLY_CONNECTED();
}

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_FULLY_CONNECTED_H_
