// SPDX-License-Identifier: Apache-2.0
//
// What stands behind TfLiteContext::impl_: memory and tensors for kernels.
#ifndef TENSORFLOW_LITE_MICRO_MICRO_CONTEXT_H_
#define TENSORFLOW_LITE_MICRO_MICRO_CONTEXT_H_

#include <cstddef>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/compatibility.h"

namespace tflite {

class MicroContext {
 public:
  virtual ~MicroContext() = default;

  // See the functions of the same names in TfLiteContext.
  virtual void* AllocatePersistentBuffer(size_t bytes) = 0;
  virtual TfLiteStatus RequestScratchBufferInArena(size_t bytes,
                                                   int* buffer_idx) = 0;
  virtual void* GetScratchBuffer(int buffer_idx) = 0;
  virtual TfLiteEvalTensor* GetEvalTensor(int tensor_idx) = 0;

  // A tensor with all that the model says about it, to be given back before
  // prepare returns. Null when the memory does not suffice.
  virtual TfLiteTensor* AllocateTempTfLiteTensor(int tensor_idx) = 0;
  virtual void DeallocateTempTfLiteTensor(TfLiteTensor* tensor) = 0;

  // The same, for a node's nth input or output. Null also for an optional
  // input that is absent.
  TfLiteTensor* AllocateTempInputTensor(const TfLiteNode* node, int index);
  TfLiteTensor* AllocateTempOutputTensor(const TfLiteNode* node, int index);

 private:
  TfLiteTensor* AllocateTemp(const TfLiteIntArray* indices, int index);

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

inline MicroContext* GetMicroContext(const TfLiteContext* context) {
  return static_cast<MicroContext*>(context->impl_);
}

// The functions that a TfLiteContext points at.
void* MicroContextAllocatePersistentBuffer(TfLiteContext* context,
                                           size_t bytes);
TfLiteStatus MicroContextRequestScratchBufferInArena(TfLiteContext* context,
                                                     size_t bytes,
                                                     int* buffer_idx);
void* MicroContextGetScratchBuffer(TfLiteContext* context, int buffer_idx);
TfLiteTensor* MicroContextGetTensor(const TfLiteContext* context,
                                    int tensor_idx);
TfLiteEvalTensor* MicroContextGetEvalTensor(const TfLiteContext* context,
                                            int tensor_idx);
void MicroContextReportOpError(TfLiteContext* context, const char* format, ...);

// Connects a context with all of them.
void InitializeTfLiteContext(TfLiteContext* context, MicroContext* impl);

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_CONTEXT_H_
