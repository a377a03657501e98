// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/kernels/internal/quantization_util.h"

#include <algorithm>
#include <cmath>

#include "tensorflow/lite/kernels/internal/compatibility.h"

namespace tflite {

void QuantizeMultiplier(double double_multiplier, int32_t* quantized_multiplier,
                        int* shift) {
  *quantized_multiplier = 0;
  *shift = 0;
  if (double_multiplier == 0.0) return;

  constexpr int64_t kOne = int64_t{1} << 31;
  int exponent;
  const double fraction = std::frexp(double_multiplier, &exponent);
  auto fixed =
      static_cast<int64_t>(std::round(fraction * static_cast<double>(kOne)));
  TFLITE_CHECK_LE(fixed, kOne);
  if (fixed == kOne) {  // rounded up to the next power of two
    fixed /= 2;
    ++exponent;
  }
  if (exponent < -31) return;  // every product would round to 0
  *quantized_multiplier = static_cast<int32_t>(fixed);
  *shift = exponent;
}

void PreprocessSoftmaxScaling(double beta, double input_scale,
                              int input_integer_bits,
                              int32_t* quantized_multiplier, int* left_shift) {
  constexpr double kLargest = static_cast<double>((int64_t{1} << 31) - 1);
  const double factor =
      std::min(beta * input_scale * (1 << (31 - input_integer_bits)), kLargest);
  TFLITE_CHECK(factor > 1.0);
  QuantizeMultiplier(factor, quantized_multiplier, left_shift);
  TFLITE_CHECK(*left_shift >= 0);
}

int CalculateInputRadius(int input_integer_bits, int input_left_shift,
                         int total_signed_bits) {
  const double largest =
      1.0 * ((1 << input_integer_bits) - 1) *
      static_cast<double>(int64_t{1}
                          << (total_signed_bits - input_integer_bits)) /
      static_cast<double>(int64_t{1} << input_left_shift);
  return static_cast<int>(std::floor(largest));
}

}  // namespace tflite
