// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

TEST(HangingTest, Returns) { EXPECT_EQ(1 + 1, 2); }

TEST(HangingTest, NeverReturns) {
  volatile bool forever = true;
  while (forever) {
  }
}

TF_LITE_MICRO_TESTS_MAIN
