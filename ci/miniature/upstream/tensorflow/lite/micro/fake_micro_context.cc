// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/fake_micro_context.h"

#include <cstring>

#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/micro/micro_arena_constants.h"

namespace tflite {

alignas(MicroArenaBufferAlignment()) uint8_t
    FakeMicroContext::arena_[FakeMicroContext::kArenaBytes];

FakeMicroContext::FakeMicroContext(TfLiteTensor* tensors, int tensors_size)
    : tensors_(tensors),
      tensors_size_(tensors_size),
      allocator_(arena_, kArenaBytes) {
  TFLITE_CHECK_LE(tensors_size, kMaxTensors);
  // What a kernel does not initialise shall not look as if it did.
  std::memset(arena_, 0xA5, sizeof(arena_));
  for (int i = 0; i < tensors_size; ++i) {
    eval_tensors_[i] = {tensors[i].data, tensors[i].dims, tensors[i].type};
  }
}

void* FakeMicroContext::AllocatePersistentBuffer(size_t bytes) {
  return allocator_.AllocatePersistentBuffer(
      bytes, static_cast<size_t>(MicroArenaBufferAlignment()));
}

TfLiteStatus FakeMicroContext::RequestScratchBufferInArena(size_t bytes,
                                                           int* buffer_idx) {
  if (scratch_buffer_count_ == kMaxScratchBuffers) return kTfLiteError;
  scratch_buffers_[scratch_buffer_count_] = allocator_.AllocatePersistentBuffer(
      bytes, static_cast<size_t>(MicroArenaBufferAlignment()));
  if (scratch_buffers_[scratch_buffer_count_] == nullptr) return kTfLiteError;
  *buffer_idx = scratch_buffer_count_++;
  return kTfLiteOk;
}

void* FakeMicroContext::GetScratchBuffer(int buffer_idx) {
  TFLITE_CHECK(buffer_idx >= 0 && buffer_idx < scratch_buffer_count_);
  return scratch_buffers_[buffer_idx];
}

TfLiteEvalTensor* FakeMicroContext::GetEvalTensor(int tensor_idx) {
  TFLITE_CHECK(tensor_idx >= 0 && tensor_idx < tensors_size_);
  return &eval_tensors_[tensor_idx];
}

TfLiteTensor* FakeMicroContext::AllocateTempTfLiteTensor(int tensor_idx) {
  TFLITE_CHECK(tensor_idx >= 0 && tensor_idx < tensors_size_);
  ++live_tensors_;
  return &tensors_[tensor_idx];
}

void FakeMicroContext::DeallocateTempTfLiteTensor(TfLiteTensor* tensor) {
  TFLITE_CHECK(tensor >= tensors_ && tensor < tensors_ + tensors_size_);
  --live_tensors_;
}

}  // namespace tflite
