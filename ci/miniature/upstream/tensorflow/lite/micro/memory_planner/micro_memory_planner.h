// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_MEMORY_PLANNER_MICRO_MEMORY_PLANNER_H_
#define TENSORFLOW_LITE_MICRO_MEMORY_PLANNER_MICRO_MEMORY_PLANNER_H_

#include <cstddef>

#include "tensorflow/lite/c/c_api_types.h"
#include "tensorflow/lite/micro/compatibility.h"

namespace tflite {

// Decides where in the overlay each buffer lies. Buffers are numbered in the
// order in which they are added; times are numbers of operators, both ends
// included.
class MicroMemoryPlanner {
 public:
  virtual ~MicroMemoryPlanner() {}

  // Memory to plan in. It must last until the last offset has been asked for.
  virtual TfLiteStatus Init(unsigned char*, int) { return kTfLiteOk; }

  virtual TfLiteStatus AddBuffer(int size, int first_time_used,
                                 int last_time_used) = 0;

  virtual size_t GetMaximumMemorySize() = 0;
  virtual int GetBufferCount() = 0;
  virtual TfLiteStatus GetOffsetForBuffer(int buffer_index, int* offset) = 0;

  // Whether every tensor still has its value after the last operator.
  virtual bool preserves_all_tensors() const = 0;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MEMORY_PLANNER_MICRO_MEMORY_PLANNER_H_
