// SPDX-License-Identifier: Apache-2.0
//
// Measures how long events take, one after the other, and prints them.
#ifndef TENSORFLOW_LITE_MICRO_MICRO_PROFILER_H_
#define TENSORFLOW_LITE_MICRO_MICRO_PROFILER_H_

#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"

namespace tflite {

class MicroProfiler : public MicroProfilerInterface {
 public:
  MicroProfiler() = default;
  virtual ~MicroProfiler() = default;

  uint32_t BeginEvent(const char* tag) override;

  // An event that is never ended has taken no time; one that is ended twice
  // lasts until the second time.
  void EndEvent(uint32_t event_handle) override;

  void ClearEvents();

  // The sum over all events; of use only if they do not overlap.
  uint32_t GetTotalTicks() const;

  // One line for each event.
  void Log() const;
  void LogCsv() const;

  // One line for each tag, with the sum over its events.
  void LogTicksPerTagCsv();

 private:
  // Where an event's number would not fit any more, BeginEvent aborts.
  static constexpr int kMaxEvents = 4096;

  struct TicksPerTag {
    const char* tag;
    uint32_t ticks;
  };

  uint32_t TicksOf(int event) const;
  TicksPerTag* EntryFor(const char* tag);

  const char* tags_[kMaxEvents];
  uint32_t start_ticks_[kMaxEvents];
  uint32_t end_ticks_[kMaxEvents];
  int num_events_ = 0;

  // At worst every event has a tag of its own.
  TicksPerTag total_ticks_per_tag_[kMaxEvents] = {};

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

// An event that lasts as long as this object does.
class ScopedMicroProfiler {
 public:
  explicit ScopedMicroProfiler(const char* tag,
                               MicroProfilerInterface* profiler)
      : profiler_(profiler) {
    if (profiler_ != nullptr) event_handle_ = profiler_->BeginEvent(tag);
  }
  ~ScopedMicroProfiler() {
    if (profiler_ != nullptr) profiler_->EndEvent(event_handle_);
  }

 private:
  uint32_t event_handle_ = 0;
  MicroProfilerInterface* profiler_;
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_PROFILER_H_
