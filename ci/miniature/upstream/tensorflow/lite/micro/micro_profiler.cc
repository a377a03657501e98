// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/micro_profiler.h"

#include <cstring>

#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_time.h"

namespace tflite {

uint32_t MicroProfiler::BeginEvent(const char* tag) {
  if (num_events_ == kMaxEvents) {
    MicroPrintf("MicroProfiler: more than %d events.", kMaxEvents);
    TFLITE_ABORT;
  }
  const int event = num_events_++;
  tags_[event] = tag;
  start_ticks_[event] = GetCurrentTimeTicks();
  end_ticks_[event] = start_ticks_[event];
  return static_cast<uint32_t>(event);
}

void MicroProfiler::EndEvent(uint32_t event_handle) {
  TFLITE_DCHECK(event_handle < static_cast<uint32_t>(num_events_));
  end_ticks_[event_handle] = GetCurrentTimeTicks();
}

void MicroProfiler::ClearEvents() {
  for (int i = 0; i < num_events_; ++i) total_ticks_per_tag_[i] = {};
  num_events_ = 0;
}

uint32_t MicroProfiler::TicksOf(int event) const {
  return end_ticks_[event] - start_ticks_[event];
}

uint32_t MicroProfiler::GetTotalTicks() const {
  uint32_t ticks = 0;
  for (int i = 0; i < num_events_; ++i) ticks += TicksOf(i);
  return ticks;
}

void MicroProfiler::Log() const {
#if !defined(TF_LITE_STRIP_ERROR_STRINGS)
  for (int i = 0; i < num_events_; ++i) {
    const uint32_t ticks = TicksOf(i);
    MicroPrintf("%s took %u ticks (%d ms).", tags_[i],
                static_cast<unsigned>(ticks),
                static_cast<int>(TicksToMs(static_cast<int32_t>(ticks))));
  }
#endif
}

void MicroProfiler::LogCsv() const {
#if !defined(TF_LITE_STRIP_ERROR_STRINGS)
  MicroPrintf("\"Event\",\"Tag\",\"Ticks\"");
  for (int i = 0; i < num_events_; ++i) {
    MicroPrintf("%d,%s,%u", i, tags_[i], static_cast<unsigned>(TicksOf(i)));
  }
#endif
}

void MicroProfiler::LogTicksPerTagCsv() {
#if !defined(TF_LITE_STRIP_ERROR_STRINGS)
  for (int i = 0; i < num_events_; ++i) total_ticks_per_tag_[i] = {};
  for (int i = 0; i < num_events_; ++i) {
    TicksPerTag* entry = EntryFor(tags_[i]);
    entry->tag = tags_[i];
    entry->ticks += TicksOf(i);
  }
  MicroPrintf(
      "\"Unique Tag\",\"Total ticks across all events with that tag.\"");
  for (int i = 0; i < num_events_; ++i) {
    const TicksPerTag& entry = total_ticks_per_tag_[i];
    if (entry.tag == nullptr) break;
    MicroPrintf("%s, %d", entry.tag, static_cast<int>(entry.ticks));
  }
  MicroPrintf("\"total number of ticks\", %d",
              static_cast<int>(GetTotalTicks()));
#endif
}

// The tag's entry, or the first free one: there are as many as events.
MicroProfiler::TicksPerTag* MicroProfiler::EntryFor(const char* tag) {
  TicksPerTag* entry = total_ticks_per_tag_;
  while (entry->tag != nullptr && std::strcmp(entry->tag, tag) != 0) ++entry;
  return entry;
}

}  // namespace tflite
