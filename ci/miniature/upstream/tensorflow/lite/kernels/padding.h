// SPDX-License-Identifier: Apache-2.0
//
// How far a sliding window reaches over the edges of an image.
#ifndef TENSORFLOW_LITE_KERNELS_PADDING_H_
#define TENSORFLOW_LITE_KERNELS_PADDING_H_

#include "tensorflow/lite/c/builtin_op_data.h"

namespace tflite {

inline int ComputeOutSize(TfLitePadding padding, int image_size,
                          int filter_size, int stride, int dilation_rate = 1) {
  const int window = (filter_size - 1) * dilation_rate + 1;
  switch (padding) {
    case kTfLitePaddingSame:
      return (image_size + stride - 1) / stride;
    case kTfLitePaddingValid:
      return (image_size + stride - window) / stride;
    default:
      return 0;
  }
}

// The rows before the image; *offset gets 1 if one more is needed after it.
inline int ComputePaddingWithOffset(int stride, int dilation_rate, int in_size,
                                    int filter_size, int out_size,
                                    int* offset) {
  const int window = (filter_size - 1) * dilation_rate + 1;
  const int reach = (out_size - 1) * stride + window;
  const int total = reach > in_size ? reach - in_size : 0;
  *offset = total % 2;
  return total / 2;
}

inline TfLitePaddingValues ComputePaddingHeightWidth(
    int stride_height, int stride_width, int dilation_rate_height,
    int dilation_rate_width, int in_height, int in_width, int filter_height,
    int filter_width, TfLitePadding padding, int* out_height, int* out_width) {
  *out_height = ComputeOutSize(padding, in_height, filter_height, stride_height,
                               dilation_rate_height);
  *out_width = ComputeOutSize(padding, in_width, filter_width, stride_width,
                              dilation_rate_width);
  TfLitePaddingValues values;
  values.height = ComputePaddingWithOffset(stride_height, dilation_rate_height,
                                           in_height, filter_height,
                                           *out_height, &values.height_offset);
  values.width =
      ComputePaddingWithOffset(stride_width, dilation_rate_width, in_width,
                               filter_width, *out_width, &values.width_offset);
  return values;
}

}  // namespace tflite

#endif  // TENSORFLOW_LITE_KERNELS_PADDING_H_
