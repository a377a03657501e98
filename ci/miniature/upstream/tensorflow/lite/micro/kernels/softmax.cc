// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/softmax.h"

#include "tensorflow/lite/kernels/internal/reference/softmax.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"

namespace tflite {
namespace {

TfLiteStatus SoftmaxEval(TfLiteContext* context, TfLiteNode* node) {
  const auto* input = micro::GetEvalInput(context, node, 0);
  auto* output = micro::GetEvalOutput(context, node, 0);
  reference_ops::Softmax(
      *static_cast<const SoftmaxParams*>(node->user_data),
      micro::GetTensorShape(input), micro::GetTensorData<int8_t>(input),
      micro::GetTensorShape(output), micro::GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

}  // namespace

TFLMRegistration Register_SOFTMAX() {
  return micro::RegisterOp(SoftmaxInit, SoftmaxPrepare, SoftmaxEval);
}

}  // namespace tflite
