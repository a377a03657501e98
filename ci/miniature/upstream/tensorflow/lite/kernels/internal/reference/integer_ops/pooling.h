// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_INTEGER_OPS_POOLING_H_
#define TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_INTEGER_OPS_POOLING_H_

#include <algorithm>

#include "tensorflow/lite/kernels/internal/types.h"

namespace tflite {
namespace reference_integer_ops {

// The mean over the part of the window that lies inside the image, rounded to
// nearest, ties away from zero. Returns false for a window that misses it.
inline bool AveragePool(const PoolParams& params,
                        const RuntimeShape& input_shape,
                        const int8_t* input_data,
                        const RuntimeShape& output_shape, int8_t* output_data) {
  const int batches = MatchingDim(input_shape, 0, output_shape, 0);
  const int depth = MatchingDim(input_shape, 3, output_shape, 3);

  for (int n = 0; n < batches; ++n) {
    for (int out_y = 0; out_y < output_shape.Dims(1); ++out_y) {
      const int top =
          out_y * params.stride_height - params.padding_values.height;
      const int y_begin = std::max(0, top);
      const int y_end =
          std::min<int>(input_shape.Dims(1), top + params.filter_height);
      for (int out_x = 0; out_x < output_shape.Dims(2); ++out_x) {
        const int left =
            out_x * params.stride_width - params.padding_values.width;
        const int x_begin = std::max(0, left);
        const int x_end =
            std::min<int>(input_shape.Dims(2), left + params.filter_width);
        const int count = (y_end - y_begin) * (x_end - x_begin);
        if (y_end <= y_begin || x_end <= x_begin) return false;
        for (int c = 0; c < depth; ++c) {
          int32_t sum = 0;
          for (int y = y_begin; y < y_end; ++y) {
            for (int x = x_begin; x < x_end; ++x) {
              sum += input_data[Offset(input_shape, n, y, x, c)];
            }
          }
          const int32_t half = count / 2;
          int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
          mean = std::max(mean, params.quantized_activation_min);
          mean = std::min(mean, params.quantized_activation_max);
          output_data[Offset(output_shape, n, out_y, out_x, c)] =
              static_cast<int8_t>(mean);
        }
      }
    }
  }
  return true;
}

}  // namespace reference_integer_ops
}  // namespace tflite

#endif  // TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_INTEGER_OPS_POOLING_H_
