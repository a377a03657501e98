// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "tensorflow/lite/micro/testing/micro_test_v2.h"

TEST(FaultingTest, ReadsNothing) {
  // No memory and no peripheral is there.
  const auto* nowhere = reinterpret_cast<volatile const uint32_t*>(0xC0000000);
  EXPECT_EQ(*nowhere, 0u);
}

TF_LITE_MICRO_TESTS_MAIN
