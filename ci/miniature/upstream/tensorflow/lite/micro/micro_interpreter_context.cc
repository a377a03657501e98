// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/micro_interpreter_context.h"

#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {

void* MicroInterpreterContext::AllocatePersistentBuffer(size_t bytes) {
  TFLITE_DCHECK(state_ == InterpreterState::kInit ||
                state_ == InterpreterState::kPrepare);
  return allocator_->AllocatePersistentBuffer(bytes);
}

TfLiteStatus MicroInterpreterContext::RequestScratchBufferInArena(
    size_t bytes, int* buffer_idx) {
  TFLITE_DCHECK(state_ == InterpreterState::kPrepare);
  return allocator_->RequestScratchBufferInArena(bytes, buffer_idx);
}

void* MicroInterpreterContext::GetScratchBuffer(int buffer_idx) {
  TFLITE_DCHECK(state_ == InterpreterState::kInvoke);
  return scratch_buffer_handles_[buffer_idx].data;
}

TfLiteEvalTensor* MicroInterpreterContext::GetEvalTensor(int tensor_idx) {
  return &allocations_->tensors[tensor_idx];
}

TfLiteTensor* MicroInterpreterContext::AllocateTempTfLiteTensor(
    int tensor_idx) {
  return allocator_->AllocateTempTfLiteTensor(model_, allocations_, tensor_idx);
}

void MicroInterpreterContext::DeallocateTempTfLiteTensor(TfLiteTensor* tensor) {
  allocator_->DeallocateTempTfLiteTensor(tensor);
}

}  // namespace tflite
