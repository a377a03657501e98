// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_MICRO_RESOURCE_VARIABLE_H_
#define TENSORFLOW_LITE_MICRO_MICRO_RESOURCE_VARIABLE_H_

namespace tflite {

class MicroAllocator;

// State that models keep between invocations. No operator here has any, so the
// interpreter takes a null pointer only.
class MicroResourceVariables {
 public:
  static MicroResourceVariables* Create(MicroAllocator*, int) {
    return nullptr;
  }
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_RESOURCE_VARIABLE_H_
