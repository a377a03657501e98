// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_COMPATIBILITY_H_
#define TENSORFLOW_LITE_MICRO_COMPATIBILITY_H_

// Nothing here is ever deleted: objects lie in the arena or in static memory.
// A class with a virtual destructor would still pull in the heap's delete.
#define TF_LITE_REMOVE_VIRTUAL_DELETE \
  void operator delete(void*) {}

#endif  // TENSORFLOW_LITE_MICRO_COMPATIBILITY_H_
