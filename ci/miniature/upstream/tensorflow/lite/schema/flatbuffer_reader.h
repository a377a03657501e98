// SPDX-License-Identifier: Apache-2.0
//
// Reads flatbuffers in place: the few types that the model's schema needs, with
// the names and the call syntax of the flatbuffers library.
//
// A table starts with a signed distance back to its vtable. The vtable holds
// its own size, the size of the table and, for each field, the field's distance
// from the table (0: absent, take the default). Vectors, strings and tables are
// reached through an unsigned distance from the place where it is stored. All
// numbers are little-endian; they are read bytewise, so alignment is free.
#ifndef TENSORFLOW_LITE_SCHEMA_FLATBUFFER_READER_H_
#define TENSORFLOW_LITE_SCHEMA_FLATBUFFER_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tensorflow/lite/kernels/internal/compatibility.h"

namespace flatbuffers {

template <typename T>
T ReadScalar(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

// Stands for "a table of type T, stored elsewhere" as a vector's element.
template <typename T>
struct Offset;

// How an element lies in a vector, and what Get() makes of it.
template <typename T>
struct VectorElement {
  using Value = T;
  static constexpr size_t kBytes = sizeof(T);
  static Value Read(const uint8_t* at) { return ReadScalar<T>(at); }
};

template <typename T>
struct VectorElement<Offset<T>> {
  using Value = const T*;
  static constexpr size_t kBytes = sizeof(uint32_t);
  static Value Read(const uint8_t* at) {
    return reinterpret_cast<Value>(at + ReadScalar<uint32_t>(at));
  }
};

template <typename T>
class Vector {
 public:
  using Element = VectorElement<T>;

  uint32_t size() const { return ReadScalar<uint32_t>(base()); }

  typename Element::Value Get(uint32_t index) const {
    TFLITE_CHECK(index < size());
    return Element::Read(Data() + index * Element::kBytes);
  }
  typename Element::Value operator[](uint32_t index) const {
    return Get(index);
  }

  const T* data() const { return reinterpret_cast<const T*>(Data()); }
  const uint8_t* Data() const { return base() + sizeof(uint32_t); }

 private:
  const uint8_t* base() const { return reinterpret_cast<const uint8_t*>(this); }
};

class String : public Vector<char> {
 public:
  const char* c_str() const { return reinterpret_cast<const char*>(Data()); }
};

// Answers whether what the tables of a buffer point at lies inside it. The
// accessors trust the buffer, so a model of doubtful origin is verified once,
// before anything else is asked of it.
class Verifier {
 public:
  Verifier(const uint8_t* buffer, size_t size) : buffer_(buffer), size_(size) {}

  bool Contains(const uint8_t* at, size_t bytes) const {
    const auto begin = reinterpret_cast<uintptr_t>(buffer_);
    const auto place = reinterpret_cast<uintptr_t>(at);
    return place >= begin && place - begin <= size_ &&
           bytes <= size_ - (place - begin);
  }

  // Shapes and index lists are used in place as arrays of int.
  bool Aligned(const uint8_t* at, size_t alignment) const {
    return static_cast<size_t>(at - buffer_) % alignment == 0;
  }

  template <typename Root>
  bool VerifyBuffer(const char* identifier) const {
    constexpr size_t kHeader = 2 * sizeof(uint32_t);
    if (!Contains(buffer_, kHeader) ||
        std::memcmp(buffer_ + sizeof(uint32_t), identifier, 4) != 0) {
      return false;
    }
    const uint32_t distance = ReadScalar<uint32_t>(buffer_);
    return distance <= size_ &&
           reinterpret_cast<const Root*>(buffer_ + distance)->Verify(*this);
  }

 private:
  const uint8_t* buffer_;
  size_t size_;
};

// The base of every table of the schema. `field` is the field's place in the
// vtable in bytes: 4 for the first, 6 for the second and so on.
class Table {
 protected:
  template <typename T>
  T Scalar(uint16_t field, T absent) const {
    const uint8_t* at = Find(field);
    return at == nullptr ? absent : ReadScalar<T>(at);
  }

  template <typename T>
  const T* Pointer(uint16_t field) const {
    const uint8_t* at = Find(field);
    return at == nullptr
               ? nullptr
               : reinterpret_cast<const T*>(at + ReadScalar<uint32_t>(at));
  }

  bool VerifyTable(const Verifier& verifier) const {
    if (!verifier.Contains(base(), sizeof(int32_t))) return false;
    const uint8_t* vtable = Vtable();
    if (!verifier.Contains(vtable, 2 * sizeof(uint16_t))) return false;
    const uint16_t vtable_bytes = ReadScalar<uint16_t>(vtable);
    const uint16_t table_bytes = ReadScalar<uint16_t>(vtable + 2);
    return vtable_bytes >= 4 && vtable_bytes % 2 == 0 &&
           verifier.Contains(vtable, vtable_bytes) &&
           verifier.Contains(base(), table_bytes);
  }

  template <typename T>
  bool VerifyScalar(uint16_t field) const {
    const uint8_t* at = Find(field);
    const uint16_t table_bytes = ReadScalar<uint16_t>(Vtable() + 2);
    return at == nullptr || at + sizeof(T) <= base() + table_bytes;
  }

  template <typename T>
  bool VerifyVector(const Verifier& verifier, uint16_t field) const {
    if (!VerifyScalar<uint32_t>(field)) return false;
    const auto* vector = Pointer<Vector<T>>(field);
    if (vector == nullptr) return true;
    constexpr size_t kElement = VectorElement<T>::kBytes;
    const auto* at = reinterpret_cast<const uint8_t*>(vector);
    return verifier.Contains(at, sizeof(uint32_t)) &&
           vector->size() <= SIZE_MAX / kElement &&
           verifier.Contains(vector->Data(), vector->size() * kElement) &&
           (kElement != sizeof(int32_t) || verifier.Aligned(at, kElement));
  }

  // Strings end in a zero byte that their length does not count.
  bool VerifyString(const Verifier& verifier, uint16_t field) const {
    if (!VerifyVector<char>(verifier, field)) return false;
    const auto* text = Pointer<String>(field);
    return text == nullptr ||
           (verifier.Contains(text->Data() + text->size(), 1) &&
            text->Data()[text->size()] == 0);
  }

  template <typename T>
  bool VerifyChild(const Verifier& verifier, uint16_t field) const {
    if (!VerifyScalar<uint32_t>(field)) return false;
    const T* child = Pointer<T>(field);
    return child == nullptr || child->Verify(verifier);
  }

  template <typename T>
  bool VerifyChildren(const Verifier& verifier, uint16_t field) const {
    if (!VerifyVector<Offset<T>>(verifier, field)) return false;
    const auto* children = Pointer<Vector<Offset<T>>>(field);
    for (uint32_t i = 0; children != nullptr && i < children->size(); ++i) {
      if (!children->Get(i)->Verify(verifier)) return false;
    }
    return true;
  }

 private:
  const uint8_t* base() const { return reinterpret_cast<const uint8_t*>(this); }
  const uint8_t* Vtable() const { return base() - ReadScalar<int32_t>(base()); }
  const uint8_t* Find(uint16_t field) const {
    const uint8_t* vtable = Vtable();
    if (field >= ReadScalar<uint16_t>(vtable)) return nullptr;
    const uint16_t distance = ReadScalar<uint16_t>(vtable + field);
    return distance == 0 ? nullptr : base() + distance;
  }
};

}  // namespace flatbuffers

#endif  // TENSORFLOW_LITE_SCHEMA_FLATBUFFER_READER_H_
