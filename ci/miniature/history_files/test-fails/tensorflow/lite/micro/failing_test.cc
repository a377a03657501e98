// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

TEST(FailingTest, Right) { EXPECT_EQ(1 + 1, 2); }

TEST(FailingTest, Wrong) { EXPECT_EQ(1 + 1, 3); }

TF_LITE_MICRO_TESTS_MAIN
