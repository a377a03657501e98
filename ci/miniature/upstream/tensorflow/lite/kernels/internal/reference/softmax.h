// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_SOFTMAX_H_
#define TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_SOFTMAX_H_

#include <algorithm>
#include <limits>

#include "tensorflow/lite/kernels/internal/common.h"

namespace tflite {
namespace reference_ops {

// exp(x_i - max) / sum over each row of the last dimension. The output has
// scale 1/256 and zero point -128. Differences of less than diff_min count as
// exp(...) = 0.
inline void Softmax(const SoftmaxParams& params,
                    const RuntimeShape& input_shape, const int8_t* input_data,
                    const RuntimeShape& output_shape, int8_t* output_data) {
  constexpr int kSumIntegerBits = 12;  // up to 2^12 terms of at most 1
  constexpr int32_t kMin = std::numeric_limits<int8_t>::min();
  constexpr int32_t kMax = std::numeric_limits<int8_t>::max();
  const int last = input_shape.DimensionsCount() - 1;
  const int rows = MatchingFlatSizeSkipDim(input_shape, last, output_shape);
  const int depth = MatchingDim(input_shape, last, output_shape, last);

  const auto exp_of = [&params](int32_t difference) {
    return ExpOnNegativeValues(MultiplyByQuantizedMultiplier(
        difference, params.input_multiplier, params.input_left_shift));
  };

  for (int row = 0; row < rows; ++row) {
    const int8_t* input = input_data + row * depth;
    int8_t* output = output_data + row * depth;
    const int32_t largest = *std::max_element(input, input + depth);

    int32_t sum = 0;
    for (int i = 0; i < depth; ++i) {
      const int32_t difference = input[i] - largest;
      if (difference >= params.diff_min) {
        sum += RoundingDivideByPOT(exp_of(difference), kSumIntegerBits);
      }
    }

    int num_bits_over_unit;
    const int32_t scale =
        GetReciprocal(sum, kSumIntegerBits, &num_bits_over_unit);
    for (int i = 0; i < depth; ++i) {
      const int32_t difference = input[i] - largest;
      if (difference < params.diff_min) {
        output[i] = static_cast<int8_t>(kMin);
        continue;
      }
      const int32_t share = RoundingDivideByPOT(
          SaturatingRoundingDoublingHighMul(scale, exp_of(difference)),
          num_bits_over_unit + 31 - 8);
      output[i] =
          static_cast<int8_t>(std::max(std::min(share + kMin, kMax), kMin));
    }
  }
}

}  // namespace reference_ops
}  // namespace tflite

#endif  // TENSORFLOW_LITE_KERNELS_INTERNAL_REFERENCE_SOFTMAX_H_
