// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/micro_context.h"

#include <cstdarg>

#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {

TfLiteTensor* MicroContext::AllocateTemp(const TfLiteIntArray* indices,
                                         int index) {
  if (indices == nullptr || index < 0 || index >= indices->size ||
      indices->data[index] == kTfLiteOptionalTensor) {
    return nullptr;
  }
  return AllocateTempTfLiteTensor(indices->data[index]);
}

TfLiteTensor* MicroContext::AllocateTempInputTensor(const TfLiteNode* node,
                                                    int index) {
  return AllocateTemp(node->inputs, index);
}

TfLiteTensor* MicroContext::AllocateTempOutputTensor(const TfLiteNode* node,
                                                     int index) {
  return AllocateTemp(node->outputs, index);
}

void* MicroContextAllocatePersistentBuffer(TfLiteContext* context,
                                           size_t bytes) {
  return GetMicroContext(context)->AllocatePersistentBuffer(bytes);
}

TfLiteStatus MicroContextRequestScratchBufferInArena(TfLiteContext* context,
                                                     size_t bytes,
                                                     int* buffer_idx) {
  return GetMicroContext(context)->RequestScratchBufferInArena(bytes,
                                                               buffer_idx);
}

void* MicroContextGetScratchBuffer(TfLiteContext* context, int buffer_idx) {
  return GetMicroContext(context)->GetScratchBuffer(buffer_idx);
}

TfLiteTensor* MicroContextGetTensor(const TfLiteContext* context,
                                    int tensor_idx) {
  return GetMicroContext(context)->AllocateTempTfLiteTensor(tensor_idx);
}

TfLiteEvalTensor* MicroContextGetEvalTensor(const TfLiteContext* context,
                                            int tensor_idx) {
  return GetMicroContext(context)->GetEvalTensor(tensor_idx);
}

void MicroContextReportOpError(TfLiteContext*, const char* format, ...) {
#ifndef TF_LITE_STRIP_ERROR_STRINGS
  va_list args;
  va_start(args, format);
  VMicroPrintf(format, args);
  va_end(args);
#else
  (void)format;
#endif
}

void InitializeTfLiteContext(TfLiteContext* context, MicroContext* impl) {
  context->impl_ = impl;
  context->ReportError = MicroContextReportOpError;
  context->AllocatePersistentBuffer = MicroContextAllocatePersistentBuffer;
  context->RequestScratchBufferInArena =
      MicroContextRequestScratchBufferInArena;
  context->GetScratchBuffer = MicroContextGetScratchBuffer;
  context->GetTensor = MicroContextGetTensor;
  context->GetEvalTensor = MicroContextGetEvalTensor;
}

}  // namespace tflite
