// SPDX-License-Identifier: Apache-2.0
//
// From the real-valued scales of a model to the integers that kernels use.
#ifndef TENSORFLOW_LITE_KERNELS_INTERNAL_QUANTIZATION_UTIL_H_
#define TENSORFLOW_LITE_KERNELS_INTERNAL_QUANTIZATION_UTIL_H_

#include <cstdint>

namespace tflite {

// double_multiplier = quantized_multiplier / 2^31 * 2^shift, with the
// quantized multiplier in [2^30, 2^31), or 0 for 0 and for what is too small.
void QuantizeMultiplier(double double_multiplier, int32_t* quantized_multiplier,
                        int* shift);

// The factor that brings a difference of two softmax inputs to fixed point with
// `input_integer_bits` integer bits.
void PreprocessSoftmaxScaling(double beta, double input_scale,
                              int input_integer_bits,
                              int32_t* quantized_multiplier, int* left_shift);

// The largest difference of two inputs that this factor does not overflow.
int CalculateInputRadius(int input_integer_bits, int input_left_shift,
                         int total_signed_bits = 31);

}  // namespace tflite

#endif  // TENSORFLOW_LITE_KERNELS_INTERNAL_QUANTIZATION_UTIL_H_
