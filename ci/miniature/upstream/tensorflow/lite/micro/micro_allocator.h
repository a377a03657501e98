// SPDX-License-Identifier: Apache-2.0
//
// Divides the arena among everything that a model needs: structures that last
// from the tail, tensors and scratch buffers by plan from the head.
#ifndef TENSORFLOW_LITE_MICRO_MICRO_ALLOCATOR_H_
#define TENSORFLOW_LITE_MICRO_MICRO_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/memory_planner/micro_memory_planner.h"
#include "tensorflow/lite/micro/micro_common.h"
#include "tensorflow/lite/micro/tflite_bridge/flatbuffer_conversions_bridge.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

enum class MemoryPlannerType { kGreedy, kLinear };

struct NodeAndRegistration {
  TfLiteNode node;
  const TFLMRegistration* registration;
};

struct ScratchBufferHandle {
  uint8_t* data;
};

struct SubgraphAllocations {
  NodeAndRegistration* node_and_registrations;
  TfLiteEvalTensor* tensors;
};

class MicroAllocator : public TfLiteBridgeBuiltinDataAllocator {
 public:
  // Lies in the arena itself. Null, and a line of text, when that is too small.
  static MicroAllocator* Create(
      uint8_t* tensor_arena, size_t arena_size,
      MemoryPlannerType memory_planner_type = MemoryPlannerType::kGreedy);

  virtual ~MicroAllocator() = default;

  bool preserves_all_tensor() const {
    return planner_->preserves_all_tensors();
  }

  // Before the kernels are initialised: structures for tensors and nodes, the
  // constants among the tensors already with their data. The model has been
  // checked. Null when the memory does not suffice.
  SubgraphAllocations* StartModelAllocation(const Model* model);

  // Around each node's prepare: room for the scratch buffers it asks for, and
  // the end of its temporary tensors.
  TfLiteStatus StartPrepareNode();
  TfLiteStatus FinishPrepareNodeAllocations(int node_id);

  // After the last node's prepare: the plan, and with it the tensors' data.
  TfLiteStatus FinishModelAllocation(
      const Model* model, SubgraphAllocations* allocations,
      ScratchBufferHandle** scratch_buffer_handles);

  // Tensors with all that the model says about them.
  TfLiteTensor* AllocatePersistentTfLiteTensor(
      const Model* model, const SubgraphAllocations* allocations,
      int tensor_index);
  TfLiteTensor* AllocateTempTfLiteTensor(const Model* model,
                                         const SubgraphAllocations* allocations,
                                         int tensor_index);
  void DeallocateTempTfLiteTensor(TfLiteTensor* tensor);

  void* AllocatePersistentBuffer(size_t bytes);
  TfLiteStatus RequestScratchBufferInArena(size_t bytes, int* buffer_idx);
  void* Allocate(size_t size, size_t alignment) override;

  // How much of the arena is in use: all of it, the head and the tail.
  size_t used_bytes() const { return arena_->GetUsedBytes(); }
  const SingleArenaBufferAllocator* arena() const { return arena_; }

 private:
  struct ScratchBufferRequest {
    size_t bytes;
    int node;  // or kUnassigned, until its node's prepare has returned
  };
  struct Lifetime;

  static constexpr int kUnassigned = -1;
  static constexpr size_t kMaxScratchBuffersPerOp = 4;

  MicroAllocator(SingleArenaBufferAllocator* arena, MicroMemoryPlanner* planner)
      : arena_(arena), planner_(planner) {}

  ScratchBufferRequest* requests() const;
  TfLiteStatus FillTensor(const Model* model,
                          const SubgraphAllocations* allocations,
                          int tensor_index, uint8_t* place,
                          TfLiteTensor** tensor);
  size_t TensorBytes(const Model* model, int tensor_index) const;
  TfLiteStatus FindLifetimes(const SubGraph& graph,
                             const SubgraphAllocations& allocations,
                             Lifetime* lifetimes) const;
  TfLiteStatus CommitPlan(Lifetime* lifetimes, size_t count);

  SingleArenaBufferAllocator* arena_;
  MicroMemoryPlanner* planner_;
  // Kept in the overlay until the plan is made.
  size_t request_count_ = 0;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_ALLOCATOR_H_
