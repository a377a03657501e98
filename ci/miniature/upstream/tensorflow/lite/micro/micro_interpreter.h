// SPDX-License-Identifier: Apache-2.0
//
// Runs a model. Everything it needs lies in the arena that it is given; what it
// is given must outlive it.
#ifndef TENSORFLOW_LITE_MICRO_MICRO_INTERPRETER_H_
#define TENSORFLOW_LITE_MICRO_MICRO_INTERPRETER_H_

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"
#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_interpreter_context.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/portable_type_to_tflitetype.h"
#include "tensorflow/lite/schema/schema_generated.h"

// The version of the schema that models must have.
#define TFLITE_SCHEMA_VERSION (3)

namespace tflite {

class MicroInterpreter {
 public:
  // Tensors share memory unless preserve_all_tensors is set.
  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver,
                   uint8_t* tensor_arena, size_t tensor_arena_size,
                   MicroResourceVariables* resource_variables = nullptr,
                   MicroProfilerInterface* profiler = nullptr,
                   bool preserve_all_tensors = false);

  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver,
                   MicroAllocator* allocator,
                   MicroResourceVariables* resource_variables = nullptr,
                   MicroProfilerInterface* profiler = nullptr);

  ~MicroInterpreter();

  // Checks the model, prepares its kernels and plans the arena. Once.
  TfLiteStatus AllocateTensors();

  // Runs the model; the first time AllocateTensors(), if that was left out.
  TfLiteStatus Invoke();

  // Null for an index out of range and before AllocateTensors().
  TfLiteTensor* input(size_t index);
  TfLiteTensor* output(size_t index);
  size_t inputs_size() const;
  size_t outputs_size() const;
  const flatbuffers::Vector<int32_t>& inputs() const {
    return *model_->subgraphs()->Get(0)->inputs();
  }
  const flatbuffers::Vector<int32_t>& outputs() const {
    return *model_->subgraphs()->Get(0)->outputs();
  }

  TfLiteTensor* input_tensor(size_t index) { return input(index); }
  TfLiteTensor* output_tensor(size_t index) { return output(index); }
  template <class T>
  T* typed_input_tensor(int index) {
    return Typed<T>(input(static_cast<size_t>(index)));
  }
  template <class T>
  T* typed_output_tensor(int index) {
    return Typed<T>(output(static_cast<size_t>(index)));
  }

  // Any tensor of the model, if they are all preserved; null otherwise.
  TfLiteEvalTensor* GetTensor(int tensor_index, int subgraph_index = 0);

  // Calls the reset functions of the kernels that have one.
  TfLiteStatus Reset();

  TfLiteStatus initialization_status() const { return initialization_status_; }

  // How much of the arena is used, after AllocateTensors().
  size_t arena_used_bytes() const {
    return allocator_ == nullptr ? 0 : allocator_->used_bytes();
  }

  bool preserve_all_tensors() const {
    return allocator_ != nullptr && allocator_->preserves_all_tensor();
  }

 protected:
  const MicroAllocator& allocator() const { return *allocator_; }
  const TfLiteContext& context() const { return context_; }

 private:
  template <class T>
  T* Typed(TfLiteTensor* tensor) {
    return tensor != nullptr && tensor->type == typeToTfLiteType<T>()
               ? GetTensorData<T>(tensor)
               : nullptr;
  }

  size_t operators_size() const;
  TfLiteStatus Allocate();
  TfLiteStatus CreateNodes();
  TfLiteStatus InitNodes();
  TfLiteStatus PrepareNodes();
  TfLiteTensor** CreateTensors(const flatbuffers::Vector<int32_t>* indices);

  const Model* model_;
  const MicroOpResolver& op_resolver_;
  MicroAllocator* allocator_;
  TfLiteContext context_ = {};
  MicroInterpreterContext micro_context_;
  SubgraphAllocations* allocations_ = nullptr;
  bool tensors_allocated_ = false;
  TfLiteStatus initialization_status_;
  TfLiteTensor** input_tensors_ = nullptr;
  TfLiteTensor** output_tensors_ = nullptr;
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_INTERPRETER_H_
