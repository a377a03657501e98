// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

int main(int, char**) {
  tflite::InitializeTarget();
  for (int i = 0; i < 300; ++i) micro_test::Print("%c", 7 * i % 256);
  return 0;
}
