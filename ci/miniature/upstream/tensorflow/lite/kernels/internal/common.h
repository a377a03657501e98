// SPDX-License-Identifier: Apache-2.0
//
// Fixed-point arithmetic. Every result here is defined to the bit: two kernels
// that use it agree, whatever the machine.
//
// Notation: a value in Qm.n is an int32 whose real value is raw / 2^n with
// m + n = 31.
#ifndef TENSORFLOW_LITE_KERNELS_INTERNAL_COMMON_H_
#define TENSORFLOW_LITE_KERNELS_INTERNAL_COMMON_H_

#include <algorithm>
#include <cstdint>
#include <limits>

#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/kernels/internal/types.h"

namespace tflite {

// a * b of two Q0.31 values, rounded to nearest, ties upwards. The one product
// that does not fit, -1 * -1, saturates.
inline int32_t SaturatingRoundingDoublingHighMul(int32_t a, int32_t b) {
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  if (a == kMin && b == kMin) return std::numeric_limits<int32_t>::max();
  const int64_t product = static_cast<int64_t>(a) * b;
  return static_cast<int32_t>((product + (int64_t{1} << 30)) >> 31);
}

// x / 2^exponent, rounded to nearest, ties away from zero.
inline int32_t RoundingDivideByPOT(int32_t x, int exponent) {
  TFLITE_DCHECK(exponent >= 0 && exponent <= 31);
  const int64_t magnitude = x < 0 ? -int64_t{x} : int64_t{x};
  const int64_t half = exponent == 0 ? 0 : int64_t{1} << (exponent - 1);
  const int64_t rounded = (magnitude + half) >> exponent;
  return static_cast<int32_t>(x < 0 ? -rounded : rounded);
}

// x * 2^exponent, saturated.
inline int32_t SaturatingShiftLeft(int32_t x, int exponent) {
  const int64_t wide = static_cast<int64_t>(x) * (int64_t{1} << exponent);
  constexpr int64_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  return static_cast<int32_t>(std::min(std::max(wide, kMin), kMax));
}

// x * multiplier * 2^shift with the multiplier in Q0.31. The product is rounded
// twice, once by the multiplication and once by a shift to the right.
inline int32_t MultiplyByQuantizedMultiplier(int32_t x,
                                             int32_t quantized_multiplier,
                                             int shift) {
  const int left = shift > 0 ? shift : 0;
  const int right = shift > 0 ? 0 : -shift;
  // Shifted as unsigned: what falls off the top falls off silently.
  const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  return RoundingDivideByPOT(
      SaturatingRoundingDoublingHighMul(shifted, quantized_multiplier), right);
}

inline int CountLeadingZeros(uint32_t x) {
  return x == 0 ? 32 : __builtin_clz(x);
}

// exp(x) in Q0.31 for x <= 0 in Q5.26.
int32_t ExpOnNegativeValues(int32_t x);

// 1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31.
int32_t OneOverOnePlusX(int32_t x);

// 1 / x in Q0.31, scaled up by 2^num_bits_over_unit to keep it in [0.5, 1];
// x is positive with `x_integer_digits` integer bits.
int32_t GetReciprocal(int32_t x, int x_integer_digits, int* num_bits_over_unit);

}  // namespace tflite

#endif  // TENSORFLOW_LITE_KERNELS_INTERNAL_COMMON_H_
