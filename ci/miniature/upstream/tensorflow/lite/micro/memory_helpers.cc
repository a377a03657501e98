// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/memory_helpers.h"

#include <limits>

#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {

uint8_t* AlignPointerDown(uint8_t* data, size_t alignment) {
  return data - reinterpret_cast<uintptr_t>(data) % alignment;
}

uint8_t* AlignPointerUp(uint8_t* data, size_t alignment) {
  return AlignPointerDown(data + (alignment - 1), alignment);
}

size_t AlignSizeUp(size_t size, size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

TfLiteStatus ConvertTensorType(TensorType tensor_type, TfLiteType* type) {
  switch (tensor_type) {
    case TensorType_FLOAT32:
      *type = kTfLiteFloat32;
      return kTfLiteOk;
    case TensorType_INT32:
      *type = kTfLiteInt32;
      return kTfLiteOk;
    case TensorType_UINT8:
      *type = kTfLiteUInt8;
      return kTfLiteOk;
    case TensorType_INT64:
      *type = kTfLiteInt64;
      return kTfLiteOk;
    case TensorType_BOOL:
      *type = kTfLiteBool;
      return kTfLiteOk;
    case TensorType_INT16:
      *type = kTfLiteInt16;
      return kTfLiteOk;
    case TensorType_INT8:
      *type = kTfLiteInt8;
      return kTfLiteOk;
    default:
      *type = kTfLiteNoType;
      MicroPrintf("Unsupported data type %d in tensor",
                  static_cast<int>(tensor_type));
      return kTfLiteError;
  }
}

TfLiteStatus TfLiteTypeSizeOf(TfLiteType type, size_t* size) {
  switch (type) {
    case kTfLiteInt8:
    case kTfLiteUInt8:
    case kTfLiteBool:
      *size = 1;
      return kTfLiteOk;
    case kTfLiteInt16:
      *size = 2;
      return kTfLiteOk;
    case kTfLiteInt32:
    case kTfLiteFloat32:
      *size = 4;
      return kTfLiteOk;
    case kTfLiteInt64:
      *size = 8;
      return kTfLiteOk;
    default:
      return kTfLiteError;
  }
}

TfLiteStatus BytesRequiredForTensor(const Tensor& flatbuffer_tensor,
                                    size_t* bytes, size_t* type_size) {
  TfLiteType type;
  TF_LITE_ENSURE_STATUS(ConvertTensorType(flatbuffer_tensor.type(), &type));
  TF_LITE_ENSURE_STATUS(TfLiteTypeSizeOf(type, type_size));
  *bytes = *type_size;
  const auto* shape = flatbuffer_tensor.shape();
  for (uint32_t i = 0; shape != nullptr && i < shape->size(); ++i) {
    const int32_t length = shape->Get(i);
    if (length < 0) return kTfLiteError;
    constexpr size_t kLargest = std::numeric_limits<int32_t>::max();
    if (length > 0 && *bytes > kLargest / static_cast<size_t>(length)) {
      return kTfLiteError;
    }
    *bytes *= static_cast<size_t>(length);
  }
  return kTfLiteOk;
}

TfLiteStatus TfLiteEvalTensorByteLength(const TfLiteEvalTensor* eval_tensor,
                                        size_t* out_bytes) {
  TF_LITE_ENSURE_STATUS(TfLiteTypeSizeOf(eval_tensor->type, out_bytes));
  for (int i = 0; i < eval_tensor->dims->size; ++i) {
    *out_bytes *= static_cast<size_t>(eval_tensor->dims->data[i]);
  }
  return kTfLiteOk;
}

}  // namespace tflite
