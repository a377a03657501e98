// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/pooling.h"

#include "tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

void* Init(TfLiteContext* context, const char*, size_t) {
  return context->AllocatePersistentBuffer(context, sizeof(OpDataPooling));
}

TfLiteStatus AveragePrepare(TfLiteContext* context, TfLiteNode* node) {
  TFLITE_DCHECK(node->user_data != nullptr && node->builtin_data != nullptr);
  return CalculateOpDataPooling(
      context, node, *static_cast<TfLitePoolParams*>(node->builtin_data),
      static_cast<OpDataPooling*>(node->user_data));
}

TfLiteStatus AverageEval(TfLiteContext* context, TfLiteNode* node) {
  const auto& params = *static_cast<TfLitePoolParams*>(node->builtin_data);
  const auto& data = *static_cast<const OpDataPooling*>(node->user_data);
  const auto* input = micro::GetEvalInput(context, node, kPoolingInputTensor);
  auto* output = micro::GetEvalOutput(context, node, kPoolingOutputTensor);

  PoolParams op = {};
  op.padding_values.height = static_cast<int16_t>(data.padding.height);
  op.padding_values.width = static_cast<int16_t>(data.padding.width);
  op.stride_height = params.stride_height;
  op.stride_width = params.stride_width;
  op.filter_height = params.filter_height;
  op.filter_width = params.filter_width;
  op.quantized_activation_min = data.activation_min;
  op.quantized_activation_max = data.activation_max;
  const bool done = reference_integer_ops::AveragePool(
      op, micro::GetTensorShape(input), micro::GetTensorData<int8_t>(input),
      micro::GetTensorShape(output), micro::GetTensorData<int8_t>(output));
  return done ? kTfLiteOk : kTfLiteError;
}

}  // namespace

TFLMRegistration Register_AVERAGE_POOL_2D() {
  return micro::RegisterOp(Init, AveragePrepare, AverageEval);
}

}  // namespace tflite
