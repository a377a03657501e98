// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/flatbuffer_utils.h"

#include "tensorflow/lite/kernels/internal/types.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {
namespace {

constexpr uint32_t kSchemaVersion = 3;

TfLiteIntArray kNoInts = {0, {}};

template <typename T>
uint32_t Size(const T* vector) {
  return vector == nullptr ? 0 : vector->size();
}

TfLiteStatus CheckTensor(const Model& model, const Tensor& tensor, int index) {
  size_t bytes;
  size_t type_size;
  if (Size(tensor.shape()) > RuntimeShape::kMaxDimensions ||
      BytesRequiredForTensor(tensor, &bytes, &type_size) != kTfLiteOk ||
      bytes == 0) {
    MicroPrintf("Tensor %d has an unsupported shape or type.", index);
    return kTfLiteError;
  }
  if (tensor.buffer() >= Size(model.buffers())) {
    MicroPrintf("Tensor %d: there is no buffer %u.", index,
                static_cast<unsigned>(tensor.buffer()));
    return kTfLiteError;
  }
  const auto* quantization = tensor.quantization();
  if (tensor.type() == TensorType_INT8 && quantization != nullptr) {
    for (uint32_t i = 0; i < Size(quantization->zero_point()); ++i) {
      const int64_t zero_point = quantization->zero_point()->Get(i);
      if (zero_point >= -128 && zero_point <= 127) continue;
      MicroPrintf("Tensor %d has a zero point out of range.", index);
      return kTfLiteError;
    }
  }
  const auto* data = model.buffers()->Get(tensor.buffer())->data();
  if (Size(data) == 0) return kTfLiteOk;  // not a constant
  if (data->size() != bytes) {
    MicroPrintf("Tensor %d has %u bytes of data instead of %u.", index,
                static_cast<unsigned>(data->size()),
                static_cast<unsigned>(bytes));
    return kTfLiteError;
  }
  if (reinterpret_cast<uintptr_t>(data->data()) % type_size != 0) {
    MicroPrintf("Tensor %d: its data are not aligned.", index);
    return kTfLiteError;
  }
  return kTfLiteOk;
}

enum class Use { kRead, kReadIfPresent, kWritten };

TfLiteStatus CheckTensorIndices(const Model& model,
                                const flatbuffers::Vector<int32_t>* indices,
                                Use use, const char* what) {
  const SubGraph& graph = *model.subgraphs()->Get(0);
  for (uint32_t i = 0; i < Size(indices); ++i) {
    const int32_t index = indices->Get(i);
    if (use == Use::kReadIfPresent && index == kTfLiteOptionalTensor) continue;
    if (index < 0 || static_cast<uint32_t>(index) >= Size(graph.tensors())) {
      MicroPrintf("%s: there is no tensor %d.", what, static_cast<int>(index));
      return kTfLiteError;
    }
    const Tensor& tensor = *graph.tensors()->Get(static_cast<uint32_t>(index));
    if (use == Use::kWritten &&
        Size(model.buffers()->Get(tensor.buffer())->data()) != 0) {
      MicroPrintf("%s: tensor %d is a constant.", what,
                  static_cast<int>(index));
      return kTfLiteError;
    }
  }
  return kTfLiteOk;
}

}  // namespace

TfLiteStatus CheckModel(const Model* model) {
  if (model->version() != kSchemaVersion) {
    MicroPrintf("The model's schema is version %u, not %u.",
                static_cast<unsigned>(model->version()),
                static_cast<unsigned>(kSchemaVersion));
    return kTfLiteError;
  }
  if (Size(model->subgraphs()) != 1) {
    MicroPrintf("The model has %u subgraphs; only one is supported.",
                static_cast<unsigned>(Size(model->subgraphs())));
    return kTfLiteError;
  }
  const SubGraph& graph = *model->subgraphs()->Get(0);
  for (uint32_t i = 0; i < Size(graph.tensors()); ++i) {
    TF_LITE_ENSURE_STATUS(
        CheckTensor(*model, *graph.tensors()->Get(i), static_cast<int>(i)));
  }
  for (uint32_t i = 0; i < NumSubgraphOperators(&graph); ++i) {
    const Operator& op = *graph.operators()->Get(i);
    if (op.opcode_index() >= Size(model->operator_codes())) {
      MicroPrintf("Operator %u: there is no operator code %u.",
                  static_cast<unsigned>(i),
                  static_cast<unsigned>(op.opcode_index()));
      return kTfLiteError;
    }
    TF_LITE_ENSURE_STATUS(CheckTensorIndices(
        *model, op.inputs(), Use::kReadIfPresent, "Operator input"));
    TF_LITE_ENSURE_STATUS(CheckTensorIndices(*model, op.outputs(),
                                             Use::kWritten, "Operator output"));
  }
  TF_LITE_ENSURE_STATUS(
      CheckTensorIndices(*model, graph.inputs(), Use::kWritten, "Model input"));
  return CheckTensorIndices(*model, graph.outputs(), Use::kRead,
                            "Model output");
}

uint32_t NumSubgraphOperators(const SubGraph* subgraph) {
  return Size(subgraph->operators());
}

TfLiteIntArray* FlatBufferVectorToTfLiteTypeArray(
    const flatbuffers::Vector<int32_t>* vector) {
  // Arrays are not const in the C interface; nothing writes to these.
  return vector == nullptr
             ? &kNoInts
             : reinterpret_cast<TfLiteIntArray*>(
                   const_cast<flatbuffers::Vector<int32_t>*>(vector));
}

TfLiteFloatArray* FlatBufferVectorToTfLiteTypeArray(
    const flatbuffers::Vector<float>* vector) {
  return reinterpret_cast<TfLiteFloatArray*>(
      const_cast<flatbuffers::Vector<float>*>(vector));
}

}  // namespace tflite
