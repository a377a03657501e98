// SPDX-License-Identifier: Apache-2.0
//
// Means that lie between two integers are rounded to the nearest, those halfway
// away from zero.
#include "tensorflow/lite/micro/kernels/pooling.h"

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/micro/kernels/kernel_runner.h"
#include "tensorflow/lite/micro/test_helpers.h"
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

namespace tflite {
namespace testing {
namespace {

TfLiteStatus RunAverage(const TfLitePoolParams& params, const int* input_dims,
                        int seed, const int* output_dims, float output_scale,
                        int8_t* output) {
  int8_t input[64];
  FillPattern(input, ElementCount(*IntArrayFromInts(input_dims)), seed);
  TfLiteTensor tensors[] = {
      CreateQuantizedTensor(input, IntArrayFromInts(input_dims), 0.25f, 0),
      CreateQuantizedTensor(output, IntArrayFromInts(output_dims), output_scale,
                            0),
  };
  const int inputs[] = {1, 0};
  const int outputs[] = {1, 1};
  const TFLMRegistration registration = Register_AVERAGE_POOL_2D();
  micro::KernelRunner runner(registration, tensors, 2, IntArrayFromInts(inputs),
                             IntArrayFromInts(outputs), &params);
  TF_LITE_ENSURE_STATUS(runner.InitAndPrepare());
  return runner.Invoke();
}

TEST(PoolingTest, WindowsSideBySide) {
  const int input_dims[] = {4, 1, 4, 4, 2};
  const int output_dims[] = {4, 1, 2, 2, 2};
  const int expected[] = {-6, 3, -33, -24, 15, 24, -12, -3};
  int8_t output[8];
  ASSERT_EQ(RunAverage({kTfLitePaddingValid, 2, 2, 2, 2, kTfLiteActNone},
                       input_dims, 11, output_dims, 0.25f, output),
            kTfLiteOk);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(output[i], expected[i]);
}

TEST(PoolingTest, EdgesAreMeansOfFewerValues) {
  const int input_dims[] = {4, 1, 3, 4, 2};
  const int output_dims[] = {4, 1, 3, 4, 2};
  const int expected[] = {-41, -32, -32, -1,  -13, -25, -4, 6,
                          -25, -37, -9,  -21, -4,  -16, 12, 0,
                          -31, -21, 0,   -12, -24, 7,   7,  16};
  int8_t output[24];
  ASSERT_EQ(RunAverage({kTfLitePaddingSame, 1, 1, 3, 3, kTfLiteActNone},
                       input_dims, 40, output_dims, 0.25f, output),
            kTfLiteOk);
  for (int i = 0; i < 24; ++i) EXPECT_EQ(output[i], expected[i]);
}

TEST(PoolingTest, Relu) {
  const int input_dims[] = {4, 1, 3, 4, 2};
  const int output_dims[] = {4, 1, 2, 2, 2};
  const int expected[] = {0, 0, 0, 7, 1, 0, 8, 17};
  int8_t output[8];
  ASSERT_EQ(RunAverage({kTfLitePaddingSame, 2, 2, 3, 3, kTfLiteActRelu},
                       input_dims, 41, output_dims, 0.25f, output),
            kTfLiteOk);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(output[i], expected[i]);
}

TEST(PoolingTest, RejectsAnotherScale) {
  const int input_dims[] = {4, 1, 4, 4, 2};
  const int output_dims[] = {4, 1, 2, 2, 2};
  int8_t output[8];
  EXPECT_EQ(RunAverage({kTfLitePaddingValid, 2, 2, 2, 2, kTfLiteActNone},
                       input_dims, 11, output_dims, 0.5f, output),
            kTfLiteError);
}

}  // namespace
}  // namespace testing
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
