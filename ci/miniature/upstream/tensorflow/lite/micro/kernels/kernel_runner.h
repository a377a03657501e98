// SPDX-License-Identifier: Apache-2.0
//
// Runs one kernel on tensors that a test has made.
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_KERNEL_RUNNER_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_KERNEL_RUNNER_H_

#include "tensorflow/lite/micro/fake_micro_context.h"
#include "tensorflow/lite/micro/micro_common.h"

namespace tflite {
namespace micro {

class KernelRunner {
 public:
  // All of it must outlive the runner. The tensors are numbered as in the
  // array.
  KernelRunner(const TFLMRegistration& registration, TfLiteTensor* tensors,
               int tensors_size, TfLiteIntArray* inputs,
               TfLiteIntArray* outputs, const void* builtin_data,
               TfLiteIntArray* intermediates = nullptr);

  TfLiteStatus InitAndPrepare(const char* init_data = nullptr,
                              size_t length = 0);
  TfLiteStatus Invoke();

  // Errors for a kernel that has no such function.
  TfLiteStatus Reset();
  TfLiteStatus Free();

  bool ValidateTempBufferDeallocated() const {
    return fake_micro_context_.IsAllTempTfLiteTensorDeallocated();
  }

 private:
  const TFLMRegistration& registration_;
  TfLiteContext context_ = {};
  TfLiteNode node_ = {};
  FakeMicroContext fake_micro_context_;
};

}  // namespace micro
}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_KERNEL_RUNNER_H_
