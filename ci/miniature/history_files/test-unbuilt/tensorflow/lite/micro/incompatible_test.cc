// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

TEST(IncompatibleTest, NeedsAnotherCompiler) {
  EXPECT_EQ(another_compilers_builtin(), 1);
}

TF_LITE_MICRO_TESTS_MAIN
