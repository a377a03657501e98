// SPDX-License-Identifier: Apache-2.0
//
// What a test prints whose last line does not come through.
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

int main(int, char**) {
  tflite::InitializeTarget();
  micro_test::Print("[==========] Running tests.\n");
  micro_test::Print("[ RUN      ] TruncatedTest.One\n");
  micro_test::Print("[       OK ] TruncatedTest.One\n");
  micro_test::Print("[==========] 1 tests ran.\n");
  micro_test::Print("[  PASSED  ] 1 tests.\n");
  micro_test::Print("~~~ALL TESTS PAS");
  return 0;
}
