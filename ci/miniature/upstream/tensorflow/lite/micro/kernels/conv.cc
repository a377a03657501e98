// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/conv.h"

#include "tensorflow/lite/kernels/internal/reference/integer_ops/conv.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

TfLiteStatus ConvEval(TfLiteContext* context, TfLiteNode* node) {
  const auto& params = *static_cast<TfLiteConvParams*>(node->builtin_data);
  const auto& data = *static_cast<const OpDataConv*>(node->user_data);
  const auto* input = micro::GetEvalInput(context, node, kConvInputTensor);
  const auto* filter = micro::GetEvalInput(context, node, kConvWeightsTensor);
  const auto* bias = micro::GetEvalInput(context, node, kConvBiasTensor);
  auto* output = micro::GetEvalOutput(context, node, kConvOutputTensor);

  reference_integer_ops::ConvPerChannel(
      ConvParamsQuantized(params, data), data.per_channel_output_multiplier,
      data.per_channel_output_shift, micro::GetTensorShape(input),
      micro::GetTensorData<int8_t>(input), micro::GetTensorShape(filter),
      micro::GetTensorData<int8_t>(filter), micro::GetTensorShape(bias),
      micro::GetOptionalTensorData<int32_t>(bias),
      micro::GetTensorShape(output), micro::GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

}  // namespace

TFLMRegistration Register_CONV_2D() {
  return micro::RegisterOp(ConvInit, ConvPrepare, ConvEval);
}

}  // namespace tflite
