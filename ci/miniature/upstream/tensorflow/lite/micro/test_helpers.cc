// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/test_helpers.h"

#include <cstring>

namespace tflite {
namespace testing {

TfLiteIntArray* IntArrayFromInts(const int* ints) {
  return reinterpret_cast<TfLiteIntArray*>(const_cast<int*>(ints));
}

TfLiteFloatArray* FloatArrayFromFloats(const float* floats) {
  auto* array = reinterpret_cast<TfLiteFloatArray*>(const_cast<float*>(floats));
  const int size = static_cast<int>(floats[0]);
  std::memcpy(&array->size, &size, sizeof(size));
  return array;
}

void FillPattern(int8_t* data, int size, int seed) {
  for (int i = 0; i < size; ++i) {
    data[i] = static_cast<int8_t>((seed + 73 * i) % 255 - 127);
  }
}

}  // namespace testing
}  // namespace tflite
