// SPDX-License-Identifier: Apache-2.0
//
// What the benchmarks share: a model that is run over and over.
#ifndef TENSORFLOW_LITE_MICRO_BENCHMARKS_MICRO_BENCHMARK_H_
#define TENSORFLOW_LITE_MICRO_BENCHMARKS_MICRO_BENCHMARK_H_

#include <cstdint>
#include <limits>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler.h"
#include "tensorflow/lite/micro/micro_time.h"

namespace tflite {

template <typename inputT>
class MicroBenchmarkRunner {
 public:
  // All of it must outlive the runner. No operator has resource variables.
  MicroBenchmarkRunner(const uint8_t* model, const MicroOpResolver* op_resolver,
                       uint8_t* tensor_arena, int tensor_arena_size,
                       MicroProfilerInterface* profiler,
                       int /*num_resource_variables*/ = 0)
      : allocator_(MicroAllocator::Create(
            tensor_arena, static_cast<size_t>(tensor_arena_size))),
        interpreter_(GetModel(model), *op_resolver, allocator_, nullptr,
                     profiler) {
    interpreter_.AllocateTensors();
  }

  void RunSingleIteration() {
    if (interpreter_.Invoke() != kTfLiteOk) MicroPrintf("Invoke failed.");
  }

  int NumInputs() { return static_cast<int>(interpreter_.inputs_size()); }

  // The same values for the same seed, whatever the C library.
  void SetRandomInput(int random_seed, int input_index = 0) {
    TfLiteTensor* input = interpreter_.input(static_cast<size_t>(input_index));
    inputT* values = GetTensorData<inputT>(input);
    uint32_t state = static_cast<uint32_t>(random_seed);
    for (size_t i = 0; i < input->bytes / sizeof(inputT); ++i) {
      state = state * 1664525u + 1013904223u;
      values[i] = static_cast<inputT>(state >> 24);
    }
  }

  void SetInput(const inputT* custom_input, int input_index = 0) {
    TfLiteTensor* input = interpreter_.input(static_cast<size_t>(input_index));
    inputT* values = GetTensorData<inputT>(input);
    for (size_t i = 0; i < input->bytes / sizeof(inputT); ++i) {
      values[i] = custom_input[i];
    }
  }

  void PrintAllocations() const {
    const SingleArenaBufferAllocator& arena = *allocator_->arena();
    MicroPrintf("[RecordingMicroAllocator] Arena allocation total %d bytes",
                static_cast<int>(arena.GetUsedBytes()));
    MicroPrintf("[RecordingMicroAllocator] Arena allocation head %d bytes",
                static_cast<int>(arena.GetNonPersistentUsedBytes()));
    MicroPrintf("[RecordingMicroAllocator] Arena allocation tail %d bytes",
                static_cast<int>(arena.GetPersistentUsedBytes()));
  }

 private:
  MicroAllocator* allocator_;
  MicroInterpreter interpreter_;
};

// Runs the model `iterations` times, each time after `prepare(i)`, and prints
// the sum of its operators' times.
template <typename inputT, typename Prepare>
void RunBenchmark(int iterations, const char* tag,
                  MicroBenchmarkRunner<inputT>& runner, MicroProfiler& profiler,
                  Prepare prepare) {
  uint32_t ticks = 0;
  for (int i = 0; i < iterations; ++i) {
    prepare(i);
    profiler.ClearEvents();
    runner.RunSingleIteration();
    ticks += profiler.GetTotalTicks();
  }
  MicroPrintf("%s took %u ticks (%u ms)", tag, static_cast<unsigned>(ticks),
              static_cast<unsigned>(TicksToMs(static_cast<int32_t>(ticks))));
}

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_BENCHMARKS_MICRO_BENCHMARK_H_
