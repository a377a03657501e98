// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/hexdump.h"

#include "tensorflow/lite/micro/testing/micro_test_v2.h"

namespace tflite {
namespace {

const uint8_t kData[] = "0123456789abcdef\x7F \xFF~";

TEST(HexdumpTest, FullLine) {
  char line[kHexdumpLineLength];
  EXPECT_EQ(hexdump_line(kData, 20, 0, line), 16u);
  EXPECT_STREQ(static_cast<const char*>(line),
               "00000000: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66"
               "  0123456789abcdef");
}

TEST(HexdumpTest, RestOfTheData) {
  char line[kHexdumpLineLength];
  EXPECT_EQ(hexdump_line(kData, 20, 16, line), 4u);
  EXPECT_STREQ(static_cast<const char*>(line),
               "00000010: 7F 20 FF 7E                                    "
               "  . .~");
  EXPECT_EQ(hexdump_line(kData, 20, 20, line), 0u);
}

}  // namespace
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
