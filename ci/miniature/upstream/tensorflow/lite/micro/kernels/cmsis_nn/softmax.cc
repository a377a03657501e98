// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/softmax.h"

#include "Include/arm_nnfunctions.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

TfLiteStatus SoftmaxEval(TfLiteContext* context, TfLiteNode* node) {
  const auto& params = *static_cast<const SoftmaxParams*>(node->user_data);
  const auto* input = micro::GetEvalInput(context, node, 0);
  auto* output = micro::GetEvalOutput(context, node, 0);

  const RuntimeShape shape = micro::GetTensorShape(input);
  const int last = shape.DimensionsCount() - 1;
  arm_softmax_s8(micro::GetTensorData<int8_t>(input),
                 FlatSizeSkipDim(shape, last), shape.Dims(last),
                 params.input_multiplier, params.input_left_shift,
                 params.diff_min, micro::GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

}  // namespace

TFLMRegistration Register_SOFTMAX() {
  return micro::RegisterOp(SoftmaxInit, SoftmaxPrepare, SoftmaxEval);
}

}  // namespace tflite
