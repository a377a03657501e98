// SPDX-License-Identifier: Apache-2.0
//
// What the kernels of this folder share: shapes and scratch memory in the form
// that CMSIS-NN takes.
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_CMSIS_NN_SCRATCH_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_CMSIS_NN_SCRATCH_H_

#include "Include/arm_nnfunctions.h"
#include "tensorflow/lite/c/common.h"

namespace tflite {
namespace cmsis_nn {

constexpr int kNoBuffer = -1;

// *buffer_idx gets kNoBuffer for a kernel that needs none.
inline TfLiteStatus RequestScratch(TfLiteContext* context, int32_t bytes,
                                   int* buffer_idx) {
  *buffer_idx = kNoBuffer;
  if (bytes <= 0) return kTfLiteOk;
  return context->RequestScratchBufferInArena(
      context, static_cast<size_t>(bytes), buffer_idx);
}

inline cmsis_nn_context GetScratch(TfLiteContext* context, int buffer_idx) {
  cmsis_nn_context scratch;
  scratch.buf = buffer_idx == kNoBuffer
                    ? nullptr
                    : context->GetScratchBuffer(context, buffer_idx);
  scratch.size = 0;  // no kernel reads it
  return scratch;
}

// An NHWC shape.
inline cmsis_nn_dims Dims(const TfLiteIntArray* shape) {
  return {shape->data[0], shape->data[1], shape->data[2], shape->data[3]};
}

inline TfLiteStatus ToStatus(arm_cmsis_nn_status status) {
  return status == ARM_CMSIS_NN_SUCCESS ? kTfLiteOk : kTfLiteError;
}

}  // namespace cmsis_nn
}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_CMSIS_NN_SCRATCH_H_
