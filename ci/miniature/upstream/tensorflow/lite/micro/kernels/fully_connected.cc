// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/fully_connected.h"

#include "tensorflow/lite/kernels/internal/reference/integer_ops/fully_connected.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

void* FullyConnectedInit(TfLiteContext* context, const char*, size_t) {
  return context->AllocatePersistentBuffer(context,
                                           sizeof(OpDataFullyConnected));
}

TfLiteStatus FullyConnectedPrepare(TfLiteContext* context, TfLiteNode* node) {
  TFLITE_DCHECK(node->user_data != nullptr && node->builtin_data != nullptr);
  const auto* params =
      static_cast<TfLiteFullyConnectedParams*>(node->builtin_data);
  return CalculateOpDataFullyConnected(
      context, node, params->activation,
      static_cast<OpDataFullyConnected*>(node->user_data));
}

TfLiteStatus FullyConnectedEval(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const OpDataFullyConnected*>(node->user_data);
  const auto* input =
      micro::GetEvalInput(context, node, kFullyConnectedInputTensor);
  const auto* filter =
      micro::GetEvalInput(context, node, kFullyConnectedWeightsTensor);
  const auto* bias =
      micro::GetEvalInput(context, node, kFullyConnectedBiasTensor);
  auto* output =
      micro::GetEvalOutput(context, node, kFullyConnectedOutputTensor);

  reference_integer_ops::FullyConnected(
      FullyConnectedParamsQuantized(data), micro::GetTensorShape(input),
      micro::GetTensorData<int8_t>(input), micro::GetTensorShape(filter),
      micro::GetTensorData<int8_t>(filter), micro::GetTensorShape(bias),
      micro::GetOptionalTensorData<int32_t>(bias),
      micro::GetTensorShape(output), micro::GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

}  // namespace

TFLMRegistration Register_FULLY_CONNECTED() {
  return micro::RegisterOp(FullyConnectedInit, FullyConnectedPrepare,
                           FullyConnectedEval);
}

}  // namespace tflite
