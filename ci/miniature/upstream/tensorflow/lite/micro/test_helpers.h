// SPDX-License-Identifier: Apache-2.0
//
// Tensors out of plain arrays, for tests of kernels.
#ifndef TENSORFLOW_LITE_MICRO_TEST_HELPERS_H_
#define TENSORFLOW_LITE_MICRO_TEST_HELPERS_H_

#include <cstdint>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"
#include "tensorflow/lite/micro/micro_utils.h"
#include "tensorflow/lite/portable_type_to_tflitetype.h"

namespace tflite {
namespace testing {

// {n, first, ..., nth} is such an array already. Floats have their number in
// front too, as a float; it becomes an int in place.
TfLiteIntArray* IntArrayFromInts(const int* ints);
TfLiteFloatArray* FloatArrayFromFloats(const float* floats);

// Values all over int8, but -128, that depend on the seed and the place alone.
void FillPattern(int8_t* data, int size, int seed);

template <typename T>
TfLiteTensor CreateTensor(const T* data, TfLiteIntArray* dims,
                          bool is_variable = false) {
  TfLiteTensor tensor = {};
  tensor.type = typeToTfLiteType<T>();
  tensor.dims = dims;
  tensor.data.data = const_cast<T*>(data);
  tensor.bytes = static_cast<size_t>(ElementCount(*dims)) * sizeof(T);
  tensor.allocation_type = kTfLiteMemNone;
  tensor.is_variable = is_variable;
  return tensor;
}

// With one scale and zero point for all values.
template <typename T>
TfLiteTensor CreateQuantizedTensor(const T* data, TfLiteIntArray* dims,
                                   float scale, int zero_point = 0,
                                   bool is_variable = false) {
  TfLiteTensor tensor = CreateTensor(data, dims, is_variable);
  tensor.params = {scale, zero_point};
  tensor.quantization = {kTfLiteAffineQuantization, nullptr};
  return tensor;
}

// With the scales and zero points of *affine.
template <typename T>
TfLiteTensor CreatePerChannelQuantizedTensor(const T* data,
                                             TfLiteIntArray* dims,
                                             TfLiteAffineQuantization* affine) {
  TfLiteTensor tensor = CreateTensor(data, dims);
  tensor.params = {affine->scale->data[0], affine->zero_point->data[0]};
  tensor.quantization = {kTfLiteAffineQuantization, affine};
  return tensor;
}

}  // namespace testing
}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_TEST_HELPERS_H_
