// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_RESHAPE_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_RESHAPE_H_

#include "tensorflow/lite/c/common.h"

namespace tflite {

constexpr int kReshapeInputTensor = 0;
constexpr int kReshapeOutputTensor = 0;

TfLiteStatus PrepareReshapeReference(TfLiteContext* context, TfLiteNode* node);

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_RESHAPE_H_
