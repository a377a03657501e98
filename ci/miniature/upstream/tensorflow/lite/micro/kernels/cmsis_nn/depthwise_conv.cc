// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"

#include "Include/arm_nnfunctions.h"
#include "tensorflow/lite/micro/kernels/cmsis_nn/scratch.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

struct OpData {
  OpDataConv reference_op_data;
  int buffer_idx;
};

cmsis_nn_dw_conv_params DepthwiseParamsOf(
    const TfLiteDepthwiseConvParams& params, const OpDataConv& data) {
  cmsis_nn_dw_conv_params to;
  to.input_offset = -data.input_zero_point;
  to.output_offset = data.output_zero_point;
  to.ch_mult = params.depth_multiplier;
  to.stride = {params.stride_width, params.stride_height};
  to.padding = {data.padding.width, data.padding.height};
  to.dilation = {params.dilation_width_factor, params.dilation_height_factor};
  to.activation = {data.output_activation_min, data.output_activation_max};
  return to;
}

void* Init(TfLiteContext* context, const char*, size_t) {
  return context->AllocatePersistentBuffer(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  TFLITE_DCHECK(node->user_data != nullptr && node->builtin_data != nullptr);
  const auto& params =
      *static_cast<TfLiteDepthwiseConvParams*>(node->builtin_data);
  auto* data = static_cast<OpData*>(node->user_data);
  TF_LITE_ENSURE_STATUS(CalculateOpDataDepthwiseConv(context, node, params,
                                                     &data->reference_op_data));

  const auto* input =
      micro::GetEvalInput(context, node, kDepthwiseConvInputTensor);
  const auto* filter =
      micro::GetEvalInput(context, node, kDepthwiseConvWeightsTensor);
  const auto* output =
      micro::GetEvalOutput(context, node, kDepthwiseConvOutputTensor);
  const cmsis_nn_dw_conv_params dw_conv_params =
      DepthwiseParamsOf(params, data->reference_op_data);
  const cmsis_nn_dims input_dims = cmsis_nn::Dims(input->dims);
  const cmsis_nn_dims filter_dims = cmsis_nn::Dims(filter->dims);
  const cmsis_nn_dims output_dims = cmsis_nn::Dims(output->dims);
  return cmsis_nn::RequestScratch(
      context,
      arm_depthwise_conv_wrapper_s8_get_buffer_size(
          &dw_conv_params, &input_dims, &filter_dims, &output_dims),
      &data->buffer_idx);
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const auto& params =
      *static_cast<TfLiteDepthwiseConvParams*>(node->builtin_data);
  const auto& data = *static_cast<const OpData*>(node->user_data);
  const auto* input =
      micro::GetEvalInput(context, node, kDepthwiseConvInputTensor);
  const auto* filter =
      micro::GetEvalInput(context, node, kDepthwiseConvWeightsTensor);
  const auto* bias =
      micro::GetEvalInput(context, node, kDepthwiseConvBiasTensor);
  auto* output =
      micro::GetEvalOutput(context, node, kDepthwiseConvOutputTensor);

  const cmsis_nn_dw_conv_params dw_conv_params =
      DepthwiseParamsOf(params, data.reference_op_data);
  const cmsis_nn_per_channel_quant_params quant_params = {
      data.reference_op_data.per_channel_output_multiplier,
      data.reference_op_data.per_channel_output_shift};
  const cmsis_nn_dims input_dims = cmsis_nn::Dims(input->dims);
  const cmsis_nn_dims filter_dims = cmsis_nn::Dims(filter->dims);
  const cmsis_nn_dims output_dims = cmsis_nn::Dims(output->dims);
  const cmsis_nn_dims bias_dims = {1, 1, 1, output_dims.c};
  const cmsis_nn_context scratch =
      cmsis_nn::GetScratch(context, data.buffer_idx);

  return cmsis_nn::ToStatus(arm_depthwise_conv_wrapper_s8(
      &scratch, &dw_conv_params, &quant_params, &input_dims,
      micro::GetTensorData<int8_t>(input), &filter_dims,
      micro::GetTensorData<int8_t>(filter), &bias_dims,
      micro::GetOptionalTensorData<int32_t>(bias), &output_dims,
      micro::GetTensorData<int8_t>(output)));
}

}  // namespace

TFLMRegistration Register_DEPTHWISE_CONV_2D() {
  return micro::RegisterOp(Init, Prepare, Eval);
}

}  // namespace tflite
