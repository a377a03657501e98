// SPDX-License-Identifier: Apache-2.0
//
// Is there a person in the picture? Two stored pictures of 96 by 96 pixels in turn; for each the
// model's answer and how long it took, on the SDK's stdio. Put a camera's picture in place of
// theirs for an application of your own.

#include <cstdint>
#include <cstring>

#include "pico/time.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/examples/person_detection/testdata/no_person_image_data.h"
#include "tensorflow/lite/micro/examples/person_detection/testdata/person_image_data.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_time.h"
#include "tensorflow/lite/micro/models/person_detect_model_data.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

constexpr int kPerson = 1;  // the model's second class; the first is "no person"
constexpr uint32_t kPauseMs = 1000;

alignas(16) uint8_t arena[96 * 1024];

// A class's probability in percent: int8 values stand for value / 256 + 1 / 2.
int Percent(int8_t value) { return ((value + 128) * 100 + 128) / 256; }

bool Look(tflite::MicroInterpreter& interpreter, const char* name, const unsigned char* pixels,
          size_t size) {
  TfLiteTensor* input = interpreter.input(0);
  if (input->bytes != size) {
    MicroPrintf("%s: the picture's size is not the model's", name);
    return false;
  }
  std::memcpy(input->data.raw, pixels, size);
  const uint32_t start = tflite::GetCurrentTimeTicks();
  if (interpreter.Invoke() != kTfLiteOk) {
    MicroPrintf("%s: the model did not run", name);
    return false;
  }
  const uint32_t ticks = tflite::GetCurrentTimeTicks() - start;
  MicroPrintf("%s: person %d %%, %u ms", name, Percent(interpreter.output(0)->data.int8[kPerson]),
              static_cast<unsigned int>(tflite::TicksToMs(ticks)));
  return true;
}

}  // namespace

int main() {
  tflite::InitializeTarget();
  static tflite::MicroMutableOpResolver<5> resolver;
  resolver.AddAveragePool2D();
  resolver.AddConv2D();
  resolver.AddDepthwiseConv2D();
  resolver.AddReshape();
  resolver.AddSoftmax();

  static tflite::MicroInterpreter interpreter(tflite::GetModel(g_person_detect_model_data),
                                              resolver, arena, sizeof(arena));
  if (interpreter.AllocateTensors() != kTfLiteOk) {
    MicroPrintf("the arena is too small for the model");
    return 1;
  }
  while (Look(interpreter, "person.bmp", g_person_image_data, g_person_image_data_size) &&
         Look(interpreter, "no_person.bmp", g_no_person_image_data, g_no_person_image_data_size)) {
    sleep_ms(kPauseMs);
  }
  return 1;
}
