// SPDX-License-Identifier: Apache-2.0
//
// The expected outputs were computed from the definition in exact fractions; no
// value lies near a tie, so there is one right answer.
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/micro/kernels/kernel_runner.h"
#include "tensorflow/lite/micro/kernels/testdata/conv_test_data.h"
#include "tensorflow/lite/micro/test_helpers.h"
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

namespace tflite {
namespace testing {
namespace {

constexpr int kMaxElements = 128;

// Shapes as {number of dimensions, dimensions...}; scales and zero points of
// the filter as {number, values...}.
struct DepthwiseCase {
  TfLiteDepthwiseConvParams params;
  const int* input_dims;
  int input_seed;
  int input_zero_point;
  const int* filter_dims;
  int filter_seed;
  float* filter_scales;
  const int* filter_zero_points;
  const int* bias_dims;
  const int32_t* bias;
  const int* output_dims;
  float output_scale;
  int output_zero_point;
};

TfLiteStatus RunDepthwise(const DepthwiseCase& test, int8_t* output) {
  static int8_t input[kMaxElements];
  static int8_t filter[kMaxElements];
  TfLiteIntArray* input_dims = IntArrayFromInts(test.input_dims);
  TfLiteIntArray* filter_dims = IntArrayFromInts(test.filter_dims);
  FillPattern(input, ElementCount(*input_dims), test.input_seed);
  FillPattern(filter, ElementCount(*filter_dims), test.filter_seed);

  TfLiteAffineQuantization filter_quantization = {
      FloatArrayFromFloats(test.filter_scales),
      IntArrayFromInts(test.filter_zero_points),
      kDepthwiseConvQuantizedDimension};
  TfLiteTensor tensors[] = {
      CreateQuantizedTensor(input, input_dims, 0.5f, test.input_zero_point),
      CreatePerChannelQuantizedTensor(filter, filter_dims,
                                      &filter_quantization),
      CreateTensor(test.bias, IntArrayFromInts(test.bias_dims)),
      CreateQuantizedTensor(output, IntArrayFromInts(test.output_dims),
                            test.output_scale, test.output_zero_point),
  };
  const int inputs[] = {3, 0, 1, 2};
  const int outputs[] = {1, 3};
  const TFLMRegistration registration = Register_DEPTHWISE_CONV_2D();
  micro::KernelRunner runner(registration, tensors, 4, IntArrayFromInts(inputs),
                             IntArrayFromInts(outputs), &test.params);
  TF_LITE_ENSURE_STATUS(runner.InitAndPrepare());
  return runner.Invoke();
}

template <int size>
void ExpectDepthwise(const DepthwiseCase& test, const int (&expected)[size]) {
  int8_t output[size];
  ASSERT_EQ(RunDepthwise(test, output), kTfLiteOk);
  for (int i = 0; i < size; ++i) EXPECT_EQ(output[i], expected[i]);
}

TfLiteDepthwiseConvParams Params(TfLitePadding padding, int stride,
                                 int multiplier,
                                 TfLiteFusedActivation activation) {
  return {padding, stride, stride, multiplier, activation, 1, 1};
}

TEST(DepthwiseConvTest, ThreeByThreeSame) {
  const int input_dims[] = {4, 1, 4, 4, 4};
  const int filter_dims[] = {4, 1, 3, 3, 4};
  float scales[] = {4, 1.0f / 128, 1.0f / 64, 3.0f / 256, 1.0f / 256};
  const int bias_dims[] = {1, 4};
  const int32_t bias[] = {0, -40, 80, 3000};
  const int output_dims[] = {4, 1, 4, 4, 4};
  const int expected[] = {
      -13, 0,   -7, 1,  -17, -19, -6,  -3, -11, -10, -2, -2, -2, 0,  2,   3,
      20,  -4,  26, 9,  33,  58,  12,  5,  8,   18,  30, 13, -2, -2, -11, 8,
      -11, -14, -4, -5, -16, -22, -11, -5, -5,  -18, 8,  -1, 12, -3, 32,  7,
      21,  31,  0,  11, 9,   12,  40,  15, -2,  15,  6,  6,  -5, 4,  -20, 3};
  ExpectDepthwise({Params(kTfLitePaddingSame, 1, 1, kTfLiteActNone), input_dims,
                   21, -9, filter_dims, 55, scales, kZeroPoints4, bias_dims,
                   bias, output_dims, 5.0f, 3},
                  expected);
}

TEST(DepthwiseConvTest, StrideTwoValidRelu) {
  const int input_dims[] = {4, 1, 5, 6, 2};
  const int filter_dims[] = {4, 1, 3, 3, 2};
  float scales[] = {2, 1.0f / 64, 1.0f / 128};
  const int bias_dims[] = {1, 2};
  const int32_t bias[] = {9, -9};
  const int output_dims[] = {4, 1, 2, 2, 2};
  const int expected[] = {-5, -8, -8, 14, 46, -5, -6, -8};
  ExpectDepthwise({Params(kTfLitePaddingValid, 2, 1, kTfLiteActRelu),
                   input_dims, 3, 4, filter_dims, 77, scales, kZeroPoints2,
                   bias_dims, bias, output_dims, 3.0f, -8},
                  expected);
}

TEST(DepthwiseConvTest, TwoOutputsForEachInput) {
  const int input_dims[] = {4, 1, 3, 4, 2};
  const int filter_dims[] = {4, 1, 2, 2, 4};
  float scales[] = {4, 1.0f / 64, 1.0f / 64, 1.0f / 32, 1.0f / 128};
  const int bias_dims[] = {1, 4};
  const int32_t bias[] = {1, 2, 3, 4};
  const int output_dims[] = {4, 1, 3, 4, 4};
  const int expected[] = {6,   -18, 37,  14,  -11, -13, -128, -35, -27,  -9,
                          66,  6,   -41, -27, -10, -15, 15,   3,   -119, 34,
                          35,  44,  127, -33, -18, 12,  -90,  26,  27,   11,
                          71,  -10, -27, -12, -1,  -31, -23,  3,   -23,  23,
                          -55, -19, 28,  -31, -4,  -1,  21,   17};
  ExpectDepthwise({Params(kTfLitePaddingSame, 1, 2, kTfLiteActNone), input_dims,
                   60, 0, filter_dims, 14, scales, kZeroPoints4, bias_dims,
                   bias, output_dims, 2.0f, 0},
                  expected);
}

TEST(DepthwiseConvTest, RejectsAWrongMultiplier) {
  const int input_dims[] = {4, 1, 3, 4, 2};
  const int filter_dims[] = {4, 1, 2, 2, 4};
  float scales[] = {4, 1.0f / 64, 1.0f / 64, 1.0f / 32, 1.0f / 128};
  const int bias_dims[] = {1, 4};
  const int32_t bias[] = {1, 2, 3, 4};
  const int output_dims[] = {4, 1, 3, 4, 4};
  int8_t output[3 * 4 * 4];
  EXPECT_EQ(RunDepthwise({Params(kTfLitePaddingSame, 1, 1, kTfLiteActNone),
                          input_dims, 60, 0, filter_dims, 14, scales,
                          kZeroPoints4, bias_dims, bias, output_dims, 2.0f, 0},
                         output),
            kTfLiteError);
}

}  // namespace
}  // namespace testing
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
