// SPDX-License-Identifier: Apache-2.0
//
// The keyword model as a whole. The expected scores are TensorFlow Lite Micro's.
#include <cstring>

#include "tensorflow/lite/micro/integration_tests/keyword/keyword_golden_int8_test_data.h"
#include "tensorflow/lite/micro/integration_tests/keyword/keyword_input_int8_test_data.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/models/keyword_model_data.h"
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

namespace tflite {
namespace {

constexpr int kTensorArenaSize = 4 * 1024;
alignas(16) uint8_t tensor_arena[kTensorArenaSize];

TEST(KeywordTest, ScoresOfOneInput) {
  MicroMutableOpResolver<2> resolver;
  resolver.AddFullyConnected();
  resolver.AddSoftmax();
  MicroInterpreter interpreter(GetModel(g_keyword_model_data), resolver,
                               tensor_arena, kTensorArenaSize);
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);

  TfLiteTensor* input = interpreter.input(0);
  ASSERT_EQ(input->bytes, size_t{g_keyword_input_int8_test_data_size});
  std::memcpy(input->data.int8, g_keyword_input_int8_test_data, input->bytes);
  ASSERT_EQ(interpreter.Invoke(), kTfLiteOk);

  const TfLiteTensor* output = interpreter.output(0);
  ASSERT_EQ(output->bytes, size_t{g_keyword_golden_int8_test_data_size});
  for (size_t i = 0; i < output->bytes; ++i) {
    EXPECT_EQ(output->data.int8[i], g_keyword_golden_int8_test_data[i]);
  }
}

}  // namespace
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
