// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/fully_connected.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

// Every element of the output is a row of the filter times a row of the input.
TfLiteStatus CheckShapes(TfLiteContext* context, const TfLiteTensor* input,
                         const TfLiteTensor* filter, const TfLiteTensor* bias,
                         const TfLiteTensor* output) {
  TF_LITE_ENSURE_EQ(context, NumDimensions(filter), 2);
  TF_LITE_ENSURE(context, NumDimensions(output) >= 2);
  const int outputs = SizeOfDimension(filter, 0);
  const int accum_depth = SizeOfDimension(filter, 1);
  TF_LITE_ENSURE_EQ(context, SizeOfDimension(output, NumDimensions(output) - 1),
                    outputs);
  TF_LITE_ENSURE(context, outputs > 0 && accum_depth > 0);
  const int64_t batches = NumElements(output) / outputs;
  TF_LITE_ENSURE_EQ(context, NumElements(input), batches * accum_depth);
  if (bias != nullptr) {
    TF_LITE_ENSURE_TYPES_EQ(context, bias->type, kTfLiteInt32);
    TF_LITE_ENSURE_EQ(context, NumElements(bias), outputs);
  }
  return kTfLiteOk;
}

}  // namespace

const int kFullyConnectedInputTensor = 0;
const int kFullyConnectedWeightsTensor = 1;
const int kFullyConnectedBiasTensor = 2;
const int kFullyConnectedOutputTensor = 0;

FullyConnectedParams FullyConnectedParamsQuantized(
    const OpDataFullyConnected& op_data) {
  FullyConnectedParams op = {};
  op.input_offset = -op_data.input_zero_point;
  op.weights_offset = -op_data.filter_zero_point;
  op.output_offset = op_data.output_zero_point;
  op.output_multiplier = op_data.output_multiplier;
  op.output_shift = op_data.output_shift;
  op.is_per_channel = op_data.is_per_channel;
  op.quantized_activation_min = op_data.output_activation_min;
  op.quantized_activation_max = op_data.output_activation_max;
  return op;
}

TfLiteStatus CalculateOpDataFullyConnected(TfLiteContext* context,
                                           TfLiteNode* node,
                                           TfLiteFusedActivation activation,
                                           OpDataFullyConnected* data) {
  const auto input =
      micro::ScopedTensor::Input(context, node, kFullyConnectedInputTensor);
  const auto filter =
      micro::ScopedTensor::Input(context, node, kFullyConnectedWeightsTensor);
  const auto bias =
      micro::ScopedTensor::Input(context, node, kFullyConnectedBiasTensor);
  const auto output =
      micro::ScopedTensor::Output(context, node, kFullyConnectedOutputTensor);
  TF_LITE_ENSURE(context, input.get() != nullptr && filter.get() != nullptr &&
                              output.get() != nullptr);
  TF_LITE_ENSURE_TYPES_EQ(context, input->type, kTfLiteInt8);
  TF_LITE_ENSURE_TYPES_EQ(context, filter->type, kTfLiteInt8);
  TF_LITE_ENSURE_TYPES_EQ(context, output->type, kTfLiteInt8);
  TF_LITE_ENSURE_STATUS(CheckShapes(context, input.get(), filter.get(),
                                    bias.get(), output.get()));
  TF_LITE_ENSURE_EQ(context, filter->quantization.type,
                    kTfLiteAffineQuantization);
  TF_LITE_ENSURE_EQ(context, filter->params.zero_point, 0);

  const auto* affine =
      static_cast<TfLiteAffineQuantization*>(filter->quantization.params);
  const int scales = affine->scale->size;
  data->is_per_channel = scales > 1;
  if (data->is_per_channel) {
    TF_LITE_ENSURE_EQ(context, affine->quantized_dimension, 0);
    TF_LITE_ENSURE_EQ(context, scales, SizeOfDimension(filter.get(), 0));
  }
  const size_t bytes = static_cast<size_t>(scales) * sizeof(int32_t);
  data->output_multiplier =
      static_cast<int32_t*>(context->AllocatePersistentBuffer(context, bytes));
  data->output_shift =
      static_cast<int32_t*>(context->AllocatePersistentBuffer(context, bytes));
  TF_LITE_ENSURE(context, data->output_multiplier != nullptr &&
                              data->output_shift != nullptr);
  for (int i = 0; i < scales; ++i) {
    double multiplier = static_cast<double>(input->params.scale) *
                        static_cast<double>(affine->scale->data[i]) /
                        static_cast<double>(output->params.scale);
    if (!data->is_per_channel) {
      TF_LITE_ENSURE_STATUS(GetQuantizedConvolutionMultipler(
          context, input.get(), filter.get(), bias.get(), output.get(),
          &multiplier));
    }
    TF_LITE_ENSURE_STATUS(QuantizeScale(context, multiplier,
                                        &data->output_multiplier[i],
                                        &data->output_shift[i]));
  }

  data->input_zero_point = input->params.zero_point;
  data->filter_zero_point = filter->params.zero_point;
  data->output_zero_point = output->params.zero_point;
  return CalculateActivationRangeQuantized(context, activation, output.get(),
                                           &data->output_activation_min,
                                           &data->output_activation_max);
}

}  // namespace tflite
