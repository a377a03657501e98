// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_INTEGER_OPS_FULLY_CONNECTED_H_
#define TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_INTEGER_OPS_FULLY_CONNECTED_H_

#include <algorithm>

#include "tensorflow/lite/kernels/internal/common.h"

namespace tflite {
namespace reference_integer_ops {

// Filter: one row of weights for each output. All of the input's dimensions but
// the row's length are batches.
inline void FullyConnected(const FullyConnectedParams& params,
                           const RuntimeShape&, const int8_t* input_data,
                           const RuntimeShape& filter_shape,
                           const int8_t* filter_data, const RuntimeShape&,
                           const int32_t* bias_data,
                           const RuntimeShape& output_shape,
                           int8_t* output_data) {
  const int last = output_shape.DimensionsCount() - 1;
  const int batches = FlatSizeSkipDim(output_shape, last);
  const int output_depth = output_shape.Dims(last);
  const int accum_depth = filter_shape.Dims(filter_shape.DimensionsCount() - 1);

  for (int n = 0; n < batches; ++n) {
    const int8_t* input = input_data + n * accum_depth;
    for (int out_c = 0; out_c < output_depth; ++out_c) {
      const int8_t* weights = filter_data + out_c * accum_depth;
      int32_t acc = bias_data == nullptr ? 0 : bias_data[out_c];
      for (int i = 0; i < accum_depth; ++i) {
        acc += (weights[i] + params.weights_offset) *
               (input[i] + params.input_offset);
      }
      const int scale = params.is_per_channel ? out_c : 0;
      acc = MultiplyByQuantizedMultiplier(acc, params.output_multiplier[scale],
                                          params.output_shift[scale]);
      acc += params.output_offset;
      acc = std::max(acc, params.quantized_activation_min);
      acc = std::min(acc, params.quantized_activation_max);
      output_data[n * output_depth + out_c] = static_cast<int8_t>(acc);
    }
  }
}

}  // namespace reference_integer_ops
}  // namespace tflite

#endif  // TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_INTEGER_OPS_FULLY_CONNECTED_H_
