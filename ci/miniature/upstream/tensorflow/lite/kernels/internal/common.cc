// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/kernels/internal/common.h"

#include <cstddef>

namespace tflite {
namespace {

constexpr int32_t kOneQ0 = std::numeric_limits<int32_t>::max();  // 1 - 2^-31

int32_t Multiply(int32_t a, int32_t b) {
  return SaturatingRoundingDoublingHighMul(a, b);
}

// exp(x) for x in [-1/4, 0), Q0.31: the Taylor series of the fourth degree
// around -1/8.
int32_t ExpNearZero(int32_t x) {
  constexpr int32_t kExpOfMinusOneEighth = 1895147668;
  constexpr int32_t kOneThird = 715827883;
  const int32_t y = x + (1 << 28);  // x + 1/8
  const int32_t y2 = Multiply(y, y);
  const int32_t y3 = Multiply(y2, y);
  const int32_t y4_over_4 = RoundingDivideByPOT(Multiply(y2, y2), 2);
  // y^4/24 + y^3/6 + y^2/2
  const int32_t higher_terms =
      RoundingDivideByPOT(Multiply(y4_over_4 + y3, kOneThird) + y2, 1);
  return kExpOfMinusOneEighth +
         Multiply(kExpOfMinusOneEighth, y + higher_terms);
}

}  // namespace

int32_t ExpOnNegativeValues(int32_t x) {
  constexpr int kFractionBits = 26;
  if (x == 0) return kOneQ0;

  // x = r - q with r in [-1/4, 0) and q a multiple of 1/4: exp(x) is exp(r)
  // times one constant for each bit of q.
  constexpr int32_t kQuarter = 1 << (kFractionBits - 2);
  const int32_t remainder = (x & (kQuarter - 1)) - kQuarter;
  const int32_t quarters = remainder - x;
  // exp(-1/4), exp(-1/2), exp(-1), ... exp(-16) in Q0.31.
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308,
                                  39332535,   720401,     242};
  int32_t result =
      ExpNearZero(SaturatingShiftLeft(remainder, 31 - kFractionBits));
  for (size_t i = 0; i < sizeof(kFactors) / sizeof(kFactors[0]); ++i) {
    if (quarters & (kQuarter << i)) result = Multiply(result, kFactors[i]);
  }
  return result;
}

int32_t OneOverOnePlusX(int32_t x) {
  // Three steps of Newton's division on d = (1 + x) / 2 in [1/2, 1), from the
  // linear estimate 48/17 - 32/17 d. The estimate of 1/d is in Q2.29.
  constexpr int32_t k48Over17 = 1515870810;
  constexpr int32_t kMinus32Over17 = -1010580540;
  constexpr int32_t kOneQ2 = 1 << 29;
  // The half sum of two positive numbers, rounded to nearest.
  const auto half_denominator =
      static_cast<int32_t>((static_cast<int64_t>(x) + kOneQ0 + 1) / 2);
  int32_t estimate = k48Over17 + Multiply(half_denominator, kMinus32Over17);
  for (int i = 0; i < 3; ++i) {
    const int32_t error = kOneQ2 - Multiply(half_denominator, estimate);
    // Q2 times Q2 is Q4; two bits bring it back to Q2.
    estimate += SaturatingShiftLeft(Multiply(estimate, error), 2);
  }
  // 1 / (1 + x) is half of it: Q2.29 read as Q1.30, then to Q0.31.
  return SaturatingShiftLeft(estimate, 1);
}

int32_t GetReciprocal(int32_t x, int x_integer_digits,
                      int* num_bits_over_unit) {
  const int headroom = CountLeadingZeros(static_cast<uint32_t>(x));
  *num_bits_over_unit = x_integer_digits - headroom;
  // With the leading one at the top, the bits below it are x/2^k - 1 in Q0.31.
  const auto fraction = static_cast<int32_t>(
      (static_cast<uint32_t>(x) << headroom) - (uint32_t{1} << 31));
  return OneOverOnePlusX(fraction);
}

}  // namespace tflite
