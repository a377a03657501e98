// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_MEMORY_HELPERS_H_
#define TENSORFLOW_LITE_MICRO_MEMORY_HELPERS_H_

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

uint8_t* AlignPointerUp(uint8_t* data, size_t alignment);
uint8_t* AlignPointerDown(uint8_t* data, size_t alignment);
size_t AlignSizeUp(size_t size, size_t alignment);

TfLiteStatus ConvertTensorType(TensorType tensor_type, TfLiteType* type);
TfLiteStatus TfLiteTypeSizeOf(TfLiteType type, size_t* size);

// The size of the tensor's data and of one element of it. kTfLiteError for a
// type without a fixed size, a negative dimension and a product out of range.
TfLiteStatus BytesRequiredForTensor(const Tensor& flatbuffer_tensor,
                                    size_t* bytes, size_t* type_size);

TfLiteStatus TfLiteEvalTensorByteLength(const TfLiteEvalTensor* eval_tensor,
                                        size_t* out_bytes);

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MEMORY_HELPERS_H_
