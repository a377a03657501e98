// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_MICRO_INTERPRETER_CONTEXT_H_
#define TENSORFLOW_LITE_MICRO_MICRO_INTERPRETER_CONTEXT_H_

#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_context.h"

namespace tflite {

// What kernels see while an interpreter runs them. What they may ask for
// depends on how far the interpreter is.
class MicroInterpreterContext : public MicroContext {
 public:
  enum class InterpreterState { kInit, kPrepare, kMemoryPlanning, kInvoke };

  MicroInterpreterContext(MicroAllocator* allocator, const Model* model)
      : allocator_(allocator), model_(model) {}

  void SetInterpreterState(InterpreterState state) { state_ = state; }
  void SetAllocations(SubgraphAllocations* allocations) {
    allocations_ = allocations;
  }
  void SetScratchBufferHandles(ScratchBufferHandle* handles) {
    scratch_buffer_handles_ = handles;
  }

  void* AllocatePersistentBuffer(size_t bytes) override;
  TfLiteStatus RequestScratchBufferInArena(size_t bytes,
                                           int* buffer_idx) override;
  void* GetScratchBuffer(int buffer_idx) override;
  TfLiteEvalTensor* GetEvalTensor(int tensor_idx) override;
  TfLiteTensor* AllocateTempTfLiteTensor(int tensor_idx) override;
  void DeallocateTempTfLiteTensor(TfLiteTensor* tensor) override;

 private:
  MicroAllocator* allocator_;
  const Model* model_;
  SubgraphAllocations* allocations_ = nullptr;
  ScratchBufferHandle* scratch_buffer_handles_ = nullptr;
  InterpreterState state_ = InterpreterState::kInit;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_INTERPRETER_CONTEXT_H_
