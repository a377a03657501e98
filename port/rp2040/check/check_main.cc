// SPDX-License-Identifier: Apache-2.0
//
// One inference of one model, with the CRC-32 of every operator's outputs, for comparison with
// the same model run by TensorFlow Lite Micro on the host. Before it, if asked for, one inference
// is timed, with its operators, in the form of upstream's benchmarks.
//
// Prints, on the SDK's stdio:
//   Inference(1) took <n> ticks (<n> ms)   if timed, and of each operator
//   <name> took <n> ticks (<n> ms).
//   crc <operator> <name> 0x<CRC-32 of its outputs' bytes, in order>
//   arena <bytes of the arena in use>
//   slow <reason> <how often a kernel could not go its fast way>
//   check done
// or `check failed: <why>`.
//
// Definitions:
//   CHECK_MODEL_HEADER, CHECK_MODEL               header and symbol of the model
//   CHECK_INPUT_HEADER, CHECK_INPUT, CHECK_INPUT_SIZE   the same of the input, and its bytes;
//                                                 several inputs lie one behind the other
//   CHECK_SEED                                    instead: noise of that seed, as port.toml has it
//   CHECK_OPERATORS                               calls of `ops`, a MicroMutableOpResolver, with
//                                                 commas between them; by default what image
//                                                 networks have
//   CHECK_ARENA_SIZE                              bytes
//   CHECK_TIMED                                   1: time an inference first

#include <cstddef>
#include <cstdint>
#include <cstring>

#include CHECK_MODEL_HEADER
#ifdef CHECK_INPUT_HEADER
#include CHECK_INPUT_HEADER
#endif

#include "slow_path.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/micro/micro_time.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

#ifndef CHECK_OPERATORS
#define CHECK_OPERATORS                                              \
  ops.AddAveragePool2D(), ops.AddConv2D(), ops.AddDepthwiseConv2D(), \
      ops.AddFullyConnected(), ops.AddReshape(), ops.AddSoftmax()
#endif
#ifndef CHECK_TIMED
#define CHECK_TIMED 0
#endif

namespace {

using Ops = tflite::MicroMutableOpResolver<6>;

alignas(16) uint8_t arena[CHECK_ARENA_SIZE];

// CRC-32 as in zlib (reflected polynomial 0xEDB88320), four bits a step: 64 bytes of table.
uint32_t Crc32(uint32_t crc, const uint8_t* data, size_t size) {
  static const uint32_t table[16] = {
      0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
      0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
      0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
  };
  crc = ~crc;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    crc = (crc >> 4) ^ table[crc & 15];
    crc = (crc >> 4) ^ table[crc & 15];
  }
  return ~crc;
}

// MicroInterpreter::GetTensor serves only interpreters that keep every tensor, for which a Pico
// has no room; an operator's outputs are still there when it ends.
class Interpreter : public tflite::MicroInterpreter {
 public:
  using tflite::MicroInterpreter::MicroInterpreter;

  const TfLiteEvalTensor* Tensor(int index) const {
    return context().GetEvalTensor(&context(), index);
  }
};

// Takes the place of a profiler: TFLM tells it when each operator begins and ends. Operators of
// subgraphs (of IF, WHILE, CALL_ONCE) end inside their caller's event and are left out.
class OutputChecker : public tflite::MicroProfilerInterface {
 public:
  explicit OutputChecker(const tflite::Model* model) : model_(model) {}

  void Watch(const Interpreter* interpreter) { interpreter_ = interpreter; }

  uint32_t BeginEvent(const char* tag) override {
    if (depth_++ == 0) name_ = tag;
    return 0;
  }

  void EndEvent(uint32_t) override {
    if (--depth_ != 0 || interpreter_ == nullptr) return;
    const auto* outputs = model_->subgraphs()->Get(0)->operators()->Get(operator_)->outputs();
    uint32_t crc = 0;
    for (size_t i = 0; i < outputs->size(); ++i) {
      const int index = outputs->Get(i);
      if (index < 0) continue;  // an optional output the model leaves out
      const TfLiteEvalTensor* tensor = interpreter_->Tensor(index);
      size_t bytes = 0;
      if (tflite::TfLiteEvalTensorByteLength(tensor, &bytes) != kTfLiteOk) {
        failed_ = true;
        return;
      }
      crc = Crc32(crc, static_cast<const uint8_t*>(tensor->data.data), bytes);
    }
    MicroPrintf("crc %d %s 0x%08x", static_cast<int>(operator_), name_,
                static_cast<unsigned int>(crc));
    ++operator_;
  }

  bool complete() const {
    return !failed_ && operator_ == model_->subgraphs()->Get(0)->operators()->size();
  }

 private:
  const tflite::Model* model_;
  const Interpreter* interpreter_ = nullptr;
  const char* name_ = "";
  int depth_ = 0;
  uint32_t operator_ = 0;
  bool failed_ = false;
};

#ifdef CHECK_SEED

// Fills the model's inputs with noise: syncer.tree.models.noise has the same.
bool SetInputs(Interpreter& interpreter) {
  uint32_t state = CHECK_SEED;
  for (size_t i = 0; i < interpreter.inputs_size(); ++i) {
    TfLiteTensor* input = interpreter.input(i);
    for (size_t at = 0; at < input->bytes; ++at) {
      state = state * 1664525u + 1013904223u;
      input->data.uint8[at] = static_cast<uint8_t>(state >> 24);
    }
  }
  return true;
}

#else

// Fills the model's inputs from CHECK_INPUT; false when the sizes do not add up.
bool SetInputs(Interpreter& interpreter) {
  size_t used = 0;
  for (size_t i = 0; i < interpreter.inputs_size(); ++i) {
    TfLiteTensor* input = interpreter.input(i);
    if (used + input->bytes > CHECK_INPUT_SIZE) return false;
    std::memcpy(input->data.raw, CHECK_INPUT + used, input->bytes);
    used += input->bytes;
  }
  return used == CHECK_INPUT_SIZE;
}

#endif

#if CHECK_TIMED

// The first inference is not timed, as upstream's benchmarks have it: it launches core 1, and the
// flash cache holds nothing of use.
const char* Time(const tflite::Model* model, const Ops& ops) {
  static tflite::MicroProfiler profiler;
  Interpreter interpreter(model, ops, arena, sizeof(arena), nullptr, &profiler);
  if (interpreter.AllocateTensors() != kTfLiteOk) return "tensors not allocated";
  for (int run = 0; run < 2; ++run) {
    if (!SetInputs(interpreter)) return "the input's size is not the model's";
    profiler.ClearEvents();
    if (interpreter.Invoke() != kTfLiteOk) return "the model did not run";
  }
  const int32_t ticks = profiler.GetTotalTicks();
  MicroPrintf("Inference(1) took %d ticks (%d ms)", static_cast<int>(ticks),
              static_cast<int>(tflite::TicksToMs(ticks)));
  profiler.Log();
  MicroPrintf("");
  return nullptr;
}

#endif

const char* Check() {
  const tflite::Model* model = tflite::GetModel(CHECK_MODEL);
  static Ops ops;
  CHECK_OPERATORS;
#if CHECK_TIMED
  if (const char* failure = Time(model, ops)) return failure;
#endif

  static OutputChecker checker(model);
  static Interpreter interpreter(model, ops, arena, sizeof(arena), nullptr, &checker);
  if (interpreter.AllocateTensors() != kTfLiteOk) return "tensors not allocated";
  if (!SetInputs(interpreter)) return "the input's size is not the model's";
  checker.Watch(&interpreter);
  if (interpreter.Invoke() != kTfLiteOk) return "the model did not run";
  if (!checker.complete()) return "an operator's outputs could not be read";
  MicroPrintf("arena %u", static_cast<unsigned int>(interpreter.arena_used_bytes()));
  for (int i = 0; i < SLOW_PATH_REASONS; ++i) {
    const auto reason = static_cast<slow_path_reason>(i);
    MicroPrintf("slow %s %u", slow_path_name(reason),
                static_cast<unsigned int>(slow_path_count(reason)));
  }
  return nullptr;
}

}  // namespace

int main() {
  tflite::InitializeTarget();
  const char* failure = Check();
  if (failure != nullptr) {
    MicroPrintf("check failed: %s", failure);
    return 1;
  }
  MicroPrintf("check done");
  return 0;
}
