// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/pooling.h"

#include "Include/arm_nnfunctions.h"
#include "tensorflow/lite/micro/kernels/cmsis_nn/scratch.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

struct OpData {
  OpDataPooling reference_op_data;
  int buffer_idx;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return context->AllocatePersistentBuffer(context, sizeof(OpData));
}

TfLiteStatus AveragePrepare(TfLiteContext* context, TfLiteNode* node) {
  TFLITE_DCHECK(node->user_data != nullptr && node->builtin_data != nullptr);
  auto* data = static_cast<OpData*>(node->user_data);
  TF_LITE_ENSURE_STATUS(CalculateOpDataPooling(
      context, node, *static_cast<TfLitePoolParams*>(node->builtin_data),
      &data->reference_op_data));

  const auto* output =
      micro::GetEvalOutput(context, node, kPoolingOutputTensor);
  const cmsis_nn_dims output_dims = cmsis_nn::Dims(output->dims);
  return cmsis_nn::RequestScratch(
      context, arm_avgpool_s8_get_buffer_size(output_dims.w, output_dims.c),
      &data->buffer_idx);
}

TfLiteStatus AverageEval(TfLiteContext* context, TfLiteNode* node) {
  const auto& params = *static_cast<TfLitePoolParams*>(node->builtin_data);
  const auto& op_data = *static_cast<const OpData*>(node->user_data);
  const OpDataPooling& data = op_data.reference_op_data;
  const auto* input = micro::GetEvalInput(context, node, kPoolingInputTensor);
  auto* output = micro::GetEvalOutput(context, node, kPoolingOutputTensor);

  cmsis_nn_pool_params pool_params;
  pool_params.stride = {params.stride_width, params.stride_height};
  pool_params.padding = {data.padding.width, data.padding.height};
  pool_params.activation = {data.activation_min, data.activation_max};
  const cmsis_nn_dims input_dims = cmsis_nn::Dims(input->dims);
  const cmsis_nn_dims filter_dims = {1, params.filter_height,
                                     params.filter_width, 1};
  const cmsis_nn_dims output_dims = cmsis_nn::Dims(output->dims);
  const cmsis_nn_context scratch =
      cmsis_nn::GetScratch(context, op_data.buffer_idx);

  return cmsis_nn::ToStatus(arm_avgpool_s8(
      &scratch, &pool_params, &input_dims, micro::GetTensorData<int8_t>(input),
      &filter_dims, &output_dims, micro::GetTensorData<int8_t>(output)));
}

}  // namespace

TFLMRegistration Register_AVERAGE_POOL_2D() {
  return micro::RegisterOp(Init, AveragePrepare, AverageEval);
}

}  // namespace tflite
