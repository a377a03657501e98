// SPDX-License-Identifier: Apache-2.0
//
// layers MODEL INPUT... : runs a model on each input, a file with the tensor's
// bytes, and prints `crc OPERATOR NAME 0x<CRC-32 of its output>` for every
// operator, then the arena in use.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_utils.h"

namespace {

alignas(16) uint8_t arena[256 * 1024];

std::vector<char> ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

uint32_t Crc32(const uint8_t* data, size_t size) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
    }
  }
  return ~crc;
}

// Tensors share memory, so each is looked at when its operator ends.
class Layers : public tflite::MicroInterpreter, tflite::MicroProfilerInterface {
 public:
  Layers(const tflite::Model* model, const tflite::MicroOpResolver& resolver)
      : MicroInterpreter(model, resolver, arena, sizeof(arena), nullptr, this),
        operators_(model->subgraphs()->Get(0)->operators()) {}

  uint32_t BeginEvent(const char* tag) override {
    name_ = tag;
    return count_++;
  }
  void EndEvent(uint32_t event) override {
    const uint32_t i = event % operators_->size();
    const auto* outputs = operators_->Get(i)->outputs();
    const TfLiteEvalTensor* tensor =
        context().GetEvalTensor(&context(), outputs->Get(0));
    const size_t bytes = tflite::EvalTensorBytes(tensor);
    std::printf("crc %u %s 0x%08x\n", i, name_,
                Crc32(tensor->data.uint8, bytes));
  }

 private:
  const flatbuffers::Vector<flatbuffers::Offset<tflite::Operator>>* operators_;
  const char* name_ = nullptr;
  uint32_t count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<char> bytes = ReadFile(argv[1]);
  auto* model = static_cast<uint8_t*>(
      std::aligned_alloc(16, (bytes.size() + 15) / 16 * 16));
  std::memcpy(model, bytes.data(), bytes.size());
  flatbuffers::Verifier verifier(model, bytes.size());
  if (!tflite::VerifyModelBuffer(verifier)) return 1;

  tflite::MicroMutableOpResolver<6> resolver;
  resolver.AddAveragePool2D();
  resolver.AddConv2D();
  resolver.AddDepthwiseConv2D();
  resolver.AddFullyConnected();
  resolver.AddReshape();
  resolver.AddSoftmax();
  Layers layers(tflite::GetModel(model), resolver);
  if (layers.AllocateTensors() != kTfLiteOk) return 1;
  for (int i = 2; i < argc; ++i) {
    const std::vector<char> input = ReadFile(argv[i]);
    if (input.size() != layers.input(0)->bytes) return 1;
    std::memcpy(layers.input(0)->data.raw, input.data(), input.size());
    if (layers.Invoke() != kTfLiteOk) return 1;
  }
  std::printf("arena %zu\n", layers.arena_used_bytes());
  return 0;
}
