// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/micro_allocator.h"

#include <algorithm>
#include <new>

#include "tensorflow/lite/micro/flatbuffer_utils.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"
#include "tensorflow/lite/micro/memory_planner/linear_memory_planner.h"
#include "tensorflow/lite/micro/micro_arena_constants.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {
namespace {

constexpr size_t kBufferAlignment =
    static_cast<size_t>(MicroArenaBufferAlignment());
constexpr size_t kWordAlignment = alignof(max_align_t);

// A zeroed array in the arena's tail, or null.
template <typename T>
T* AllocateArray(SingleArenaBufferAllocator* arena, size_t count) {
  uint8_t* place =
      arena->AllocatePersistentBuffer(sizeof(T) * count, alignof(T));
  if (place == nullptr) return nullptr;
  T* array = reinterpret_cast<T*>(place);
  std::fill_n(array, count, T{});
  return array;
}

template <typename Planner>
MicroMemoryPlanner* CreatePlanner(SingleArenaBufferAllocator* arena) {
  uint8_t* place =
      arena->AllocatePersistentBuffer(sizeof(Planner), alignof(Planner));
  return place == nullptr ? nullptr : new (place) Planner();
}

// A tensor, its quantisation and its zero points in one piece of memory. The
// model has the zero points as int64; the scales are used in place.
struct TensorBlock {
  TfLiteTensor tensor;
  TfLiteAffineQuantization quantization;
  TfLiteIntArray zero_point;  // followed by the values
};

uint32_t ZeroPointCount(const Tensor& tensor) {
  const auto* quantization = tensor.quantization();
  if (quantization == nullptr || quantization->scale() == nullptr ||
      quantization->zero_point() == nullptr) {
    return 0;
  }
  return std::min(quantization->scale()->size(),
                  quantization->zero_point()->size());
}

size_t TensorBlockBytes(const Tensor& tensor) {
  return sizeof(TensorBlock) + ZeroPointCount(tensor) * sizeof(int);
}

const Tensor& TensorOf(const Model* model, int index) {
  return *model->subgraphs()->Get(0)->tensors()->Get(
      static_cast<uint32_t>(index));
}

}  // namespace

// When a buffer of the overlay is first written and last read, and where to
// note its address.
struct MicroAllocator::Lifetime {
  size_t bytes;
  int first;
  int last;
  uint8_t** address;  // null for what needs no memory
};

MicroAllocator* MicroAllocator::Create(uint8_t* tensor_arena, size_t arena_size,
                                       MemoryPlannerType memory_planner_type) {
  auto* arena = SingleArenaBufferAllocator::Create(tensor_arena, arena_size);
  if (arena == nullptr) return nullptr;
  MicroMemoryPlanner* planner =
      memory_planner_type == MemoryPlannerType::kGreedy
          ? CreatePlanner<GreedyMemoryPlanner>(arena)
          : CreatePlanner<LinearMemoryPlanner>(arena);
  uint8_t* place = arena->AllocatePersistentBuffer(sizeof(MicroAllocator),
                                                   alignof(MicroAllocator));
  return planner == nullptr || place == nullptr
             ? nullptr
             : new (place) MicroAllocator(arena, planner);
}

MicroAllocator::ScratchBufferRequest* MicroAllocator::requests() const {
  return reinterpret_cast<ScratchBufferRequest*>(
      arena_->GetOverlayMemoryAddress());
}

SubgraphAllocations* MicroAllocator::StartModelAllocation(const Model* model) {
  const SubGraph* graph = model->subgraphs()->Get(0);
  const uint32_t tensor_count =
      graph->tensors() == nullptr ? 0 : graph->tensors()->size();
  request_count_ = 0;

  auto* allocations = AllocateArray<SubgraphAllocations>(arena_, 1);
  if (allocations == nullptr) return nullptr;
  allocations->node_and_registrations =
      AllocateArray<NodeAndRegistration>(arena_, NumSubgraphOperators(graph));
  allocations->tensors = AllocateArray<TfLiteEvalTensor>(arena_, tensor_count);
  if (allocations->node_and_registrations == nullptr ||
      allocations->tensors == nullptr) {
    return nullptr;
  }

  for (uint32_t i = 0; i < tensor_count; ++i) {
    const Tensor* tensor = graph->tensors()->Get(i);
    TfLiteEvalTensor* eval = &allocations->tensors[i];
    ConvertTensorType(tensor->type(), &eval->type);
    eval->dims = FlatBufferVectorToTfLiteTypeArray(tensor->shape());
    const auto* data = model->buffers()->Get(tensor->buffer())->data();
    if (data != nullptr && data->size() > 0) {
      eval->data.data = const_cast<uint8_t*>(data->data());
    }
  }
  return allocations;
}

TfLiteStatus MicroAllocator::StartPrepareNode() {
  return arena_->ReserveNonPersistentOverlayMemory(
      sizeof(ScratchBufferRequest) * (request_count_ + kMaxScratchBuffersPerOp),
      kBufferAlignment);
}

TfLiteStatus MicroAllocator::RequestScratchBufferInArena(size_t bytes,
                                                         int* buffer_idx) {
  size_t of_this_node = 0;
  for (size_t i = 0; i < request_count_; ++i) {
    if (requests()[i].node == kUnassigned) ++of_this_node;
  }
  if (of_this_node == kMaxScratchBuffersPerOp) {
    MicroPrintf("Scratch buffer request exceeds limit per operator (%d)",
                static_cast<int>(kMaxScratchBuffersPerOp));
    return kTfLiteError;
  }
  requests()[request_count_] = {bytes, kUnassigned};
  *buffer_idx = static_cast<int>(request_count_++);
  return kTfLiteOk;
}

TfLiteStatus MicroAllocator::FinishPrepareNodeAllocations(int node_id) {
  for (size_t i = 0; i < request_count_; ++i) {
    if (requests()[i].node == kUnassigned) requests()[i].node = node_id;
  }
  return arena_->ResetTempAllocations();
}

TfLiteStatus MicroAllocator::FinishModelAllocation(
    const Model* model, SubgraphAllocations* allocations,
    ScratchBufferHandle** scratch_buffer_handles) {
  const SubGraph& graph = *model->subgraphs()->Get(0);
  const uint32_t tensor_count =
      graph.tensors() == nullptr ? 0 : graph.tensors()->size();
  *scratch_buffer_handles =
      AllocateArray<ScratchBufferHandle>(arena_, request_count_);
  if (*scratch_buffer_handles == nullptr) return kTfLiteError;

  // The requests move on to the list of lifetimes, out of the overlay's way:
  // that list lies above them until the plan is made.
  const size_t count = tensor_count + request_count_;
  auto* lifetimes = reinterpret_cast<Lifetime*>(
      arena_->AllocateTemp(sizeof(Lifetime) * count, alignof(Lifetime)));
  if (lifetimes == nullptr) return kTfLiteError;
  for (uint32_t i = 0; i < tensor_count; ++i) {
    lifetimes[i].bytes = TensorBytes(model, static_cast<int>(i));
  }
  for (size_t i = 0; i < request_count_; ++i) {
    const ScratchBufferRequest& request = requests()[i];
    lifetimes[tensor_count + i] = {request.bytes, request.node, request.node,
                                   &(*scratch_buffer_handles)[i].data};
  }
  TF_LITE_ENSURE_STATUS(FindLifetimes(graph, *allocations, lifetimes));
  const TfLiteStatus status = CommitPlan(lifetimes, count);
  request_count_ = 0;
  return status;
}

TfLiteStatus MicroAllocator::FindLifetimes(
    const SubGraph& graph, const SubgraphAllocations& allocations,
    Lifetime* lifetimes) const {
  constexpr int kNever = -1;
  const uint32_t tensor_count =
      graph.tensors() == nullptr ? 0 : graph.tensors()->size();
  const int operators = static_cast<int>(NumSubgraphOperators(&graph));
  for (uint32_t i = 0; i < tensor_count; ++i) {
    lifetimes[i].first = kNever;
    lifetimes[i].last = kNever;
    lifetimes[i].address = nullptr;
  }

  const auto use = [lifetimes](int tensor, int time) {
    if (lifetimes[tensor].first == kNever) lifetimes[tensor].first = time;
    lifetimes[tensor].last = time;
  };
  const TfLiteIntArray* inputs =
      FlatBufferVectorToTfLiteTypeArray(graph.inputs());
  const TfLiteIntArray* outputs =
      FlatBufferVectorToTfLiteTypeArray(graph.outputs());
  for (int i = 0; i < inputs->size; ++i) use(inputs->data[i], 0);
  for (int time = 0; time < operators; ++time) {
    const TfLiteNode& node = allocations.node_and_registrations[time].node;
    for (int i = 0; i < node.inputs->size; ++i) {
      if (node.inputs->data[i] != kTfLiteOptionalTensor) {
        use(node.inputs->data[i], time);
      }
    }
    for (int i = 0; i < node.outputs->size; ++i) {
      use(node.outputs->data[i], time);
    }
  }
  // Outputs are read after the last operator.
  for (int i = 0; i < outputs->size; ++i) use(outputs->data[i], operators);

  for (uint32_t i = 0; i < tensor_count; ++i) {
    TfLiteEvalTensor* tensor = &allocations.tensors[i];
    if (tensor->data.data == nullptr && lifetimes[i].first != kNever) {
      lifetimes[i].address = &tensor->data.uint8;
    }
  }
  return kTfLiteOk;
}

TfLiteStatus MicroAllocator::CommitPlan(Lifetime* lifetimes, size_t count) {
  const size_t space = arena_->GetAvailableMemory(kWordAlignment);
  uint8_t* scratch = arena_->AllocateTemp(space, kWordAlignment);
  if (scratch == nullptr) return kTfLiteError;
  TF_LITE_ENSURE_STATUS(planner_->Init(scratch, static_cast<int>(space)));
  for (size_t i = 0; i < count; ++i) {
    if (lifetimes[i].address == nullptr) continue;
    TF_LITE_ENSURE_STATUS(planner_->AddBuffer(
        static_cast<int>(AlignSizeUp(lifetimes[i].bytes, kBufferAlignment)),
        lifetimes[i].first, lifetimes[i].last));
  }

  int planned = 0;
  for (size_t i = 0; i < count; ++i) {
    if (lifetimes[i].address == nullptr) continue;
    int offset;
    TF_LITE_ENSURE_STATUS(planner_->GetOffsetForBuffer(planned++, &offset));
    *lifetimes[i].address = arena_->GetOverlayMemoryAddress() + offset;
  }
  const size_t bytes = planner_->GetMaximumMemorySize();
  arena_->DeallocateTemp(scratch);
  arena_->DeallocateTemp(reinterpret_cast<uint8_t*>(lifetimes));
  TF_LITE_ENSURE_STATUS(arena_->ResetTempAllocations());
  return arena_->ReserveNonPersistentOverlayMemory(bytes, kBufferAlignment);
}

size_t MicroAllocator::TensorBytes(const Model* model, int tensor_index) const {
  size_t bytes = 0;
  size_t type_size;
  BytesRequiredForTensor(TensorOf(model, tensor_index), &bytes, &type_size);
  return bytes;
}

TfLiteStatus MicroAllocator::FillTensor(const Model* model,
                                        const SubgraphAllocations* allocations,
                                        int tensor_index, uint8_t* place,
                                        TfLiteTensor** tensor) {
  const Tensor& source = TensorOf(model, tensor_index);
  const TfLiteEvalTensor& eval = allocations->tensors[tensor_index];
  auto* block = reinterpret_cast<TensorBlock*>(place);
  *tensor = &block->tensor;

  block->tensor = {};
  block->tensor.type = eval.type;
  block->tensor.dims = eval.dims;
  block->tensor.data = eval.data;
  block->tensor.bytes = TensorBytes(model, tensor_index);
  block->tensor.is_variable = source.is_variable();
  const auto* constant = model->buffers()->Get(source.buffer())->data();
  block->tensor.allocation_type = constant != nullptr && constant->size() > 0
                                      ? kTfLiteMmapRo
                                      : kTfLiteArenaRw;

  const int zero_points = static_cast<int>(ZeroPointCount(source));
  if (zero_points == 0) return kTfLiteOk;
  const QuantizationParameters& from = *source.quantization();
  block->quantization.scale = FlatBufferVectorToTfLiteTypeArray(from.scale());
  block->quantization.zero_point = &block->zero_point;
  block->quantization.quantized_dimension = from.quantized_dimension();
  block->zero_point.size = zero_points;
  for (int i = 0; i < zero_points; ++i) {
    block->zero_point.data[i] =
        static_cast<int>(from.zero_point()->Get(static_cast<uint32_t>(i)));
  }
  block->tensor.quantization = {kTfLiteAffineQuantization,
                                &block->quantization};
  block->tensor.params = {from.scale()->Get(0), block->zero_point.data[0]};
  return kTfLiteOk;
}

TfLiteTensor* MicroAllocator::AllocatePersistentTfLiteTensor(
    const Model* model, const SubgraphAllocations* allocations,
    int tensor_index) {
  uint8_t* place = arena_->AllocatePersistentBuffer(
      TensorBlockBytes(TensorOf(model, tensor_index)), alignof(TensorBlock));
  TfLiteTensor* tensor = nullptr;
  if (place != nullptr) {
    FillTensor(model, allocations, tensor_index, place, &tensor);
  }
  return tensor;
}

TfLiteTensor* MicroAllocator::AllocateTempTfLiteTensor(
    const Model* model, const SubgraphAllocations* allocations,
    int tensor_index) {
  uint8_t* place = arena_->AllocateTemp(
      TensorBlockBytes(TensorOf(model, tensor_index)), alignof(TensorBlock));
  TfLiteTensor* tensor = nullptr;
  if (place != nullptr) {
    FillTensor(model, allocations, tensor_index, place, &tensor);
  }
  return tensor;
}

void MicroAllocator::DeallocateTempTfLiteTensor(TfLiteTensor* tensor) {
  arena_->DeallocateTemp(reinterpret_cast<uint8_t*>(tensor));
}

void* MicroAllocator::AllocatePersistentBuffer(size_t bytes) {
  return arena_->AllocatePersistentBuffer(bytes, kBufferAlignment);
}

void* MicroAllocator::Allocate(size_t size, size_t alignment) {
  return arena_->AllocatePersistentBuffer(size, alignment);
}

}  // namespace tflite
