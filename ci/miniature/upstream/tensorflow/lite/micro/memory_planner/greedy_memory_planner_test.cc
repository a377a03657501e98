// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"

#include "tensorflow/lite/micro/testing/micro_test_v2.h"

namespace tflite {
namespace {

alignas(8) unsigned char scratch[512];

int OffsetOf(GreedyMemoryPlanner* planner, int buffer) {
  int offset = -1;
  EXPECT_EQ(planner->GetOffsetForBuffer(buffer, &offset), kTfLiteOk);
  return offset;
}

TEST(GreedyMemoryPlannerTest, BuffersOfDifferentTimesShareMemory) {
  GreedyMemoryPlanner planner;
  planner.Init(scratch, sizeof(scratch));
  planner.AddBuffer(100, 0, 1);
  planner.AddBuffer(50, 2, 3);
  planner.AddBuffer(20, 1, 2);
  EXPECT_EQ(OffsetOf(&planner, 0), 0);
  EXPECT_EQ(OffsetOf(&planner, 1), 0);
  EXPECT_EQ(OffsetOf(&planner, 2), 100);
  EXPECT_EQ(planner.GetMaximumMemorySize(), 120u);
}

TEST(GreedyMemoryPlannerTest, FillsGaps) {
  GreedyMemoryPlanner planner;
  planner.Init(scratch, sizeof(scratch));
  planner.AddBuffer(40, 0, 1);
  planner.AddBuffer(30, 0, 3);
  planner.AddBuffer(20, 2, 3);  // fits where the first one was
  planner.AddBuffer(20, 2, 3);  // and beside it
  planner.AddBuffer(10, 2, 3);  // but this one does not
  EXPECT_EQ(OffsetOf(&planner, 1), 40);
  EXPECT_EQ(OffsetOf(&planner, 2), 0);
  EXPECT_EQ(OffsetOf(&planner, 3), 20);
  EXPECT_EQ(OffsetOf(&planner, 4), 70);
  EXPECT_EQ(planner.GetMaximumMemorySize(), 80u);
}

TEST(GreedyMemoryPlannerTest, KnowsItsLimits) {
  GreedyMemoryPlanner planner;
  planner.Init(scratch, static_cast<int>(2 * planner.per_buffer_size()));
  EXPECT_EQ(planner.AddBuffer(1, 0, 0), kTfLiteOk);
  EXPECT_EQ(planner.AddBuffer(1, 0, 0), kTfLiteOk);
  EXPECT_EQ(planner.AddBuffer(1, 0, 0), kTfLiteError);
  int offset;
  EXPECT_EQ(planner.GetOffsetForBuffer(2, &offset), kTfLiteError);
  EXPECT_EQ(planner.GetBufferCount(), 2);
}

}  // namespace
}  // namespace tflite

TF_LITE_MICRO_TESTS_MAIN
