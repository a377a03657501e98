// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/system_setup.h"

int main(int, char**) {
  tflite::InitializeTarget();
  return 0;
}
