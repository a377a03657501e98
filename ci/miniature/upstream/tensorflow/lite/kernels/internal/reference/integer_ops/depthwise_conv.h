// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_INTEGER_OPS_DEPTHWISE_CONV_H_
#define TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_INTEGER_OPS_DEPTHWISE_CONV_H_

#include <algorithm>

#include "tensorflow/lite/kernels/internal/common.h"

namespace tflite {
namespace reference_integer_ops {

// Input NHWC, filter 1HWC: output channel c sees input channel
// c / depth_multiplier only.
inline void DepthwiseConvPerChannel(
    const DepthwiseParams& params, const int32_t* output_multiplier,
    const int32_t* output_shift, const RuntimeShape& input_shape,
    const int8_t* input_data, const RuntimeShape& filter_shape,
    const int8_t* filter_data, const RuntimeShape&, const int32_t* bias_data,
    const RuntimeShape& output_shape, int8_t* output_data) {
  const int batches = MatchingDim(input_shape, 0, output_shape, 0);
  const int output_depth = MatchingDim(filter_shape, 3, output_shape, 3);
  const int input_height = input_shape.Dims(1);
  const int input_width = input_shape.Dims(2);

  for (int n = 0; n < batches; ++n) {
    for (int out_y = 0; out_y < output_shape.Dims(1); ++out_y) {
      const int top =
          out_y * params.stride_height - params.padding_values.height;
      for (int out_x = 0; out_x < output_shape.Dims(2); ++out_x) {
        const int left =
            out_x * params.stride_width - params.padding_values.width;
        for (int out_c = 0; out_c < output_depth; ++out_c) {
          const int in_c = out_c / params.depth_multiplier;
          int32_t acc = bias_data == nullptr ? 0 : bias_data[out_c];
          for (int y = 0; y < filter_shape.Dims(1); ++y) {
            const int in_y = top + y * params.dilation_height_factor;
            if (in_y < 0 || in_y >= input_height) continue;
            for (int x = 0; x < filter_shape.Dims(2); ++x) {
              const int in_x = left + x * params.dilation_width_factor;
              if (in_x < 0 || in_x >= input_width) continue;
              const int32_t value =
                  input_data[Offset(input_shape, n, in_y, in_x, in_c)] +
                  params.input_offset;
              acc += filter_data[Offset(filter_shape, 0, y, x, out_c)] * value;
            }
          }
          acc = MultiplyByQuantizedMultiplier(acc, output_multiplier[out_c],
                                              output_shift[out_c]);
          acc += params.output_offset;
          acc = std::max(acc, params.quantized_activation_min);
          acc = std::min(acc, params.quantized_activation_max);
          output_data[Offset(output_shape, n, out_y, out_x, out_c)] =
              static_cast<int8_t>(acc);
        }
      }
    }
  }
}

}  // namespace reference_integer_ops
}  // namespace tflite

#endif  // TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_INTEGER_OPS_DEPTHWISE_CONV_H_
