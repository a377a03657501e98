// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/fully_connected.h"

#include "Include/arm_nnfunctions.h"
#include "tensorflow/lite/micro/kernels/cmsis_nn/scratch.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

struct OpData {
  OpDataFullyConnected reference_op_data;
  int buffer_idx;
};

// A filter is a matrix with a row of n weights for each of c outputs.
cmsis_nn_dims FilterDims(const TfLiteIntArray* shape) {
  return {shape->data[1], 1, 1, shape->data[0]};
}

void* Init(TfLiteContext* context, const char*, size_t) {
  return context->AllocatePersistentBuffer(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  TFLITE_DCHECK(node->user_data != nullptr && node->builtin_data != nullptr);
  const auto* params =
      static_cast<TfLiteFullyConnectedParams*>(node->builtin_data);
  auto* data = static_cast<OpData*>(node->user_data);
  TF_LITE_ENSURE_STATUS(CalculateOpDataFullyConnected(
      context, node, params->activation, &data->reference_op_data));

  const auto* filter =
      micro::GetEvalInput(context, node, kFullyConnectedWeightsTensor);
  const cmsis_nn_dims filter_dims = FilterDims(filter->dims);
  return cmsis_nn::RequestScratch(
      context, arm_fully_connected_s8_get_buffer_size(&filter_dims),
      &data->buffer_idx);
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const auto& op_data = *static_cast<const OpData*>(node->user_data);
  const OpDataFullyConnected& data = op_data.reference_op_data;
  const auto* input =
      micro::GetEvalInput(context, node, kFullyConnectedInputTensor);
  const auto* filter =
      micro::GetEvalInput(context, node, kFullyConnectedWeightsTensor);
  const auto* bias =
      micro::GetEvalInput(context, node, kFullyConnectedBiasTensor);
  auto* output =
      micro::GetEvalOutput(context, node, kFullyConnectedOutputTensor);

  cmsis_nn_fc_params fc_params;
  fc_params.input_offset = -data.input_zero_point;
  fc_params.filter_offset = -data.filter_zero_point;
  fc_params.output_offset = data.output_zero_point;
  fc_params.activation = {data.output_activation_min,
                          data.output_activation_max};
  const cmsis_nn_quant_params quant_params = {
      data.output_multiplier, data.output_shift, data.is_per_channel ? 1 : 0};

  const RuntimeShape output_shape = micro::GetTensorShape(output);
  const int batches =
      FlatSizeSkipDim(output_shape, output_shape.DimensionsCount() - 1);
  const cmsis_nn_dims filter_dims = FilterDims(filter->dims);
  const cmsis_nn_dims input_dims = {batches, 1, 1, filter_dims.n};
  const cmsis_nn_dims bias_dims = {1, 1, 1, filter_dims.c};
  const cmsis_nn_dims output_dims = {batches, 1, 1, filter_dims.c};
  const cmsis_nn_context scratch =
      cmsis_nn::GetScratch(context, op_data.buffer_idx);

  // A core with vector instructions starts from the sums of the weights' rows.
  if (scratch.buf != nullptr) {
    TF_LITE_ENSURE_STATUS(cmsis_nn::ToStatus(arm_vector_sum_s8(
        static_cast<int32_t*>(scratch.buf), filter_dims.n, filter_dims.c,
        micro::GetTensorData<int8_t>(filter), fc_params.input_offset,
        fc_params.filter_offset, micro::GetOptionalTensorData<int32_t>(bias))));
  }
  return cmsis_nn::ToStatus(arm_fully_connected_wrapper_s8(
      &scratch, &fc_params, &quant_params, &input_dims,
      micro::GetTensorData<int8_t>(input), &filter_dims,
      micro::GetTensorData<int8_t>(filter), &bias_dims,
      micro::GetOptionalTensorData<int32_t>(bias), &output_dims,
      micro::GetTensorData<int8_t>(output)));
}

}  // namespace

TFLMRegistration Register_FULLY_CONNECTED() {
  return micro::RegisterOp(Init, Prepare, Eval);
}

}  // namespace tflite
