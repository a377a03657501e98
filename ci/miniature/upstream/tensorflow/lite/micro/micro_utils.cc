// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/micro_utils.h"

#include "tensorflow/lite/micro/memory_helpers.h"

namespace tflite {

int ElementCount(const TfLiteIntArray& dims) {
  int count = 1;
  for (int i = 0; i < dims.size; ++i) count *= dims.data[i];
  return count;
}

size_t EvalTensorBytes(const TfLiteEvalTensor* tensor) {
  size_t bytes = 0;
  return TfLiteEvalTensorByteLength(tensor, &bytes) == kTfLiteOk ? bytes : 0;
}

}  // namespace tflite
