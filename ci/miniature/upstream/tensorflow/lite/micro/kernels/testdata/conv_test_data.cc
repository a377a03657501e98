// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/testdata/conv_test_data.h"

namespace tflite {

const int kZeroPoints2[] = {2, 0, 0};
const int kZeroPoints3[] = {3, 0, 0, 0};
const int kZeroPoints4[] = {4, 0, 0, 0, 0};

}  // namespace tflite
