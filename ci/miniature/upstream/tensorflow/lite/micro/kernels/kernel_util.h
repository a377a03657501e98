// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_KERNEL_UTIL_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_KERNEL_UTIL_H_

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/kernels/internal/types.h"
#include "tensorflow/lite/micro/micro_common.h"
#include "tensorflow/lite/micro/micro_context.h"

namespace tflite {
namespace micro {

TFLMRegistration RegisterOp(
    void* (*init)(TfLiteContext* context, const char* buffer, size_t length),
    TfLiteStatus (*prepare)(TfLiteContext* context, TfLiteNode* node),
    TfLiteStatus (*invoke)(TfLiteContext* context, TfLiteNode* node),
    void (*free)(TfLiteContext* context, void* buffer) = nullptr,
    void (*reset)(TfLiteContext* context, void* buffer) = nullptr);

// Null for an input that the node does not have.
const TfLiteEvalTensor* GetEvalInput(const TfLiteContext* context,
                                     const TfLiteNode* node, int index);
TfLiteEvalTensor* GetEvalOutput(const TfLiteContext* context,
                                const TfLiteNode* node, int index);

template <typename T>
T* GetTensorData(TfLiteEvalTensor* tensor) {
  TFLITE_DCHECK(tensor != nullptr);
  return reinterpret_cast<T*>(tensor->data.raw);
}

template <typename T>
const T* GetTensorData(const TfLiteEvalTensor* tensor) {
  TFLITE_DCHECK(tensor != nullptr);
  return reinterpret_cast<const T*>(tensor->data.raw);
}

template <typename T>
const T* GetOptionalTensorData(const TfLiteEvalTensor* tensor) {
  return tensor == nullptr ? nullptr
                           : reinterpret_cast<const T*>(tensor->data.raw);
}

RuntimeShape GetTensorShape(const TfLiteEvalTensor* tensor);

PaddingType RuntimePaddingType(TfLitePadding padding);

// A tensor with all that the model says about it, for the length of a scope
// inside prepare. Null like the functions of MicroContext it calls.
class ScopedTensor {
 public:
  static ScopedTensor Input(TfLiteContext* context, const TfLiteNode* node,
                            int index) {
    MicroContext* micro = GetMicroContext(context);
    return ScopedTensor(micro, micro->AllocateTempInputTensor(node, index));
  }
  static ScopedTensor Output(TfLiteContext* context, const TfLiteNode* node,
                             int index) {
    MicroContext* micro = GetMicroContext(context);
    return ScopedTensor(micro, micro->AllocateTempOutputTensor(node, index));
  }
  ScopedTensor(const ScopedTensor&) = delete;
  ScopedTensor& operator=(const ScopedTensor&) = delete;
  ~ScopedTensor() {
    if (tensor_ != nullptr) micro_->DeallocateTempTfLiteTensor(tensor_);
  }

  TfLiteTensor* get() const { return tensor_; }
  TfLiteTensor* operator->() const { return tensor_; }

 private:
  ScopedTensor(MicroContext* micro, TfLiteTensor* tensor)
      : micro_(micro), tensor_(tensor) {}

  MicroContext* micro_;
  TfLiteTensor* tensor_;
};

}  // namespace micro
}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_KERNEL_UTIL_H_
