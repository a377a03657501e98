// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_MICRO_ARENA_CONSTANTS_H_
#define TENSORFLOW_LITE_MICRO_MICRO_ARENA_CONSTANTS_H_

namespace tflite {

// Tensors and scratch buffers start at multiples of this, for kernels that load
// whole vectors.
constexpr int MicroArenaBufferAlignment() { return 16; }

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_ARENA_CONSTANTS_H_
