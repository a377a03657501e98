// SPDX-License-Identifier: Apache-2.0
//
// Writes small models for tests. References in a flatbuffer point forwards, so
// whatever refers to something is written first and linked to it later.
#ifndef TENSORFLOW_LITE_MICRO_TESTING_MODEL_WRITER_H_
#define TENSORFLOW_LITE_MICRO_TESTING_MODEL_WRITER_H_

#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {
namespace testing {

class ModelWriter {
 public:
  static constexpr uint32_t kCapacity = 2048;

  // A field of a table: where it stands in the vtable (4, 6, ...), its size in
  // bytes and its value; references are 4 bytes and get theirs by Link().
  struct Field {
    uint16_t place;
    uint16_t bytes;
    int32_t value;
  };

  // Starts a buffer: the reference to the root, then the identifier.
  ModelWriter() {
    Append(0u);
    std::memcpy(Reserve(4), ModelIdentifier(), 4);
  }

  // Writes a table, and before it a vtable of its own. Fields are aligned by
  // giving each of them four bytes.
  uint32_t Table(std::initializer_list<Field> fields) {
    uint16_t last = 2;
    for (const Field& field : fields) {
      if (field.place > last) last = field.place;
    }
    const uint16_t vtable_bytes = static_cast<uint16_t>(last + 2);
    const uint32_t vtable = size_;
    std::memset(Reserve((vtable_bytes + 3u) / 4 * 4), 0, vtable_bytes);
    const uint32_t table = size_;
    Append(table - vtable);
    for (const Field& field : fields) {
      Store(vtable + field.place, static_cast<uint16_t>(size_ - table));
      std::memcpy(Reserve(4), &field.value, field.bytes);
    }
    Store(vtable, vtable_bytes);
    Store(vtable + 2, static_cast<uint16_t>(size_ - table));
    return table;
  }

  template <typename T>
  uint32_t Vector(std::initializer_list<T> values) {
    // The elements of a vector are aligned, not its length.
    while ((size_ + 4) % sizeof(T) != 0) Append(0u);
    const uint32_t vector = size_;
    Append(static_cast<uint32_t>(values.size()));
    for (const T& value : values) {
      std::memcpy(Reserve(sizeof(T)), &value, sizeof(T));
    }
    while (size_ % 4 != 0) *Reserve(1) = 0;
    return vector;
  }

  // A vector of references, each with a Link() to follow.
  uint32_t References(uint32_t count) {
    const uint32_t vector = size_;
    Append(count);
    std::memset(Reserve(4 * count), 0, 4 * count);
    return vector;
  }

  // Makes a table's field, or a vector's element, refer to `target`.
  void Link(uint32_t table, uint16_t place, uint32_t target) {
    const uint32_t vtable = table - Load<uint32_t>(table);
    LinkAt(table + Load<uint16_t>(vtable + place), target);
  }
  void LinkElement(uint32_t vector, uint32_t index, uint32_t target) {
    LinkAt(vector + 4 + 4 * index, target);
  }
  void LinkRoot(uint32_t target) { LinkAt(0, target); }

  // Overwrites, for models with mistakes.
  template <typename T>
  void Store(uint32_t at, T value) {
    std::memcpy(buffer_ + at, &value, sizeof(value));
  }
  template <typename T>
  T Load(uint32_t at) const {
    return flatbuffers::ReadScalar<T>(buffer_ + at);
  }

  const uint8_t* data() const { return buffer_; }
  uint32_t size() const { return size_; }

 private:
  uint8_t* Reserve(uint32_t bytes) {
    TFLITE_CHECK(bytes <= kCapacity - size_);
    uint8_t* place = buffer_ + size_;
    size_ += bytes;
    return place;
  }
  void Append(uint32_t value) { std::memcpy(Reserve(4), &value, 4); }
  void LinkAt(uint32_t at, uint32_t target) { Store(at, target - at); }

  alignas(16) uint8_t buffer_[kCapacity] = {};
  uint32_t size_ = 0;
};

}  // namespace testing
}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_TESTING_MODEL_WRITER_H_
