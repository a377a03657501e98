// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/reshape.h"

#include "tensorflow/lite/micro/kernels/kernel_runner.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/test_helpers.h"
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

namespace tflite {
namespace testing {
namespace {

template <typename T>
TfLiteStatus RunReshape(const T* input, const int* input_dims, T* output,
                        const int* output_dims) {
  const int32_t shape[] = {2, 3};
  const int shape_dims[] = {1, 2};
  TfLiteTensor tensors[] = {
      CreateTensor(input, IntArrayFromInts(input_dims)),
      CreateTensor(shape, IntArrayFromInts(shape_dims)),
      CreateTensor(output, IntArrayFromInts(output_dims)),
  };
  const int inputs[] = {2, 0, 1};
  const int outputs[] = {1, 2};
  const TFLMRegistration registration = Register_RESHAPE();
  micro::KernelRunner runner(registration, tensors, 3, IntArrayFromInts(inputs),
                             IntArrayFromInts(outputs), nullptr);
  TF_LITE_ENSURE_STATUS(runner.InitAndPrepare());
  return runner.Invoke();
}

TEST(ReshapeTest, KeepsEveryByte) {
  const int input_dims[] = {4, 1, 1, 1, 6};
  const int output_dims[] = {2, 2, 3};
  const int8_t input[] = {-128, -1, 0, 1, 2, 127};
  int8_t output[6] = {};
  ASSERT_EQ(RunReshape(input, input_dims, output, output_dims), kTfLiteOk);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(output[i], input[i]);
}

TEST(ReshapeTest, WiderTypesToo) {
  const int input_dims[] = {1, 6};
  const int output_dims[] = {3, 3, 1, 2};
  const int32_t input[] = {1, -2, 300000, -400000, 5, 6};
  int32_t output[6] = {};
  ASSERT_EQ(RunReshape(input, input_dims, output, output_dims), kTfLiteOk);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(output[i], input[i]);
}

TEST(ReshapeTest, RejectsAnotherNumberOfElements) {
  const int input_dims[] = {1, 6};
  const int output_dims[] = {2, 2, 2};
  const int8_t input[6] = {};
  int8_t output[6] = {};
  EXPECT_EQ(RunReshape(input, input_dims, output, output_dims), kTfLiteError);
}

}  // namespace
}  // namespace testing
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
