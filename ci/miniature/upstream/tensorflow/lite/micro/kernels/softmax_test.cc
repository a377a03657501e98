// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/kernels/softmax.h"

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/micro/kernels/kernel_runner.h"
#include "tensorflow/lite/micro/test_helpers.h"
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

namespace tflite {
namespace testing {
namespace {

TfLiteStatus RunSoftmax(const int8_t* input, const int* dims, float input_scale,
                        float output_scale, int8_t* output) {
  TfLiteTensor tensors[] = {
      CreateQuantizedTensor(input, IntArrayFromInts(dims), input_scale, 0),
      CreateQuantizedTensor(output, IntArrayFromInts(dims), output_scale, -128),
  };
  const int inputs[] = {1, 0};
  const int outputs[] = {1, 1};
  const TfLiteSoftmaxParams params = {1.0f};
  const TFLMRegistration registration = Register_SOFTMAX();
  micro::KernelRunner runner(registration, tensors, 2, IntArrayFromInts(inputs),
                             IntArrayFromInts(outputs), &params);
  TF_LITE_ENSURE_STATUS(runner.InitAndPrepare());
  return runner.Invoke();
}

// 256 exp(x) / sum - 128, to within the one step that fixed point may be off.
TEST(SoftmaxTest, NearTheRealNumbers) {
  const int dims[] = {2, 2, 5};
  const int8_t input[] = {10, 20, 30, 40, 50, 50, 10, 40, 20, 30};
  const float expected[] = {-125.02f, -119.89f, -105.95f, -68.06f,  34.92f,
                            34.92f,   -125.02f, -68.06f,  -119.89f, -105.95f};
  int8_t output[10];
  ASSERT_EQ(RunSoftmax(input, dims, 0.1f, 1.0f / 256, output), kTfLiteOk);
  for (int i = 0; i < 10; ++i) {
    EXPECT_NEAR(static_cast<float>(output[i]), expected[i], 1.0f);
  }
}

TEST(SoftmaxTest, EqualInputsShareEqually) {
  const int dims[] = {2, 1, 4};
  const int8_t input[] = {5, 5, 5, 5};
  int8_t output[4];
  ASSERT_EQ(RunSoftmax(input, dims, 0.5f, 1.0f / 256, output), kTfLiteOk);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(output[i], -64);
}

// The largest output stands for 255/256, and exp(-63.75) is no step at all.
TEST(SoftmaxTest, WinnerTakesAll) {
  const int dims[] = {1, 3};
  const int8_t input[] = {-128, 127, -128};
  int8_t output[3];
  ASSERT_EQ(RunSoftmax(input, dims, 0.25f, 1.0f / 256, output), kTfLiteOk);
  EXPECT_EQ(output[0], -128);
  EXPECT_EQ(output[1], 127);
  EXPECT_EQ(output[2], -128);
}

TEST(SoftmaxTest, RejectsAnOutputThatIsNoProbability) {
  const int dims[] = {1, 3};
  const int8_t input[] = {0, 1, 2};
  int8_t output[3];
  EXPECT_EQ(RunSoftmax(input, dims, 0.25f, 1.0f / 128, output), kTfLiteError);
}

}  // namespace
}  // namespace testing
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
