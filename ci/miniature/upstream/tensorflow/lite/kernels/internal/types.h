// SPDX-License-Identifier: Apache-2.0
//
// Shapes, and the parameters that the reference kernels take.
#ifndef TENSORFLOW_LITE_KERNELS_INTERNAL_TYPES_H_
#define TENSORFLOW_LITE_KERNELS_INTERNAL_TYPES_H_

#include <cstdint>

#include "tensorflow/lite/kernels/internal/compatibility.h"

namespace tflite {

enum class PaddingType : uint8_t { kNone, kSame, kValid };

struct PaddingValues {
  int16_t width;
  int16_t height;
};

// A shape of up to four dimensions, held by value.
class RuntimeShape {
 public:
  static constexpr int kMaxDimensions = 4;

  RuntimeShape() = default;
  RuntimeShape(int dimensions, const int32_t* sizes) : size_(dimensions) {
    TFLITE_CHECK_LE(dimensions, kMaxDimensions);
    for (int i = 0; i < dimensions; ++i) dims_[i] = sizes[i];
  }

  int DimensionsCount() const { return size_; }
  int32_t Dims(int i) const {
    TFLITE_DCHECK(i >= 0 && i < size_);
    return dims_[i];
  }
  int FlatSize() const {
    int count = 1;
    for (int i = 0; i < size_; ++i) count *= dims_[i];
    return count;
  }

 private:
  int32_t size_ = 0;
  int32_t dims_[kMaxDimensions] = {};
};

// Where an element of a tensor with four dimensions lies.
inline int Offset(const RuntimeShape& shape, int i0, int i1, int i2, int i3) {
  return ((i0 * shape.Dims(1) + i1) * shape.Dims(2) + i2) * shape.Dims(3) + i3;
}

inline int MatchingDim(const RuntimeShape& a, int ia, const RuntimeShape& b,
                       int ib) {
  TFLITE_DCHECK_EQ(a.Dims(ia), b.Dims(ib));
  return a.Dims(ia);
}

// The number of elements, with one dimension taken as 1.
inline int FlatSizeSkipDim(const RuntimeShape& shape, int skip) {
  int count = 1;
  for (int i = 0; i < shape.DimensionsCount(); ++i) {
    count *= i == skip ? 1 : shape.Dims(i);
  }
  return count;
}

inline int MatchingFlatSizeSkipDim(const RuntimeShape& a, int skip,
                                   const RuntimeShape& b) {
  TFLITE_DCHECK_EQ(FlatSizeSkipDim(a, skip), FlatSizeSkipDim(b, skip));
  return FlatSizeSkipDim(a, skip);
}

struct ConvParams {
  PaddingType padding_type;
  PaddingValues padding_values;
  int16_t stride_width;
  int16_t stride_height;
  int16_t dilation_width_factor;
  int16_t dilation_height_factor;
  int32_t input_offset;
  int32_t output_offset;
  int32_t quantized_activation_min;
  int32_t quantized_activation_max;
};

struct DepthwiseParams {
  PaddingType padding_type;
  PaddingValues padding_values;
  int16_t stride_width;
  int16_t stride_height;
  int16_t dilation_width_factor;
  int16_t dilation_height_factor;
  int16_t depth_multiplier;
  int32_t input_offset;
  int32_t output_offset;
  int32_t quantized_activation_min;
  int32_t quantized_activation_max;
};

struct FullyConnectedParams {
  int32_t input_offset;
  int32_t weights_offset;
  int32_t output_offset;
  const int32_t* output_multiplier;
  const int32_t* output_shift;
  bool is_per_channel;  // one multiplier and shift for each output
  int32_t quantized_activation_min;
  int32_t quantized_activation_max;
};

struct PoolParams {
  PaddingValues padding_values;
  int stride_height;
  int stride_width;
  int filter_height;
  int filter_width;
  int32_t quantized_activation_min;
  int32_t quantized_activation_max;
};

struct SoftmaxParams {
  int32_t input_multiplier;
  int32_t input_left_shift;
  int diff_min;
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_KERNELS_INTERNAL_TYPES_H_
