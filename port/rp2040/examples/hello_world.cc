// SPDX-License-Identifier: Apache-2.0
//
// A small network that has learnt the sine. Angles go in, one period after another; what comes
// out is printed on the SDK's stdio, and the board's LED, where a pin drives one, breathes with it.
// After each period it says how far the network was off.

#include <cmath>
#include <cstdint>

#include "hardware/gpio.h"
#include "hardware/pwm.h"
#include "pico/time.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/examples/hello_world/models/hello_world_int8_model_data.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_time.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

constexpr int kSteps = 64;  // to a period
constexpr float kPeriod = 6.2831853f;
constexpr uint32_t kPauseMs = 50;

alignas(16) uint8_t arena[4 * 1024];

// Printed as thousandths: integers, so that no program has to carry the printing of floats.
int Thousandths(float value) { return static_cast<int>(std::lround(value * 1000.0f)); }

#ifdef PICO_DEFAULT_LED_PIN
constexpr uint16_t kBrightest = 65535;

void LightUp() {
  gpio_set_function(PICO_DEFAULT_LED_PIN, GPIO_FUNC_PWM);
  pwm_set_wrap(pwm_gpio_to_slice_num(PICO_DEFAULT_LED_PIN), kBrightest);
  pwm_set_enabled(pwm_gpio_to_slice_num(PICO_DEFAULT_LED_PIN), true);
}

// -1 is dark, 1 is bright. Squared, because to the eye twice the light is not twice as bright.
void Light(float value) {
  const float part = std::fmin(std::fmax((value + 1.0f) / 2.0f, 0.0f), 1.0f);
  pwm_set_gpio_level(PICO_DEFAULT_LED_PIN, static_cast<uint16_t>(part * part * kBrightest));
}
#else
void LightUp() {}
void Light(float) {}
#endif

// An int8 value stands for (value - zero_point) * scale.
int8_t Quantized(float value, const TfLiteQuantizationParams& params) {
  const float steps = std::round(value / params.scale) + static_cast<float>(params.zero_point);
  return static_cast<int8_t>(std::fmin(std::fmax(steps, -128.0f), 127.0f));
}

float Real(int8_t value, const TfLiteQuantizationParams& params) {
  return static_cast<float>(value - params.zero_point) * params.scale;
}

// One period; the network's largest error in it, or a negative number where it did not run.
float Period(tflite::MicroInterpreter& interpreter) {
  const TfLiteTensor* input = interpreter.input(0);
  const TfLiteTensor* output = interpreter.output(0);
  float largest = 0.0f;
  for (int step = 0; step < kSteps; ++step) {
    const float angle = kPeriod * static_cast<float>(step) / kSteps;
    input->data.int8[0] = Quantized(angle, input->params);
    if (interpreter.Invoke() != kTfLiteOk) {
      MicroPrintf("the model did not run");
      return -1.0f;
    }
    const float sine = Real(output->data.int8[0], output->params);
    Light(sine);
    MicroPrintf("angle %4d sine %5d thousandths", Thousandths(angle), Thousandths(sine));
    largest = std::fmax(largest, std::fabs(sine - std::sin(angle)));
    sleep_ms(kPauseMs);
  }
  return largest;
}

}  // namespace

int main() {
  tflite::InitializeTarget();
  LightUp();
  static tflite::MicroMutableOpResolver<1> resolver;
  resolver.AddFullyConnected();

  static tflite::MicroInterpreter interpreter(tflite::GetModel(g_hello_world_int8_model_data),
                                              resolver, arena, sizeof(arena));
  if (interpreter.AllocateTensors() != kTfLiteOk) {
    MicroPrintf("the arena is too small for the model");
    return 1;
  }
  for (;;) {
    const float error = Period(interpreter);
    if (error < 0.0f) return 1;
    MicroPrintf("a period: off by %d thousandths at most, %u bytes of arena", Thousandths(error),
                static_cast<unsigned int>(interpreter.arena_used_bytes()));
  }
}
