// SPDX-License-Identifier: Apache-2.0
//
// The expected outputs were computed from the definition in exact fractions; no
// value lies near a tie, so there is one right answer.
#include "tensorflow/lite/micro/kernels/fully_connected.h"

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/micro/kernels/kernel_runner.h"
#include "tensorflow/lite/micro/test_helpers.h"
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

namespace tflite {
namespace testing {
namespace {

constexpr int kMaxElements = 128;

// Shapes as {number of dimensions, dimensions...}; scales and zero points of
// the filter as {number, values...}.
struct FullyConnectedCase {
  TfLiteFusedActivation activation;
  const int* input_dims;
  int input_seed;
  float input_scale;
  int input_zero_point;
  const int* filter_dims;
  int filter_seed;
  float* filter_scales;
  const int* filter_zero_points;
  const int* bias_dims;  // null: no bias
  const int32_t* bias;
  const int* output_dims;
  float output_scale;
  int output_zero_point;
};

TfLiteStatus RunFullyConnected(const FullyConnectedCase& test, int8_t* output) {
  static int8_t input[kMaxElements];
  static int8_t filter[kMaxElements];
  TfLiteIntArray* input_dims = IntArrayFromInts(test.input_dims);
  TfLiteIntArray* filter_dims = IntArrayFromInts(test.filter_dims);
  FillPattern(input, ElementCount(*input_dims), test.input_seed);
  FillPattern(filter, ElementCount(*filter_dims), test.filter_seed);

  TfLiteAffineQuantization filter_quantization = {
      FloatArrayFromFloats(test.filter_scales),
      IntArrayFromInts(test.filter_zero_points), 0};
  TfLiteTensor tensors[4] = {
      CreateQuantizedTensor(input, input_dims, test.input_scale,
                            test.input_zero_point),
      CreatePerChannelQuantizedTensor(filter, filter_dims,
                                      &filter_quantization),
      CreateQuantizedTensor(output, IntArrayFromInts(test.output_dims),
                            test.output_scale, test.output_zero_point),
  };
  const bool has_bias = test.bias_dims != nullptr;
  if (has_bias) {
    tensors[3] = CreateQuantizedTensor(
        test.bias, IntArrayFromInts(test.bias_dims),
        test.input_scale * filter_quantization.scale->data[0]);
  }
  const int inputs[] = {3, 0, 1, has_bias ? 3 : kTfLiteOptionalTensor};
  const int outputs[] = {1, 2};
  const TfLiteFullyConnectedParams params = {test.activation, false};
  const TFLMRegistration registration = Register_FULLY_CONNECTED();
  micro::KernelRunner runner(registration, tensors, has_bias ? 4 : 3,
                             IntArrayFromInts(inputs),
                             IntArrayFromInts(outputs), &params);
  TF_LITE_ENSURE_STATUS(runner.InitAndPrepare());
  return runner.Invoke();
}

template <int size>
void ExpectFullyConnected(const FullyConnectedCase& test,
                          const int (&expected)[size]) {
  int8_t output[size];
  ASSERT_EQ(RunFullyConnected(test, output), kTfLiteOk);
  for (int i = 0; i < size; ++i) EXPECT_EQ(output[i], expected[i]);
}

const int kZeroPoint[] = {1, 0};
const int kZeroPoints4[] = {4, 0, 0, 0, 0};

TEST(FullyConnectedTest, TwoBatchesOneScale) {
  const int input_dims[] = {2, 2, 12};
  const int filter_dims[] = {2, 5, 12};
  float scales[] = {1, 1.0f / 128};
  const int bias_dims[] = {1, 5};
  const int32_t bias[] = {500, -500, 0, 1000, -1000};
  const int output_dims[] = {2, 2, 5};
  const int expected[] = {-11, -17, 1, -26, 32, -4, -12, -12, 9, -24};
  ExpectFullyConnected(
      {kTfLiteActNone, input_dims, 8, 0.5f, 6, filter_dims, 99, scales,
       kZeroPoint, bias_dims, bias, output_dims, 7.0f, -4},
      expected);
}

TEST(FullyConnectedTest, ScaleForEachOutput) {
  const int input_dims[] = {4, 2, 3, 1, 3};
  const int filter_dims[] = {2, 4, 9};
  float scales[] = {4, 1.0f / 64, 1.0f / 32, 1.0f / 128, 3.0f / 256};
  const int bias_dims[] = {1, 4};
  const int32_t bias[] = {0, 1, 2, 3};
  const int output_dims[] = {2, 2, 4};
  const int expected[] = {29, -34, 37, -13, 12, -31, -1, 34};
  ExpectFullyConnected(
      {kTfLiteActNone, input_dims, 71, 0.25f, -5, filter_dims, 23, scales,
       kZeroPoints4, bias_dims, bias, output_dims, 3.0f, 10},
      expected);
}

TEST(FullyConnectedTest, NoBiasRelu) {
  const int input_dims[] = {2, 1, 8};
  const int filter_dims[] = {2, 4, 8};
  float scales[] = {1, 1.0f / 128};
  const int output_dims[] = {2, 1, 4};
  const int expected[] = {-76, -84, -100, -100};
  ExpectFullyConnected(
      {kTfLiteActRelu, input_dims, 50, 0.5f, 0, filter_dims, 12, scales,
       kZeroPoint, nullptr, nullptr, output_dims, 3.0f, -100},
      expected);
}

TEST(FullyConnectedTest, RejectsAnInputOfAnotherLength) {
  const int input_dims[] = {2, 1, 9};
  const int filter_dims[] = {2, 4, 8};
  float scales[] = {1, 1.0f / 128};
  const int output_dims[] = {2, 1, 4};
  int8_t output[4];
  EXPECT_EQ(RunFullyConnected(
                {kTfLiteActNone, input_dims, 50, 0.5f, 0, filter_dims, 60,
                 scales, kZeroPoint, nullptr, nullptr, output_dims, 3.0f, 0},
                output),
            kTfLiteError);
}

}  // namespace
}  // namespace testing
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
