// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {

const int kDepthwiseConvInputTensor = 0;
const int kDepthwiseConvWeightsTensor = 1;
const int kDepthwiseConvBiasTensor = 2;
const int kDepthwiseConvOutputTensor = 0;
const int kDepthwiseConvQuantizedDimension = 3;  // weights are 1HWO

DepthwiseParams DepthwiseConvParamsQuantized(
    const TfLiteDepthwiseConvParams& params, const OpDataConv& data) {
  DepthwiseParams op = {};
  op.padding_type = micro::RuntimePaddingType(params.padding);
  op.padding_values.height = static_cast<int16_t>(data.padding.height);
  op.padding_values.width = static_cast<int16_t>(data.padding.width);
  op.stride_height = static_cast<int16_t>(params.stride_height);
  op.stride_width = static_cast<int16_t>(params.stride_width);
  op.dilation_height_factor =
      static_cast<int16_t>(params.dilation_height_factor);
  op.dilation_width_factor = static_cast<int16_t>(params.dilation_width_factor);
  op.depth_multiplier = static_cast<int16_t>(params.depth_multiplier);
  op.input_offset = -data.input_zero_point;
  op.output_offset = data.output_zero_point;
  op.quantized_activation_min = data.output_activation_min;
  op.quantized_activation_max = data.output_activation_max;
  return op;
}

TfLiteStatus CalculateOpDataDepthwiseConv(
    TfLiteContext* context, TfLiteNode* node,
    const TfLiteDepthwiseConvParams& params, OpDataConv* data) {
  TF_LITE_ENSURE(context, NumInputs(node) == 2 || NumInputs(node) == 3);
  TF_LITE_ENSURE_EQ(context, NumOutputs(node), 1);
  int output_channels;
  {
    const auto input =
        micro::ScopedTensor::Input(context, node, kDepthwiseConvInputTensor);
    const auto filter =
        micro::ScopedTensor::Input(context, node, kDepthwiseConvWeightsTensor);
    const auto output =
        micro::ScopedTensor::Output(context, node, kDepthwiseConvOutputTensor);
    TF_LITE_ENSURE(context, input.get() != nullptr && filter.get() != nullptr &&
                                output.get() != nullptr);
    TF_LITE_ENSURE_TYPES_EQ(context, input->type, kTfLiteInt8);
    TF_LITE_ENSURE_TYPES_EQ(context, filter->type, kTfLiteInt8);
    TF_LITE_ENSURE_TYPES_EQ(context, output->type, kTfLiteInt8);
    TF_LITE_ENSURE_EQ(context, NumDimensions(input.get()), 4);
    TF_LITE_ENSURE_EQ(context, NumDimensions(filter.get()), 4);
    TF_LITE_ENSURE_EQ(context, NumDimensions(output.get()), 4);

    output_channels =
        SizeOfDimension(filter.get(), kDepthwiseConvQuantizedDimension);
    TF_LITE_ENSURE_EQ(context, SizeOfDimension(output.get(), 3),
                      output_channels);
    const int input_channels = SizeOfDimension(input.get(), 3);
    TF_LITE_ENSURE_EQ(context, params.depth_multiplier,
                      output_channels / input_channels);
    TF_LITE_ENSURE_EQ(context, output_channels % input_channels, 0);
  }
  return PrepareConvolution(
      context, node,
      {params.padding, params.stride_height, params.stride_width,
       params.dilation_height_factor, params.dilation_width_factor},
      params.activation, output_channels, data);
}

TfLiteStatus DepthwiseConvPrepare(TfLiteContext* context, TfLiteNode* node) {
  TFLITE_DCHECK(node->user_data != nullptr && node->builtin_data != nullptr);
  return CalculateOpDataDepthwiseConv(
      context, node,
      *static_cast<TfLiteDepthwiseConvParams*>(node->builtin_data),
      static_cast<OpDataConv*>(node->user_data));
}

}  // namespace tflite
