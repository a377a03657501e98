// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_SOFTMAX_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_SOFTMAX_H_

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/kernels/internal/types.h"
#include "tensorflow/lite/micro/micro_common.h"

namespace tflite {

void* SoftmaxInit(TfLiteContext* context, const char* buffer, size_t length);

// Checks the tensors and fills the SoftmaxParams that SoftmaxInit made.
TfLiteStatus SoftmaxPrepare(TfLiteContext* context, TfLiteNode* node);

TFLMRegistration Register_SOFTMAX();
inline TFLMRegistration Register_SOFTMAX_INT8() { return Register_SOFTMAX(); }

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_SOFTMAX_H_
