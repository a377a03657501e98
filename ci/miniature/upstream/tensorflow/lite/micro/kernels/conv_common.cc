// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/kernels/padding.h"
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {

const int kConvInputTensor = 0;
const int kConvWeightsTensor = 1;
const int kConvBiasTensor = 2;
const int kConvOutputTensor = 0;
const int kConvQuantizedDimension = 0;  // weights are OHWI

ConvParams ConvParamsQuantized(const TfLiteConvParams& params,
                               const OpDataConv& data) {
  ConvParams op = {};
  op.padding_type = micro::RuntimePaddingType(params.padding);
  op.padding_values.height = static_cast<int16_t>(data.padding.height);
  op.padding_values.width = static_cast<int16_t>(data.padding.width);
  op.stride_height = static_cast<int16_t>(params.stride_height);
  op.stride_width = static_cast<int16_t>(params.stride_width);
  op.dilation_height_factor =
      static_cast<int16_t>(params.dilation_height_factor);
  op.dilation_width_factor = static_cast<int16_t>(params.dilation_width_factor);
  op.input_offset = -data.input_zero_point;
  op.output_offset = data.output_zero_point;
  op.quantized_activation_min = data.output_activation_min;
  op.quantized_activation_max = data.output_activation_max;
  return op;
}

TfLiteStatus PrepareConvolution(TfLiteContext* context, TfLiteNode* node,
                                const ConvWindow& window,
                                TfLiteFusedActivation activation,
                                int output_channels, OpDataConv* data) {
  const auto input =
      micro::ScopedTensor::Input(context, node, kConvInputTensor);
  const auto filter =
      micro::ScopedTensor::Input(context, node, kConvWeightsTensor);
  const auto bias = micro::ScopedTensor::Input(context, node, kConvBiasTensor);
  const auto output =
      micro::ScopedTensor::Output(context, node, kConvOutputTensor);
  TF_LITE_ENSURE(context, input.get() != nullptr && filter.get() != nullptr &&
                              output.get() != nullptr);
  if (bias.get() != nullptr) {
    TF_LITE_ENSURE_EQ(context, NumElements(bias.get()), output_channels);
  }

  int out_height;
  int out_width;
  data->padding = ComputePaddingHeightWidth(
      window.stride_height, window.stride_width, window.dilation_height,
      window.dilation_width, SizeOfDimension(input.get(), 1),
      SizeOfDimension(input.get(), 2), SizeOfDimension(filter.get(), 1),
      SizeOfDimension(filter.get(), 2), window.padding, &out_height,
      &out_width);
  TF_LITE_ENSURE_EQ(context, SizeOfDimension(output.get(), 0),
                    SizeOfDimension(input.get(), 0));
  TF_LITE_ENSURE_EQ(context, SizeOfDimension(output.get(), 1), out_height);
  TF_LITE_ENSURE_EQ(context, SizeOfDimension(output.get(), 2), out_width);

  data->input_zero_point = input->params.zero_point;
  data->output_zero_point = output->params.zero_point;

  const size_t bytes = static_cast<size_t>(output_channels) * sizeof(int32_t);
  data->per_channel_output_multiplier =
      static_cast<int32_t*>(context->AllocatePersistentBuffer(context, bytes));
  data->per_channel_output_shift =
      static_cast<int32_t*>(context->AllocatePersistentBuffer(context, bytes));
  TF_LITE_ENSURE(context, data->per_channel_output_multiplier != nullptr &&
                              data->per_channel_output_shift != nullptr);
  return PopulateConvolutionQuantizationParams(
      context, input.get(), filter.get(), bias.get(), output.get(), activation,
      &data->output_activation_min, &data->output_activation_max,
      data->per_channel_output_multiplier, data->per_channel_output_shift,
      output_channels);
}

TfLiteStatus CalculateOpDataConv(TfLiteContext* context, TfLiteNode* node,
                                 const TfLiteConvParams& params,
                                 OpDataConv* data) {
  TF_LITE_ENSURE(context, NumInputs(node) == 2 || NumInputs(node) == 3);
  TF_LITE_ENSURE_EQ(context, NumOutputs(node), 1);
  int output_channels;
  {
    const auto input =
        micro::ScopedTensor::Input(context, node, kConvInputTensor);
    const auto filter =
        micro::ScopedTensor::Input(context, node, kConvWeightsTensor);
    const auto output =
        micro::ScopedTensor::Output(context, node, kConvOutputTensor);
    TF_LITE_ENSURE(context, input.get() != nullptr && filter.get() != nullptr &&
                                output.get() != nullptr);
    TF_LITE_ENSURE_TYPES_EQ(context, input->type, kTfLiteInt8);
    TF_LITE_ENSURE_TYPES_EQ(context, filter->type, kTfLiteInt8);
    TF_LITE_ENSURE_TYPES_EQ(context, output->type, kTfLiteInt8);
    TF_LITE_ENSURE_EQ(context, NumDimensions(input.get()), 4);
    TF_LITE_ENSURE_EQ(context, NumDimensions(filter.get()), 4);
    TF_LITE_ENSURE_EQ(context, NumDimensions(output.get()), 4);

    output_channels = SizeOfDimension(filter.get(), kConvQuantizedDimension);
    TF_LITE_ENSURE_EQ(context, SizeOfDimension(output.get(), 3),
                      output_channels);
    const int filter_depth = SizeOfDimension(filter.get(), 3);
    TF_LITE_ENSURE(context, filter_depth > 0);
    const int groups = SizeOfDimension(input.get(), 3) / filter_depth;
    TF_LITE_ENSURE_EQ(context, SizeOfDimension(input.get(), 3),
                      groups * filter_depth);
    TF_LITE_ENSURE(context, groups > 0 && output_channels % groups == 0);
  }
  return PrepareConvolution(
      context, node,
      {params.padding, params.stride_height, params.stride_width,
       params.dilation_height_factor, params.dilation_width_factor},
      params.activation, output_channels, data);
}

void* ConvInit(TfLiteContext* context, const char*, size_t) {
  return context->AllocatePersistentBuffer(context, sizeof(OpDataConv));
}

TfLiteStatus ConvPrepare(TfLiteContext* context, TfLiteNode* node) {
  TFLITE_DCHECK(node->user_data != nullptr && node->builtin_data != nullptr);
  return CalculateOpDataConv(
      context, node, *static_cast<TfLiteConvParams*>(node->builtin_data),
      static_cast<OpDataConv*>(node->user_data));
}

}  // namespace tflite
