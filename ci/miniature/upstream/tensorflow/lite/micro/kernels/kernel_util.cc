// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace micro {

TFLMRegistration RegisterOp(
    void* (*init)(TfLiteContext* context, const char* buffer, size_t length),
    TfLiteStatus (*prepare)(TfLiteContext* context, TfLiteNode* node),
    TfLiteStatus (*invoke)(TfLiteContext* context, TfLiteNode* node),
    void (*free)(TfLiteContext* context, void* buffer),
    void (*reset)(TfLiteContext* context, void* buffer)) {
  TFLMRegistration registration = {};
  registration.init = init;
  registration.free = free;
  registration.prepare = prepare;
  registration.invoke = invoke;
  registration.reset = reset;
  return registration;
}

const TfLiteEvalTensor* GetEvalInput(const TfLiteContext* context,
                                     const TfLiteNode* node, int index) {
  if (index >= node->inputs->size ||
      node->inputs->data[index] == kTfLiteOptionalTensor) {
    return nullptr;
  }
  return context->GetEvalTensor(context, node->inputs->data[index]);
}

TfLiteEvalTensor* GetEvalOutput(const TfLiteContext* context,
                                const TfLiteNode* node, int index) {
  TFLITE_DCHECK(index < node->outputs->size);
  return context->GetEvalTensor(context, node->outputs->data[index]);
}

RuntimeShape GetTensorShape(const TfLiteEvalTensor* tensor) {
  if (tensor == nullptr || tensor->dims == nullptr) return RuntimeShape();
  return RuntimeShape(tensor->dims->size,
                      reinterpret_cast<const int32_t*>(tensor->dims->data));
}

PaddingType RuntimePaddingType(TfLitePadding padding) {
  switch (padding) {
    case kTfLitePaddingSame:
      return PaddingType::kSame;
    case kTfLitePaddingValid:
      return PaddingType::kValid;
    default:
      return PaddingType::kNone;
  }
}

}  // namespace micro
}  // namespace tflite
