// SPDX-License-Identifier: Apache-2.0
//
// The expected outputs were computed from the definition in exact fractions; no
// value lies near a tie, so there is one right answer.
#include "tensorflow/lite/micro/kernels/conv.h"

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
struct ConvCase {
  TfLiteConvParams params;
  const int* input_dims;
  int input_seed;
  float input_scale;
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

TfLiteStatus RunConv(const ConvCase& test, int8_t* output) {
  static int8_t input[kMaxElements];
  static int8_t filter[kMaxElements];
  TfLiteIntArray* input_dims = IntArrayFromInts(test.input_dims);
  TfLiteIntArray* filter_dims = IntArrayFromInts(test.filter_dims);
  FillPattern(input, ElementCount(*input_dims), test.input_seed);
  FillPattern(filter, ElementCount(*filter_dims), test.filter_seed);

  TfLiteAffineQuantization filter_quantization = {
      FloatArrayFromFloats(test.filter_scales),
      IntArrayFromInts(test.filter_zero_points), kConvQuantizedDimension};
  TfLiteTensor tensors[] = {
      CreateQuantizedTensor(input, input_dims, test.input_scale,
                            test.input_zero_point),
      CreatePerChannelQuantizedTensor(filter, filter_dims,
                                      &filter_quantization),
      CreateTensor(test.bias, IntArrayFromInts(test.bias_dims)),
      CreateQuantizedTensor(output, IntArrayFromInts(test.output_dims),
                            test.output_scale, test.output_zero_point),
  };
  const int inputs[] = {3, 0, 1, 2};
  const int outputs[] = {1, 3};
  const TFLMRegistration registration = Register_CONV_2D();
  micro::KernelRunner runner(registration, tensors, 4, IntArrayFromInts(inputs),
                             IntArrayFromInts(outputs), &test.params);
  TF_LITE_ENSURE_STATUS(runner.InitAndPrepare());
  return runner.Invoke();
}

template <int size>
void ExpectConv(const ConvCase& test, const int (&expected)[size]) {
  int8_t output[size];
  ASSERT_EQ(RunConv(test, output), kTfLiteOk);
  for (int i = 0; i < size; ++i) EXPECT_EQ(output[i], expected[i]);
}

TfLiteConvParams Params(TfLitePadding padding, int stride,
                        TfLiteFusedActivation activation) {
  return {padding, stride, stride, activation, 1, 1};
}

TEST(ConvTest, PointwisePerChannel) {
  const int input_dims[] = {4, 1, 3, 3, 4};
  const int filter_dims[] = {4, 3, 1, 1, 4};
  float scales[] = {3, 1.0f / 64, 1.0f / 128, 1.0f / 256};
  const int bias_dims[] = {1, 3};
  const int32_t bias[] = {100, -2000, 300};
  const int output_dims[] = {4, 1, 3, 3, 3};
  const int expected[] = {8,   4,  3,  57, 25, 6,  45,  24, 4,
                          4,   0,  17, -8, -1, 15, -13, -7, 5,
                          -25, -8, 3,  6,  4,  2,  56,  25, 6};
  ExpectConv({Params(kTfLitePaddingValid, 1, kTfLiteActNone), input_dims, 5,
              0.5f, -3, filter_dims, 40, scales, kZeroPoints3, bias_dims, bias,
              output_dims, 4.0f, 7},
             expected);
}

TEST(ConvTest, SamePaddingStrideTwo) {
  const int input_dims[] = {4, 1, 5, 4, 2};
  const int filter_dims[] = {4, 3, 3, 3, 2};
  float scales[] = {3, 1.0f / 128, 3.0f / 512, 1.0f / 256};
  const int bias_dims[] = {1, 3};
  const int32_t bias[] = {50, -700, 900};
  const int output_dims[] = {4, 1, 3, 2, 3};
  const int expected[] = {-11, -26, -21, -24, -14, -18, -8,  -9,  -27,
                          -26, -18, -11, -29, -16, -16, -22, -16, -17};
  ExpectConv({Params(kTfLitePaddingSame, 2, kTfLiteActNone), input_dims, 17,
              0.5f, 11, filter_dims, 90, scales, kZeroPoints3, bias_dims, bias,
              output_dims, 6.0f, -20},
             expected);
}

TEST(ConvTest, Relu6ClampsAtBothEnds) {
  const int input_dims[] = {4, 1, 4, 3, 3};
  const int filter_dims[] = {4, 2, 3, 3, 3};
  float scales[] = {2, 1.0f / 1024, 3.0f / 1024};
  const int bias_dims[] = {1, 2};
  const int32_t bias[] = {0, 512};
  const int output_dims[] = {4, 1, 4, 3, 2};
  const int expected[] = {-100, -4,   -100, -100, -100, -100, -51,  -100,
                          -4,   -100, -4,   -100, -100, -4,   -100, -4,
                          -100, -4,   -100, -100, -100, -100, -44,  -100};
  ExpectConv({Params(kTfLitePaddingSame, 1, kTfLiteActRelu6), input_dims, 33,
              0.25f, 0, filter_dims, 7, scales, kZeroPoints2, bias_dims, bias,
              output_dims, 1.0f / 16, -100},
             expected);
}

TEST(ConvTest, TwoGroups) {
  const int input_dims[] = {4, 1, 2, 2, 4};
  const int filter_dims[] = {4, 4, 1, 1, 2};
  float scales[] = {4, 1.0f / 64, 1.0f / 64, 1.0f / 64, 1.0f / 64};
  const int bias_dims[] = {1, 4};
  const int32_t bias[] = {0, 10, 20, 30};
  const int output_dims[] = {4, 1, 2, 2, 4};
  const int expected[] = {13, -10, 8,   -5, 8, -12, -13, 32,
                          4,  -13, -12, 35, 0, -15, 3,   -19};
  ExpectConv({Params(kTfLitePaddingValid, 1, kTfLiteActNone), input_dims, 29,
              0.5f, 2, filter_dims, 61, scales, kZeroPoints4, bias_dims, bias,
              output_dims, 4.0f, 0},
             expected);
}

// As PointwisePerChannel, with one thing wrong.
TEST(ConvTest, RejectsWhatDoesNotFit) {
  const int input_dims[] = {4, 1, 3, 3, 4};
  const int filter_dims[] = {4, 3, 1, 1, 4};
  const int bias_dims[] = {1, 3};
  const int32_t bias[] = {100, -2000, 300, 0};
  const int output_dims[] = {4, 1, 3, 3, 3};
  const int wrong_output_dims[] = {4, 1, 3, 2, 3};
  const int wrong_bias_dims[] = {1, 4};
  int8_t output[3 * 3 * 3];
  float scales[] = {3, 1.0f / 64, 1.0f / 128, 1.0f / 256};
  ConvCase test = {Params(kTfLitePaddingValid, 1, kTfLiteActNone),
                   input_dims,
                   5,
                   0.5f,
                   -3,
                   filter_dims,
                   40,
                   scales,
                   kZeroPoints3,
                   bias_dims,
                   bias,
                   wrong_output_dims,
                   4.0f,
                   7};
  EXPECT_EQ(RunConv(test, output), kTfLiteError);

  float again[] = {3, 1.0f / 64, 1.0f / 128, 1.0f / 256};
  test.filter_scales = again;
  test.output_dims = output_dims;
  test.bias_dims = wrong_bias_dims;
  EXPECT_EQ(RunConv(test, output), kTfLiteError);

  float too_few[] = {2, 1.0f / 64, 1.0f / 128};
  test.filter_scales = too_few;
  test.filter_zero_points = kZeroPoints2;
  test.bias_dims = bias_dims;
  EXPECT_EQ(RunConv(test, output), kTfLiteError);
}

}  // namespace
}  // namespace testing
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
