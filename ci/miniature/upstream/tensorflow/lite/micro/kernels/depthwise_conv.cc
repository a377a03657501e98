// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"

#include "tensorflow/lite/kernels/internal/reference/integer_ops/depthwise_conv.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

TfLiteStatus DepthwiseConvEval(TfLiteContext* context, TfLiteNode* node) {
  const auto& params =
      *static_cast<TfLiteDepthwiseConvParams*>(node->builtin_data);
  const auto& data = *static_cast<const OpDataConv*>(node->user_data);
  const auto* input =
      micro::GetEvalInput(context, node, kDepthwiseConvInputTensor);
  const auto* filter =
      micro::GetEvalInput(context, node, kDepthwiseConvWeightsTensor);
  const auto* bias =
      micro::GetEvalInput(context, node, kDepthwiseConvBiasTensor);
  auto* output =
      micro::GetEvalOutput(context, node, kDepthwiseConvOutputTensor);

  reference_integer_ops::DepthwiseConvPerChannel(
      DepthwiseConvParamsQuantized(params, data),
      data.per_channel_output_multiplier, data.per_channel_output_shift,
      micro::GetTensorShape(input), micro::GetTensorData<int8_t>(input),
      micro::GetTensorShape(filter), micro::GetTensorData<int8_t>(filter),
      micro::GetTensorShape(bias), micro::GetOptionalTensorData<int32_t>(bias),
      micro::GetTensorShape(output), micro::GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

}  // namespace

TFLMRegistration Register_DEPTHWISE_CONV_2D() {
  return micro::RegisterOp(ConvInit, DepthwiseConvPrepare, DepthwiseConvEval);
}

}  // namespace tflite
