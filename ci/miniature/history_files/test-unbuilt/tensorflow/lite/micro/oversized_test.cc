// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "tensorflow/lite/micro/testing/micro_test_v2.h"

namespace {
constexpr int kArenaBytes = 1024 * 1024;
volatile uint8_t arena[kArenaBytes];
}  // namespace

TEST(OversizedTest, FillsAMegabyte) {
  for (int i = 0; i < kArenaBytes; ++i) arena[i] = 1;
  EXPECT_EQ(arena[kArenaBytes - 1], 1);
}

TF_LITE_MICRO_TESTS_MAIN
