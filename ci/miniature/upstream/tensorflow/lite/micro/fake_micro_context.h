// SPDX-License-Identifier: Apache-2.0
//
// A context without an interpreter, for tests of single kernels.
#ifndef TENSORFLOW_LITE_MICRO_FAKE_MICRO_CONTEXT_H_
#define TENSORFLOW_LITE_MICRO_FAKE_MICRO_CONTEXT_H_

#include "tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/micro_context.h"

namespace tflite {

class FakeMicroContext : public MicroContext {
 public:
  // The tensors are handed out as they are, not copied.
  FakeMicroContext(TfLiteTensor* tensors, int tensors_size);

  bool IsAllTempTfLiteTensorDeallocated() const { return live_tensors_ == 0; }

  void* AllocatePersistentBuffer(size_t bytes) override;
  TfLiteStatus RequestScratchBufferInArena(size_t bytes,
                                           int* buffer_idx) override;
  void* GetScratchBuffer(int buffer_idx) override;
  TfLiteEvalTensor* GetEvalTensor(int tensor_idx) override;
  TfLiteTensor* AllocateTempTfLiteTensor(int tensor_idx) override;
  void DeallocateTempTfLiteTensor(TfLiteTensor* tensor) override;

 private:
  static constexpr int kMaxTensors = 8;
  static constexpr int kMaxScratchBuffers = 4;
  static constexpr size_t kArenaBytes = 10000;

  // One for all contexts: tests run one after the other.
  static uint8_t arena_[kArenaBytes];

  TfLiteTensor* tensors_;
  int tensors_size_;
  TfLiteEvalTensor eval_tensors_[kMaxTensors];
  uint8_t* scratch_buffers_[kMaxScratchBuffers];
  int scratch_buffer_count_ = 0;
  int live_tensors_ = 0;
  SingleArenaBufferAllocator allocator_;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_FAKE_MICRO_CONTEXT_H_
