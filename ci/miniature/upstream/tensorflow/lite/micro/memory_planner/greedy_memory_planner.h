// SPDX-License-Identifier: Apache-2.0
//
// Places the largest buffer first, each one into the lowest gap between those
// placed before it that are alive at the same time.
#ifndef TENSORFLOW_LITE_MICRO_MEMORY_PLANNER_GREEDY_MEMORY_PLANNER_H_
#define TENSORFLOW_LITE_MICRO_MEMORY_PLANNER_GREEDY_MEMORY_PLANNER_H_

#include "tensorflow/lite/micro/memory_planner/micro_memory_planner.h"

namespace tflite {

class GreedyMemoryPlanner : public MicroMemoryPlanner {
 public:
  TfLiteStatus Init(unsigned char* scratch_buffer,
                    int scratch_buffer_size) override;
  TfLiteStatus AddBuffer(int size, int first_time_used,
                         int last_time_used) override;
  size_t GetMaximumMemorySize() override;
  int GetBufferCount() override { return count_; }
  TfLiteStatus GetOffsetForBuffer(int buffer_index, int* offset) override;
  bool preserves_all_tensors() const override { return false; }

  // How much of the memory given to Init one buffer takes.
  static size_t per_buffer_size() { return sizeof(Buffer) + 2 * sizeof(int); }

 private:
  struct Buffer {
    int size;
    int first_time_used;
    int last_time_used;
    int offset;
  };

  void Plan();
  int LowestGap(const Buffer& buffer, const int* placed, int placed_count);

  Buffer* buffers_ = nullptr;
  int* by_size_ = nullptr;    // largest first
  int* by_offset_ = nullptr;  // those already placed, lowest first
  int capacity_ = 0;
  int count_ = 0;
  bool planned_ = false;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MEMORY_PLANNER_GREEDY_MEMORY_PLANNER_H_
