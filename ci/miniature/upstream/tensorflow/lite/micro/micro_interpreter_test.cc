// SPDX-License-Identifier: Apache-2.0
//
// A model of two operators, and what becomes of it when something is wrong.
#include "tensorflow/lite/micro/micro_interpreter.h"

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/micro/testing/micro_test_v2.h"
#include "tensorflow/lite/micro/testing/model_writer.h"

namespace tflite {
namespace testing {
namespace {

constexpr size_t kArenaBytes = 4096;
alignas(16) uint8_t arena[kArenaBytes];

// input [1][4] --FULLY_CONNECTED--> hidden [1][2] --RESHAPE--> output [2]
// With all scales 1 the hidden values are the sums of products themselves.
class TwoOperators {
 public:
  TwoOperators() {
    model_ = w_.Table({{4, 4, 3}, {6, 4, 0}, {8, 4, 0}, {12, 4, 0}});
    w_.LinkRoot(model_);
    WriteCodes();
    WriteBuffers();
    WriteGraph();
  }

  const Model* model() const { return GetModel(w_.data()); }
  bool Verify(uint32_t size) const {
    flatbuffers::Verifier verifier(w_.data(), size);
    return VerifyModelBuffer(verifier);
  }
  uint32_t size() const { return w_.size(); }

  // Overwrites the first field of a table, or an element of a vector.
  void SetFirstField(uint32_t table, int32_t value) {
    w_.Store(table + 4, value);
  }
  void SetElement(uint32_t vector, uint32_t index, int32_t value) {
    w_.Store(vector + 4 + 4 * index, value);
  }

  ModelWriter w_;
  uint32_t model_;
  uint32_t fully_connected_;          // the operator; its code comes first
  uint32_t fully_connected_inputs_;   // {input, weights, bias}
  uint32_t fully_connected_outputs_;  // {hidden}
  uint32_t weights_;                  // the tensor; its buffer comes first
  uint32_t weights_shape_;

 private:
  enum { kInput, kWeights, kBias, kHidden, kOutput, kTensors };
  enum { kNoData, kWeightData, kBiasData, kBuffers };

  void WriteCodes() {
    const uint32_t codes = w_.References(2);
    w_.Link(model_, 6, codes);
    w_.LinkElement(codes, 0,
                   w_.Table({{4, 1, BuiltinOperator_FULLY_CONNECTED},
                             {10, 4, BuiltinOperator_FULLY_CONNECTED}}));
    // As in models from before codes had four bytes.
    w_.LinkElement(codes, 1, w_.Table({{4, 1, BuiltinOperator_RESHAPE}}));
  }

  void WriteBuffers() {
    const uint32_t buffers = w_.References(kBuffers);
    w_.Link(model_, 12, buffers);
    w_.LinkElement(buffers, kNoData, w_.Table({}));
    const uint32_t weights = w_.Table({{4, 4, 0}});
    w_.LinkElement(buffers, kWeightData, weights);
    w_.Link(weights, 4, w_.Vector<int8_t>({1, 2, 3, 4, -1, 0, 1, -2}));
    const uint32_t bias = w_.Table({{4, 4, 0}});
    w_.LinkElement(buffers, kBiasData, bias);
    // 8 bytes, as two int32 in a vector of bytes.
    w_.Link(bias, 4, w_.Vector<int8_t>({10, 0, 0, 0, -5, -1, -1, -1}));
  }

  // Returns the tensor; its shape is written into *shape.
  uint32_t WriteTensor(TensorType type, int buffer,
                       std::initializer_list<int32_t> dims, uint32_t* shape) {
    const uint32_t tensor =
        w_.Table({{8, 4, buffer}, {6, 1, type}, {4, 4, 0}, {12, 4, 0}});
    *shape = w_.Vector<int32_t>(dims);
    w_.Link(tensor, 4, *shape);
    const uint32_t quantization = w_.Table({{8, 4, 0}, {10, 4, 0}});
    w_.Link(tensor, 12, quantization);
    w_.Link(quantization, 8, w_.Vector<float>({1.0f}));
    w_.Link(quantization, 10, w_.Vector<int64_t>({0}));
    return tensor;
  }

  void WriteGraph() {
    const uint32_t graphs = w_.References(1);
    w_.Link(model_, 8, graphs);
    const uint32_t graph =
        w_.Table({{4, 4, 0}, {6, 4, 0}, {8, 4, 0}, {10, 4, 0}});
    w_.LinkElement(graphs, 0, graph);

    uint32_t shape;
    const uint32_t tensors = w_.References(kTensors);
    w_.Link(graph, 4, tensors);
    w_.LinkElement(tensors, kInput,
                   WriteTensor(TensorType_INT8, kNoData, {1, 4}, &shape));
    weights_ =
        WriteTensor(TensorType_INT8, kWeightData, {2, 4}, &weights_shape_);
    w_.LinkElement(tensors, kWeights, weights_);
    w_.LinkElement(tensors, kBias,
                   WriteTensor(TensorType_INT32, kBiasData, {2}, &shape));
    w_.LinkElement(tensors, kHidden,
                   WriteTensor(TensorType_INT8, kNoData, {1, 2}, &shape));
    w_.LinkElement(tensors, kOutput,
                   WriteTensor(TensorType_INT8, kNoData, {2}, &shape));
    w_.Link(graph, 6, w_.Vector<int32_t>({kInput}));
    w_.Link(graph, 8, w_.Vector<int32_t>({kOutput}));

    const uint32_t operators = w_.References(2);
    w_.Link(graph, 10, operators);
    fully_connected_ = w_.Table({{4, 4, 0},
                                 {6, 4, 0},
                                 {8, 4, 0},
                                 {10, 1, BuiltinOptions_FullyConnectedOptions},
                                 {12, 4, 0}});
    w_.LinkElement(operators, 0, fully_connected_);
    fully_connected_inputs_ = w_.Vector<int32_t>({kInput, kWeights, kBias});
    fully_connected_outputs_ = w_.Vector<int32_t>({kHidden});
    w_.Link(fully_connected_, 6, fully_connected_inputs_);
    w_.Link(fully_connected_, 8, fully_connected_outputs_);
    w_.Link(fully_connected_, 12, w_.Table({{4, 1, 0}}));
    const uint32_t reshape = w_.Table({{4, 4, 1}, {6, 4, 0}, {8, 4, 0}});
    w_.LinkElement(operators, 1, reshape);
    w_.Link(reshape, 6, w_.Vector<int32_t>({kHidden}));
    w_.Link(reshape, 8, w_.Vector<int32_t>({kOutput}));
  }
};

class Names : public MicroProfilerInterface {
 public:
  uint32_t BeginEvent(const char* tag) override {
    if (count_ < 2) tags_[count_] = tag;
    return count_++;
  }
  void EndEvent(uint32_t event_handle) override { last_ = event_handle; }

  const char* tags_[2] = {};
  uint32_t count_ = 0;
  uint32_t last_ = 0;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

using Resolver = MicroMutableOpResolver<2>;

Resolver BothOperators() {
  Resolver resolver;
  resolver.AddFullyConnected();
  resolver.AddReshape();
  return resolver;
}

TfLiteStatus Allocate(const TwoOperators& m, size_t arena_bytes = kArenaBytes) {
  const Resolver resolver = BothOperators();
  MicroInterpreter interpreter(m.model(), resolver, arena, arena_bytes);
  return interpreter.AllocateTensors();
}

void SetInput(MicroInterpreter* interpreter) {
  int8_t* input = interpreter->typed_input_tensor<int8_t>(0);
  for (int i = 0; i < 4; ++i) input[i] = static_cast<int8_t>(i + 1);
}

TEST(MicroInterpreterTest, RunsTheOperatorsInOrder) {
  const TwoOperators m;
  const Resolver resolver = BothOperators();
  Names names;
  MicroInterpreter interpreter(m.model(), resolver, arena, kArenaBytes, nullptr,
                               &names);
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
  ASSERT_EQ(interpreter.inputs_size(), 1u);
  ASSERT_EQ(interpreter.outputs_size(), 1u);
  EXPECT_EQ(interpreter.input(0)->bytes, 4u);
  EXPECT_EQ(interpreter.input(0)->dims->size, 2);
  EXPECT_TRUE(interpreter.input(1) == nullptr);

  SetInput(&interpreter);
  ASSERT_EQ(interpreter.Invoke(), kTfLiteOk);
  // 1*1 + 2*2 + 3*3 + 4*4 + 10; the bias of -5 has its high bytes set, so the
  // other one is -1*1 + 0 + 1*3 - 2*4 - 5.
  EXPECT_EQ(interpreter.output(0)->data.int8[0], 40);
  EXPECT_EQ(interpreter.output(0)->data.int8[1], -11);

  EXPECT_EQ(names.count_, 2u);
  EXPECT_EQ(names.last_, 1u);
  EXPECT_STREQ(names.tags_[0], "FULLY_CONNECTED");
  EXPECT_STREQ(names.tags_[1], "RESHAPE");
}

TEST(MicroInterpreterTest, TellsHowMuchOfTheArenaItUses) {
  const TwoOperators m;
  const Resolver resolver = BothOperators();
  MicroInterpreter interpreter(m.model(), resolver, arena, kArenaBytes);
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
  const size_t used = interpreter.arena_used_bytes();
  EXPECT_GT(used, 0u);
  EXPECT_LT(used, kArenaBytes);
  // Just that much is not enough to plan in; half of it not even to begin.
  EXPECT_EQ(Allocate(m, used / 2), kTfLiteError);
  EXPECT_EQ(Allocate(m, 64), kTfLiteError);
}

TEST(MicroInterpreterTest, GetTensorNeedsPreservedTensors) {
  const TwoOperators m;
  const Resolver resolver = BothOperators();
  {
    MicroInterpreter interpreter(m.model(), resolver, arena, kArenaBytes);
    ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
    EXPECT_TRUE(interpreter.GetTensor(3) == nullptr);
  }
  MicroInterpreter interpreter(m.model(), resolver, arena, kArenaBytes, nullptr,
                               nullptr, true);
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
  SetInput(&interpreter);
  ASSERT_EQ(interpreter.Invoke(), kTfLiteOk);
  ASSERT_TRUE(interpreter.GetTensor(3) != nullptr);
  EXPECT_EQ(interpreter.GetTensor(3)->data.int8[0], 40);
  EXPECT_TRUE(interpreter.GetTensor(5) == nullptr);
}

TEST(MicroInterpreterTest, MissingKernel) {
  const TwoOperators m;
  Resolver resolver;
  resolver.AddFullyConnected();
  EXPECT_EQ(resolver.AddFullyConnected(), kTfLiteError);
  MicroInterpreter interpreter(m.model(), resolver, arena, kArenaBytes);
  EXPECT_EQ(interpreter.initialization_status(), kTfLiteOk);
  EXPECT_EQ(interpreter.AllocateTensors(), kTfLiteError);
  EXPECT_EQ(interpreter.Invoke(), kTfLiteError);
}

TEST(MicroInterpreterTest, RejectsNumbersOutOfRange) {
  {
    TwoOperators m;
    m.SetFirstField(m.fully_connected_, 2);  // two codes
    EXPECT_EQ(Allocate(m), kTfLiteError);
  }
  {
    TwoOperators m;
    m.SetElement(m.fully_connected_inputs_, 2, 5);  // five tensors
    EXPECT_EQ(Allocate(m), kTfLiteError);
  }
  {
    TwoOperators m;
    m.SetElement(m.fully_connected_outputs_, 0, 1);  // a constant
    EXPECT_EQ(Allocate(m), kTfLiteError);
  }
  {
    TwoOperators m;
    m.SetFirstField(m.weights_, 3);  // three buffers
    EXPECT_EQ(Allocate(m), kTfLiteError);
  }
  {
    TwoOperators m;
    m.SetElement(m.weights_shape_, 1, 3);  // 6 weights in 8 bytes
    EXPECT_EQ(Allocate(m), kTfLiteError);
  }
  {
    TwoOperators m;
    m.SetElement(m.weights_shape_, 0, -2);
    EXPECT_EQ(Allocate(m), kTfLiteError);
  }
  {
    TwoOperators m;
    m.SetFirstField(m.model_, 2);  // schema version
    EXPECT_EQ(Allocate(m), kTfLiteError);
  }
}

TEST(ModelTest, VerifierAcceptsTheModel) {
  const TwoOperators m;
  EXPECT_TRUE(m.Verify(m.size()));
}

TEST(ModelTest, VerifierRejectsEveryShorterModel) {
  const TwoOperators m;
  for (uint32_t size = 0; size + 4 < m.size(); ++size) {
    EXPECT_FALSE(m.Verify(size));
  }
}

// Whatever a single wrong word makes of the model: an answer, and no access
// beyond its end.
TEST(ModelTest, VerifierSurvivesEveryWrongWord) {
  const int32_t words[] = {-1, 0x7fffffff, static_cast<int32_t>(0x80000000u),
                           0x10000};
  for (const int32_t word : words) {
    TwoOperators m;
    for (uint32_t at = 0; at + 4 <= m.size(); at += 4) {
      const auto before = m.w_.Load<int32_t>(at);
      m.w_.Store(at, word);
      m.Verify(m.size());
      m.w_.Store(at, before);
    }
    EXPECT_TRUE(m.Verify(m.size()));
  }
}

}  // namespace
}  // namespace testing
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
