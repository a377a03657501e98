// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/kernels/internal/quantization_util.h"
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/softmax.h"

namespace tflite {

void* SoftmaxInit(TfLiteContext* context, const char*, size_t) {
  return context->AllocatePersistentBuffer(context, sizeof(SoftmaxParams));
}

TfLiteStatus SoftmaxPrepare(TfLiteContext* context, TfLiteNode* node) {
  TF_LITE_ENSURE_EQ(context, NumInputs(node), 1);
  TF_LITE_ENSURE_EQ(context, NumOutputs(node), 1);
  const auto input = micro::ScopedTensor::Input(context, node, 0);
  const auto output = micro::ScopedTensor::Output(context, node, 0);
  TF_LITE_ENSURE(context, input.get() != nullptr && output.get() != nullptr);
  TF_LITE_ENSURE_TYPES_EQ(context, input->type, kTfLiteInt8);
  TF_LITE_ENSURE_TYPES_EQ(context, output->type, kTfLiteInt8);
  TF_LITE_ENSURE(context, NumDimensions(input.get()) >= 1);
  TF_LITE_ENSURE(context, TfLiteIntArrayEqual(input->dims, output->dims));

  // Probabilities: all of int8 stands for [0, 1).
  TF_LITE_ENSURE_EQ(context, output->params.zero_point, -128);
  TF_LITE_ENSURE(context, output->params.scale == 1.0f / 256.0f);

  constexpr int kScaledDiffIntegerBits = 5;
  const auto* options = static_cast<TfLiteSoftmaxParams*>(node->builtin_data);
  auto* params = static_cast<SoftmaxParams*>(node->user_data);
  const auto beta = static_cast<double>(options->beta);
  const auto input_scale = static_cast<double>(input->params.scale);
  // 2^-26: a difference of one input step in fixed point.
  TF_LITE_ENSURE(context, beta * input_scale * 67108864.0 > 1.0);
  int left_shift;
  PreprocessSoftmaxScaling(beta, input_scale, kScaledDiffIntegerBits,
                           &params->input_multiplier, &left_shift);
  params->input_left_shift = left_shift;
  params->diff_min = -CalculateInputRadius(kScaledDiffIntegerBits, left_shift);
  return kTfLiteOk;
}

}  // namespace tflite
