// SPDX-License-Identifier: Apache-2.0
//
// A gesture model with convolutions of every kind, on random input.
#include <new>

#include "tensorflow/lite/micro/benchmarks/micro_benchmark.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler.h"
#include "tensorflow/lite/micro/models/gesture_model_data.h"
#include "tensorflow/lite/micro/system_setup.h"

namespace {

using Resolver = tflite::MicroMutableOpResolver<5>;
using Runner = tflite::MicroBenchmarkRunner<int8_t>;

constexpr int kTensorArenaSize = 16 * 1024;
alignas(16) uint8_t tensor_arena[kTensorArenaSize];

// Filled in by main: what their constructors need is not there before.
alignas(Resolver) uint8_t resolver_buffer[sizeof(Resolver)];
alignas(Runner) uint8_t runner_buffer[sizeof(Runner)];

Runner* CreateRunner(tflite::MicroProfiler* profiler) {
  auto* resolver = new (resolver_buffer) Resolver();
  resolver->AddConv2D();
  resolver->AddDepthwiseConv2D();
  resolver->AddAveragePool2D();
  resolver->AddFullyConnected();
  resolver->AddSoftmax();
  return new (runner_buffer) Runner(g_gesture_model_data, resolver,
                                    tensor_arena, kTensorArenaSize, profiler);
}

void Run(int iterations, const char* tag, Runner& runner,
         tflite::MicroProfiler& profiler) {
  tflite::RunBenchmark(iterations, tag, runner, profiler,
                       [&](int seed) { runner.SetRandomInput(seed); });
  if (iterations == 1) profiler.Log();
  MicroPrintf("");
}

}  // namespace

int main(int, char**) {
  tflite::InitializeTarget();
  tflite::MicroProfiler profiler;

  const uint32_t event = profiler.BeginEvent("InitializeGestureRunner");
  Runner* runner = CreateRunner(&profiler);
  profiler.EndEvent(event);
  profiler.Log();
  MicroPrintf("");

  Run(1, "GestureRunNIerations(1)", *runner, profiler);
  Run(10, "GestureRunNIerations(10)", *runner, profiler);
  runner->PrintAllocations();
  return 0;
}
