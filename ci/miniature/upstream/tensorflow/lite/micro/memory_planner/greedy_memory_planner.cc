// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"

#include <algorithm>

#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {
namespace {

// Insertion keeps equal keys in order, so that the plan does not depend on a
// library's sort.
template <typename Before>
void Insert(int* list, int length, int value, Before before) {
  int place = length;
  while (place > 0 && before(value, list[place - 1])) {
    list[place] = list[place - 1];
    --place;
  }
  list[place] = value;
}

}  // namespace

TfLiteStatus GreedyMemoryPlanner::Init(unsigned char* scratch_buffer,
                                       int scratch_buffer_size) {
  capacity_ = scratch_buffer_size / static_cast<int>(per_buffer_size());
  buffers_ = reinterpret_cast<Buffer*>(scratch_buffer);
  by_size_ = reinterpret_cast<int*>(buffers_ + capacity_);
  by_offset_ = by_size_ + capacity_;
  count_ = 0;
  planned_ = false;
  return kTfLiteOk;
}

TfLiteStatus GreedyMemoryPlanner::AddBuffer(int size, int first_time_used,
                                            int last_time_used) {
  if (count_ >= capacity_) {
    MicroPrintf("Too many buffers (max is %d)", capacity_);
    return kTfLiteError;
  }
  buffers_[count_++] = {size, first_time_used, last_time_used, 0};
  planned_ = false;
  return kTfLiteOk;
}

int GreedyMemoryPlanner::LowestGap(const Buffer& buffer, const int* placed,
                                   int placed_count) {
  int offset = 0;
  for (int i = 0; i < placed_count; ++i) {
    const Buffer& other = buffers_[placed[i]];
    if (other.first_time_used > buffer.last_time_used ||
        other.last_time_used < buffer.first_time_used) {
      continue;
    }
    if (other.offset - offset >= buffer.size) break;
    offset = std::max(offset, other.offset + other.size);
  }
  return offset;
}

void GreedyMemoryPlanner::Plan() {
  if (planned_) return;
  for (int i = 0; i < count_; ++i) {
    Insert(by_size_, i, i, [this](int a, int b) {
      return buffers_[a].size > buffers_[b].size;
    });
  }
  for (int i = 0; i < count_; ++i) {
    Buffer& buffer = buffers_[by_size_[i]];
    buffer.offset = LowestGap(buffer, by_offset_, i);
    Insert(by_offset_, i, by_size_[i], [this](int a, int b) {
      return buffers_[a].offset < buffers_[b].offset;
    });
  }
  planned_ = true;
}

size_t GreedyMemoryPlanner::GetMaximumMemorySize() {
  Plan();
  int end = 0;
  for (int i = 0; i < count_; ++i) {
    end = std::max(end, buffers_[i].offset + buffers_[i].size);
  }
  return static_cast<size_t>(end);
}

TfLiteStatus GreedyMemoryPlanner::GetOffsetForBuffer(int buffer_index,
                                                     int* offset) {
  if (buffer_index < 0 || buffer_index >= count_) {
    MicroPrintf("buffer index %d is outside range 0 to %d", buffer_index,
                count_);
    return kTfLiteError;
  }
  Plan();
  *offset = buffers_[buffer_index].offset;
  return kTfLiteOk;
}

}  // namespace tflite
