// SPDX-License-Identifier: Apache-2.0
//
// What the tests of both kinds of convolution share.
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_TESTDATA_CONV_TEST_DATA_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_TESTDATA_CONV_TEST_DATA_H_

namespace tflite {

// A filter's zero points for as many channels, as {number, values...}.
extern const int kZeroPoints2[];
extern const int kZeroPoints3[];
extern const int kZeroPoints4[];

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_TESTDATA_CONV_TEST_DATA_H_
