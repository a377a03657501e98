// SPDX-License-Identifier: Apache-2.0
//
// What a test prints of which a case does not come through.
#include "tensorflow/lite/micro/testing/micro_test_v2.h"

int main(int, char**) {
  tflite::InitializeTarget();
  micro_test::Print("[==========] Running tests.\n");
  micro_test::Print("[ RUN      ] MiscountedTest.One\n");
  micro_test::Print("[       OK ] MiscountedTest.One\n");
  micro_test::Print("[==========] 2 tests ran.\n");
  micro_test::Print("[  PASSED  ] 2 tests.\n");
  micro_test::Print("~~~ALL TESTS PASSED~~~\n");
  return 0;
}
