// SPDX-License-Identifier: Apache-2.0
//
// From an operator's options in the model to the structures of
// c/builtin_op_data.h.
#ifndef TENSORFLOW_LITE_MICRO_TFLITE_BRIDGE_FLATBUFFER_CONVERSIONS_BRIDGE_H_
#define TENSORFLOW_LITE_MICRO_TFLITE_BRIDGE_FLATBUFFER_CONVERSIONS_BRIDGE_H_

#include <cstddef>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

// Where the structures are put. Null when there is no memory left.
class TfLiteBridgeBuiltinDataAllocator {
 public:
  virtual void* Allocate(size_t size, size_t alignment) = 0;

 protected:
  ~TfLiteBridgeBuiltinDataAllocator() = default;
};

using TfLiteBridgeBuiltinParseFunction = TfLiteStatus (*)(
    const Operator* op, TfLiteBridgeBuiltinDataAllocator* allocator,
    void** builtin_data);

TfLiteStatus ParseConv2D(const Operator* op,
                         TfLiteBridgeBuiltinDataAllocator* allocator,
                         void** builtin_data);
TfLiteStatus ParseDepthwiseConv2D(const Operator* op,
                                  TfLiteBridgeBuiltinDataAllocator* allocator,
                                  void** builtin_data);
TfLiteStatus ParseFullyConnected(const Operator* op,
                                 TfLiteBridgeBuiltinDataAllocator* allocator,
                                 void** builtin_data);
TfLiteStatus ParsePool(const Operator* op,
                       TfLiteBridgeBuiltinDataAllocator* allocator,
                       void** builtin_data);
TfLiteStatus ParseReshape(const Operator* op,
                          TfLiteBridgeBuiltinDataAllocator* allocator,
                          void** builtin_data);
TfLiteStatus ParseSoftmax(const Operator* op,
                          TfLiteBridgeBuiltinDataAllocator* allocator,
                          void** builtin_data);

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_TFLITE_BRIDGE_FLATBUFFER_CONVERSIONS_BRIDGE_H_
