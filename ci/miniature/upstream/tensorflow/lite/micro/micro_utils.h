// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_MICRO_UTILS_H_
#define TENSORFLOW_LITE_MICRO_MICRO_UTILS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "tensorflow/lite/c/common.h"

namespace tflite {

int ElementCount(const TfLiteIntArray& dims);

// 0 for a type that has no fixed size.
size_t EvalTensorBytes(const TfLiteEvalTensor* tensor);

template <typename T>
T FloatToQuantizedType(float value, float scale, int zero_point) {
  const auto nearest = static_cast<int32_t>(std::round(value / scale));
  constexpr int32_t kMin = std::numeric_limits<T>::min();
  constexpr int32_t kMax = std::numeric_limits<T>::max();
  return static_cast<T>(std::min(std::max(nearest + zero_point, kMin), kMax));
}

template <typename T>
void Quantize(const float* input, T* output, int num_elements, float scale,
              int zero_point) {
  for (int i = 0; i < num_elements; ++i) {
    output[i] = FloatToQuantizedType<T>(input[i], scale, zero_point);
  }
}

template <typename T>
void Dequantize(const T* values, int size, float scale, int zero_point,
                float* dequantized_values) {
  for (int i = 0; i < size; ++i) {
    dequantized_values[i] = static_cast<float>(values[i] - zero_point) * scale;
  }
}

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_UTILS_H_
