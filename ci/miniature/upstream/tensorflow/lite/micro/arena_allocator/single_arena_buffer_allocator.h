// SPDX-License-Identifier: Apache-2.0
//
// One block of memory, shared by three kinds of use:
//
//   head --> [ overlay | temporary -->   free   <-- persistent ] <-- tail
//
// The overlay is reserved as a whole and laid out by the memory planner.
// Temporary memory is a stack that is emptied at once. Persistent memory grows
// down from the end and is never given back.
#ifndef TENSORFLOW_LITE_MICRO_ARENA_ALLOCATOR_SINGLE_ARENA_BUFFER_ALLOCATOR_H_
#define TENSORFLOW_LITE_MICRO_ARENA_ALLOCATOR_SINGLE_ARENA_BUFFER_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/c/c_api_types.h"

namespace tflite {

class SingleArenaBufferAllocator {
 public:
  SingleArenaBufferAllocator(uint8_t* buffer, size_t buffer_size);

  // Puts the allocator itself into the arena's tail. Null if it does not fit.
  static SingleArenaBufferAllocator* Create(uint8_t* buffer,
                                            size_t buffer_size);

  // Null, and a line of text, when the memory does not suffice.
  uint8_t* AllocatePersistentBuffer(size_t size, size_t alignment);
  uint8_t* AllocateTemp(size_t size, size_t alignment);

  void DeallocateTemp(uint8_t* buffer);
  bool IsAllTempDeallocated() const { return live_temps_ == 0; }

  // Fails while temporary memory is still in use.
  TfLiteStatus ResetTempAllocations();

  uint8_t* GetOverlayMemoryAddress() const { return buffer_head_; }
  // Only while there is no temporary memory.
  TfLiteStatus ReserveNonPersistentOverlayMemory(size_t size, size_t alignment);

  size_t GetNonPersistentUsedBytes() const;
  size_t GetPersistentUsedBytes() const;
  size_t GetUsedBytes() const;
  size_t GetAvailableMemory(size_t alignment) const;

 private:
  uint8_t* buffer_head_;
  uint8_t* buffer_tail_;
  uint8_t* head_;  // where the overlay ends
  uint8_t* temp_;  // where the temporary memory ends
  uint8_t* tail_;  // where the persistent memory begins
  int live_temps_ = 0;
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_ARENA_ALLOCATOR_SINGLE_ARENA_BUFFER_ALLOCATOR_H_
