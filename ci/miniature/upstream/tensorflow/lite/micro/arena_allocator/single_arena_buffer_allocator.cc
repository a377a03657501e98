// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h"

#include <new>

#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_arena_constants.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {
namespace {

void ReportShortage(const char* what, size_t wanted, size_t available) {
  MicroPrintf(
      "Arena too small for %s. Requested: %u, available: %u, missing: %u", what,
      static_cast<unsigned>(wanted), static_cast<unsigned>(available),
      static_cast<unsigned>(wanted - available));
  (void)what, (void)wanted, (void)available;
}

}  // namespace

SingleArenaBufferAllocator::SingleArenaBufferAllocator(uint8_t* buffer,
                                                       size_t buffer_size)
    : buffer_head_(AlignPointerUp(
          buffer, static_cast<size_t>(MicroArenaBufferAlignment()))),
      buffer_tail_(buffer + buffer_size),
      head_(buffer_head_),
      temp_(buffer_head_),
      tail_(buffer_tail_) {}

SingleArenaBufferAllocator* SingleArenaBufferAllocator::Create(
    uint8_t* buffer, size_t buffer_size) {
  SingleArenaBufferAllocator first(buffer, buffer_size);
  uint8_t* place = first.AllocatePersistentBuffer(
      sizeof(SingleArenaBufferAllocator), alignof(SingleArenaBufferAllocator));
  return place == nullptr ? nullptr
                          : new (place) SingleArenaBufferAllocator(first);
}

uint8_t* SingleArenaBufferAllocator::AllocatePersistentBuffer(
    size_t size, size_t alignment) {
  const size_t available =
      tail_ > temp_ ? static_cast<size_t>(tail_ - temp_) : 0;
  if (size > available || AlignPointerDown(tail_ - size, alignment) < temp_) {
    ReportShortage("persistent buffer", size, available);
    return nullptr;
  }
  tail_ = AlignPointerDown(tail_ - size, alignment);
  return tail_;
}

uint8_t* SingleArenaBufferAllocator::AllocateTemp(size_t size,
                                                  size_t alignment) {
  const size_t available = GetAvailableMemory(alignment);
  if (size > available) {
    ReportShortage("temporary buffer", size, available);
    return nullptr;
  }
  uint8_t* place = AlignPointerUp(temp_, alignment);
  temp_ = place + size;
  ++live_temps_;
  return place;
}

void SingleArenaBufferAllocator::DeallocateTemp(uint8_t* buffer) {
  TFLITE_DCHECK(buffer >= head_ && buffer <= temp_ && live_temps_ > 0);
  (void)buffer;
  --live_temps_;
}

TfLiteStatus SingleArenaBufferAllocator::ResetTempAllocations() {
  if (!IsAllTempDeallocated()) {
    MicroPrintf("%d temporary buffers are still in use.", live_temps_);
    return kTfLiteError;
  }
  temp_ = head_;
  return kTfLiteOk;
}

TfLiteStatus SingleArenaBufferAllocator::ReserveNonPersistentOverlayMemory(
    size_t size, size_t alignment) {
  if (temp_ != head_) {
    MicroPrintf("The overlay cannot move under temporary buffers.");
    return kTfLiteError;
  }
  uint8_t* begin = AlignPointerUp(buffer_head_, alignment);
  const size_t available =
      tail_ > begin ? static_cast<size_t>(tail_ - begin) : 0;
  if (size > available) {
    ReportShortage("tensors", size, available);
    return kTfLiteError;
  }
  head_ = begin + size;
  temp_ = head_;
  return kTfLiteOk;
}

size_t SingleArenaBufferAllocator::GetNonPersistentUsedBytes() const {
  return static_cast<size_t>((temp_ > head_ ? temp_ : head_) - buffer_head_);
}

size_t SingleArenaBufferAllocator::GetPersistentUsedBytes() const {
  return static_cast<size_t>(buffer_tail_ - tail_);
}

size_t SingleArenaBufferAllocator::GetUsedBytes() const {
  return GetNonPersistentUsedBytes() + GetPersistentUsedBytes();
}

size_t SingleArenaBufferAllocator::GetAvailableMemory(size_t alignment) const {
  const uint8_t* begin = AlignPointerUp(temp_, alignment);
  return tail_ > begin ? static_cast<size_t>(tail_ - begin) : 0;
}

}  // namespace tflite
