// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/kernel_runner.h"

#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {
namespace micro {

KernelRunner::KernelRunner(const TFLMRegistration& registration,
                           TfLiteTensor* tensors, int tensors_size,
                           TfLiteIntArray* inputs, TfLiteIntArray* outputs,
                           const void* builtin_data,
                           TfLiteIntArray* intermediates)
    : registration_(registration), fake_micro_context_(tensors, tensors_size) {
  InitializeTfLiteContext(&context_, &fake_micro_context_);
  node_.inputs = inputs;
  node_.outputs = outputs;
  node_.builtin_data = const_cast<void*>(builtin_data);
  node_.intermediates = intermediates;
}

TfLiteStatus KernelRunner::InitAndPrepare(const char* init_data,
                                          size_t length) {
  if (registration_.init != nullptr) {
    node_.user_data = registration_.init(&context_, init_data, length);
  }
  if (registration_.prepare != nullptr) {
    TF_LITE_ENSURE_STATUS(registration_.prepare(&context_, &node_));
  }
  TF_LITE_ENSURE(&context_, ValidateTempBufferDeallocated());
  return kTfLiteOk;
}

TfLiteStatus KernelRunner::Invoke() {
  TF_LITE_ENSURE(&context_, registration_.invoke != nullptr);
  TF_LITE_ENSURE_STATUS(registration_.invoke(&context_, &node_));
  TF_LITE_ENSURE(&context_, ValidateTempBufferDeallocated());
  return kTfLiteOk;
}

TfLiteStatus KernelRunner::Reset() {
  TF_LITE_ENSURE(&context_, registration_.reset != nullptr);
  registration_.reset(&context_, node_.user_data);
  return kTfLiteOk;
}

TfLiteStatus KernelRunner::Free() {
  TF_LITE_ENSURE(&context_, registration_.free != nullptr);
  registration_.free(&context_, node_.user_data);
  return kTfLiteOk;
}

}  // namespace micro
}  // namespace tflite
