// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/reshape.h"

#include <cstring>

#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/micro_utils.h"

namespace tflite {

// The second input, a shape, says nothing that the output tensor does not.
TfLiteStatus PrepareReshapeReference(TfLiteContext* context, TfLiteNode* node) {
  TF_LITE_ENSURE(context, NumInputs(node) == 1 || NumInputs(node) == 2);
  TF_LITE_ENSURE_EQ(context, NumOutputs(node), 1);
  const auto input =
      micro::ScopedTensor::Input(context, node, kReshapeInputTensor);
  const auto output =
      micro::ScopedTensor::Output(context, node, kReshapeOutputTensor);
  TF_LITE_ENSURE(context, input.get() != nullptr && output.get() != nullptr);
  TF_LITE_ENSURE_TYPES_EQ(context, input->type, output->type);
  TF_LITE_ENSURE_EQ(context, NumElements(input.get()),
                    NumElements(output.get()));
  return kTfLiteOk;
}

namespace {

TfLiteStatus EvalReshapeReference(TfLiteContext* context, TfLiteNode* node) {
  const auto* input = micro::GetEvalInput(context, node, kReshapeInputTensor);
  auto* output = micro::GetEvalOutput(context, node, kReshapeOutputTensor);
  if (input->data.raw != output->data.raw) {
    std::memcpy(output->data.raw, input->data.raw, EvalTensorBytes(input));
  }
  return kTfLiteOk;
}

}  // namespace

TFLMRegistration Register_RESHAPE() {
  return micro::RegisterOp(nullptr, PrepareReshapeReference,
                           EvalReshapeReference);
}

}  // namespace tflite
