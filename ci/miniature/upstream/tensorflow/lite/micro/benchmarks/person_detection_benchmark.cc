// SPDX-License-Identifier: Apache-2.0
//
// The model of the person detection example, on an image with a person and on
// one without.
#include <new>

#include "tensorflow/lite/micro/benchmarks/micro_benchmark.h"
#include "tensorflow/lite/micro/examples/person_detection/testdata/no_person_image_data.h"
#include "tensorflow/lite/micro/examples/person_detection/testdata/person_image_data.h"
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/fully_connected.h"
#include "tensorflow/lite/micro/kernels/pooling.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler.h"
#include "tensorflow/lite/micro/models/person_detect_model_data.h"
#include "tensorflow/lite/micro/system_setup.h"

namespace {

using Resolver = tflite::MicroMutableOpResolver<6>;
using Runner = tflite::MicroBenchmarkRunner<int8_t>;

constexpr int kTensorArenaSize = 135 * 1024;
alignas(16) uint8_t tensor_arena[kTensorArenaSize];

// Filled in by main: what their constructors need is not there before.
alignas(Resolver) uint8_t resolver_buffer[sizeof(Resolver)];
alignas(Runner) uint8_t runner_buffer[sizeof(Runner)];

Runner* CreateRunner(tflite::MicroProfiler* profiler) {
  auto* resolver = new (resolver_buffer) Resolver();
  resolver->AddFullyConnected(tflite::Register_FULLY_CONNECTED_INT8());
  resolver->AddConv2D(tflite::Register_CONV_2D_INT8REF());
  resolver->AddDepthwiseConv2D();
  resolver->AddSoftmax();
  resolver->AddAveragePool2D(tflite::Register_AVERAGE_POOL_2D_INT8());
  resolver->AddReshape();
  return new (runner_buffer) Runner(g_person_detect_model_data, resolver,
                                    tensor_arena, kTensorArenaSize, profiler);
}

void Run(int iterations, const char* tag, const unsigned char* image,
         Runner& runner, tflite::MicroProfiler& profiler) {
  tflite::RunBenchmark(iterations, tag, runner, profiler, [&](int) {
    runner.SetInput(reinterpret_cast<const int8_t*>(image));
  });
  if (iterations == 1) profiler.Log();
  MicroPrintf("");
}

}  // namespace

int main(int, char**) {
  tflite::InitializeTarget();
  tflite::MicroProfiler profiler;

  const uint32_t event = profiler.BeginEvent("InitializeBenchmarkRunner");
  Runner* runner = CreateRunner(&profiler);
  profiler.EndEvent(event);
  profiler.Log();
  MicroPrintf("");

  Run(1, "WithPersonDataIterations(1)", g_person_image_data, *runner, profiler);
  Run(1, "NoPersonDataIterations(1)", g_no_person_image_data, *runner,
      profiler);
  Run(10, "WithPersonDataIterations(10)", g_person_image_data, *runner,
      profiler);
  Run(10, "NoPersonDataIterations(10)", g_no_person_image_data, *runner,
      profiler);
  return 0;
}
