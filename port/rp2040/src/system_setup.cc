// SPDX-License-Identifier: Apache-2.0
//
// Start-up of a TensorFlow Lite Micro program on a Pico: opens whichever of the SDK's stdio
// channels the program was linked with (pico_enable_stdio_uart, pico_enable_stdio_usb).

#include "tensorflow/lite/micro/system_setup.h"

#include "pico/stdio.h"

namespace tflite {

void InitializeTarget() { stdio_init_all(); }

}  // namespace tflite
