// SPDX-License-Identifier: Apache-2.0
//
// One buffer after the other: needs the most memory and loses nothing.
#ifndef TENSORFLOW_LITE_MICRO_MEMORY_PLANNER_LINEAR_MEMORY_PLANNER_H_
#define TENSORFLOW_LITE_MICRO_MEMORY_PLANNER_LINEAR_MEMORY_PLANNER_H_

#include "tensorflow/lite/micro/memory_planner/micro_memory_planner.h"

namespace tflite {

class LinearMemoryPlanner : public MicroMemoryPlanner {
 public:
  TfLiteStatus Init(unsigned char* scratch_buffer,
                    int scratch_buffer_size) override {
    offsets_ = reinterpret_cast<int*>(scratch_buffer);
    capacity_ = scratch_buffer_size / static_cast<int>(sizeof(int));
    count_ = 0;
    end_ = 0;
    return kTfLiteOk;
  }

  TfLiteStatus AddBuffer(int size, int, int) override {
    if (count_ >= capacity_) return kTfLiteError;
    offsets_[count_++] = end_;
    end_ += size;
    return kTfLiteOk;
  }

  size_t GetMaximumMemorySize() override { return static_cast<size_t>(end_); }
  int GetBufferCount() override { return count_; }

  TfLiteStatus GetOffsetForBuffer(int buffer_index, int* offset) override {
    if (buffer_index < 0 || buffer_index >= count_) return kTfLiteError;
    *offset = offsets_[buffer_index];
    return kTfLiteOk;
  }

  bool preserves_all_tensors() const override { return true; }

 private:
  int* offsets_ = nullptr;
  int capacity_ = 0;
  int count_ = 0;
  int end_ = 0;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MEMORY_PLANNER_LINEAR_MEMORY_PLANNER_H_
