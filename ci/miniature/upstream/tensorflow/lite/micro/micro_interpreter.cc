// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/micro_interpreter.h"

#include "tensorflow/lite/micro/flatbuffer_utils.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_profiler.h"

namespace tflite {
namespace {

const char* OpNameFromRegistration(const TFLMRegistration* registration) {
  return registration->builtin_code == BuiltinOperator_CUSTOM
             ? registration->custom_name
             : EnumNameBuiltinOperator(
                   static_cast<BuiltinOperator>(registration->builtin_code));
}

}  // namespace

MicroInterpreter::MicroInterpreter(const Model* model,
                                   const MicroOpResolver& op_resolver,
                                   uint8_t* tensor_arena,
                                   size_t tensor_arena_size,
                                   MicroResourceVariables* resource_variables,
                                   MicroProfilerInterface* profiler,
                                   bool preserve_all_tensors)
    : MicroInterpreter(model, op_resolver,
                       MicroAllocator::Create(tensor_arena, tensor_arena_size,
                                              preserve_all_tensors
                                                  ? MemoryPlannerType::kLinear
                                                  : MemoryPlannerType::kGreedy),
                       resource_variables, profiler) {}

MicroInterpreter::MicroInterpreter(const Model* model,
                                   const MicroOpResolver& op_resolver,
                                   MicroAllocator* allocator,
                                   MicroResourceVariables*,
                                   MicroProfilerInterface* profiler)
    : model_(model),
      op_resolver_(op_resolver),
      allocator_(allocator),
      micro_context_(allocator, model),
      initialization_status_(allocator == nullptr ? kTfLiteError : kTfLiteOk) {
  InitializeTfLiteContext(&context_, &micro_context_);
  context_.profiler = profiler;
}

MicroInterpreter::~MicroInterpreter() {
  for (size_t i = 0; allocations_ != nullptr && i < operators_size(); ++i) {
    const NodeAndRegistration& entry = allocations_->node_and_registrations[i];
    if (entry.registration != nullptr && entry.registration->free != nullptr) {
      entry.registration->free(&context_, entry.node.user_data);
    }
  }
}

size_t MicroInterpreter::operators_size() const {
  return NumSubgraphOperators(model_->subgraphs()->Get(0));
}

size_t MicroInterpreter::inputs_size() const {
  const auto* indices = model_->subgraphs()->Get(0)->inputs();
  return indices == nullptr ? 0 : indices->size();
}

size_t MicroInterpreter::outputs_size() const {
  const auto* indices = model_->subgraphs()->Get(0)->outputs();
  return indices == nullptr ? 0 : indices->size();
}

// One node for each operator of the model: its kernel, its options, its
// tensors.
TfLiteStatus MicroInterpreter::CreateNodes() {
  const SubGraph* graph = model_->subgraphs()->Get(0);
  for (uint32_t i = 0; i < operators_size(); ++i) {
    const Operator* op = graph->operators()->Get(i);
    NodeAndRegistration* entry = &allocations_->node_and_registrations[i];
    TF_LITE_ENSURE_STATUS(GetRegistrationFromOpCode(
        model_->operator_codes()->Get(op->opcode_index()), op_resolver_,
        &entry->registration));

    TfLiteNode* node = &entry->node;
    node->inputs = FlatBufferVectorToTfLiteTypeArray(op->inputs());
    node->outputs = FlatBufferVectorToTfLiteTypeArray(op->outputs());
    if (entry->registration->builtin_code == BuiltinOperator_CUSTOM) {
      if (op->custom_options() != nullptr) {
        node->custom_initial_data = op->custom_options()->data();
        node->custom_initial_data_size =
            static_cast<int>(op->custom_options()->size());
      }
    } else {
      const auto parse = op_resolver_.GetOpDataParser(
          static_cast<BuiltinOperator>(entry->registration->builtin_code));
      TF_LITE_ENSURE_STATUS(parse(op, allocator_, &node->builtin_data));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus MicroInterpreter::InitNodes() {
  for (size_t i = 0; i < operators_size(); ++i) {
    NodeAndRegistration* entry = &allocations_->node_and_registrations[i];
    if (entry->registration->init == nullptr) continue;
    const bool is_custom =
        entry->registration->builtin_code == BuiltinOperator_CUSTOM;
    const void* data =
        is_custom ? entry->node.custom_initial_data : entry->node.builtin_data;
    entry->node.user_data = entry->registration->init(
        &context_, static_cast<const char*>(data),
        static_cast<size_t>(entry->node.custom_initial_data_size));
    if (!is_custom && entry->node.user_data == nullptr) return kTfLiteError;
  }
  return kTfLiteOk;
}

TfLiteStatus MicroInterpreter::PrepareNodes() {
  for (size_t i = 0; i < operators_size(); ++i) {
    NodeAndRegistration* entry = &allocations_->node_and_registrations[i];
    if (entry->registration->prepare == nullptr) continue;
    TF_LITE_ENSURE_STATUS(allocator_->StartPrepareNode());
    if (entry->registration->prepare(&context_, &entry->node) != kTfLiteOk) {
      MicroPrintf("Node %s (number %d) failed to prepare with status %d",
                  OpNameFromRegistration(entry->registration),
                  static_cast<int>(i), static_cast<int>(kTfLiteError));
      return kTfLiteError;
    }
    TF_LITE_ENSURE_STATUS(
        allocator_->FinishPrepareNodeAllocations(static_cast<int>(i)));
  }
  return kTfLiteOk;
}

TfLiteTensor** MicroInterpreter::CreateTensors(
    const flatbuffers::Vector<int32_t>* indices) {
  const uint32_t count = indices == nullptr ? 0 : indices->size();
  auto** tensors = static_cast<TfLiteTensor**>(allocator_->Allocate(
      sizeof(TfLiteTensor*) * count, alignof(TfLiteTensor*)));
  for (uint32_t i = 0; tensors != nullptr && i < count; ++i) {
    tensors[i] = allocator_->AllocatePersistentTfLiteTensor(
        model_, allocations_, indices->Get(i));
    if (tensors[i] == nullptr) return nullptr;
  }
  return tensors;
}

TfLiteStatus MicroInterpreter::Allocate() {
  using State = MicroInterpreterContext::InterpreterState;
  TF_LITE_ENSURE_STATUS(initialization_status_);
  TF_LITE_ENSURE_STATUS(CheckModel(model_));
  allocations_ = allocator_->StartModelAllocation(model_);
  if (allocations_ == nullptr) return kTfLiteError;
  micro_context_.SetAllocations(allocations_);
  TF_LITE_ENSURE_STATUS(CreateNodes());

  micro_context_.SetInterpreterState(State::kInit);
  TF_LITE_ENSURE_STATUS(InitNodes());
  micro_context_.SetInterpreterState(State::kPrepare);
  TF_LITE_ENSURE_STATUS(PrepareNodes());

  micro_context_.SetInterpreterState(State::kMemoryPlanning);
  ScratchBufferHandle* handles;
  TF_LITE_ENSURE_STATUS(
      allocator_->FinishModelAllocation(model_, allocations_, &handles));
  micro_context_.SetScratchBufferHandles(handles);

  const SubGraph* graph = model_->subgraphs()->Get(0);
  input_tensors_ = CreateTensors(graph->inputs());
  output_tensors_ = CreateTensors(graph->outputs());
  if (input_tensors_ == nullptr || output_tensors_ == nullptr) {
    return kTfLiteError;
  }
  micro_context_.SetInterpreterState(State::kInvoke);
  return Reset();
}

TfLiteStatus MicroInterpreter::AllocateTensors() {
  if (tensors_allocated_) return kTfLiteOk;
  initialization_status_ = Allocate();
  tensors_allocated_ = initialization_status_ == kTfLiteOk;
  return initialization_status_;
}

TfLiteStatus MicroInterpreter::Invoke() {
  if (initialization_status_ != kTfLiteOk) {
    MicroPrintf("Invoke() called after initialization failed");
    return kTfLiteError;
  }
  TF_LITE_ENSURE_STATUS(AllocateTensors());
  for (size_t i = 0; i < operators_size(); ++i) {
    NodeAndRegistration* entry = &allocations_->node_and_registrations[i];
    const ScopedMicroProfiler scoped_profiler(
        OpNameFromRegistration(entry->registration),
        static_cast<MicroProfilerInterface*>(context_.profiler));
    const TfLiteStatus status =
        entry->registration->invoke(&context_, &entry->node);
    if (status != kTfLiteOk) {
      MicroPrintf("Node %s (number %d) failed to invoke with status %d",
                  OpNameFromRegistration(entry->registration),
                  static_cast<int>(i), static_cast<int>(status));
      return status;
    }
  }
  return kTfLiteOk;
}

TfLiteTensor* MicroInterpreter::input(size_t index) {
  if (index >= inputs_size()) {
    MicroPrintf("Input index %d out of range (length is %d)",
                static_cast<int>(index), static_cast<int>(inputs_size()));
    return nullptr;
  }
  return input_tensors_ == nullptr ? nullptr : input_tensors_[index];
}

TfLiteTensor* MicroInterpreter::output(size_t index) {
  if (index >= outputs_size()) {
    MicroPrintf("Output index %d out of range (length is %d)",
                static_cast<int>(index), static_cast<int>(outputs_size()));
    return nullptr;
  }
  return output_tensors_ == nullptr ? nullptr : output_tensors_[index];
}

TfLiteEvalTensor* MicroInterpreter::GetTensor(int tensor_index,
                                              int subgraph_index) {
  if (!preserve_all_tensors() || allocations_ == nullptr) {
    MicroPrintf("GetTensor requires all tensors to be preserved");
    return nullptr;
  }
  const auto* tensors = model_->subgraphs()->Get(0)->tensors();
  if (subgraph_index != 0 || tensor_index < 0 ||
      static_cast<uint32_t>(tensor_index) >= tensors->size()) {
    MicroPrintf("There is no tensor %d", tensor_index);
    return nullptr;
  }
  return &allocations_->tensors[tensor_index];
}

TfLiteStatus MicroInterpreter::Reset() {
  for (size_t i = 0; allocations_ != nullptr && i < operators_size(); ++i) {
    const NodeAndRegistration& entry = allocations_->node_and_registrations[i];
    if (entry.registration != nullptr && entry.registration->reset != nullptr) {
      entry.registration->reset(&context_, entry.node.user_data);
    }
  }
  return kTfLiteOk;
}

}  // namespace tflite
