// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_KERNELS_CONV_H_
#define TENSORFLOW_LITE_MICRO_KERNELS_CONV_H_

#include <cstdint>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/kernels/internal/types.h"
#include "tensorflow/lite/micro/micro_common.h"

namespace tflite {

// What prepare leaves for invoke, for both kinds of convolution.
struct OpDataConv {
  TfLitePaddingValues padding;

  int32_t input_zero_point;
  int32_t output_zero_point;

  // One of each for every output channel.
  int32_t* per_channel_output_multiplier;
  int32_t* per_channel_output_shift;

  int32_t output_activation_min;
  int32_t output_activation_max;
};

extern const int kConvInputTensor;
extern const int kConvWeightsTensor;
extern const int kConvBiasTensor;
extern const int kConvOutputTensor;
extern const int kConvQuantizedDimension;

ConvParams ConvParamsQuantized(const TfLiteConvParams& params,
                               const OpDataConv& data);

// Fills all of *data; its arrays have `output_channels` elements and lie in
// persistent memory. `window` describes the filter's way over the image.
struct ConvWindow {
  TfLitePadding padding;
  int stride_height;
  int stride_width;
  int dilation_height;
  int dilation_width;
};
TfLiteStatus PrepareConvolution(TfLiteContext* context, TfLiteNode* node,
                                const ConvWindow& window,
                                TfLiteFusedActivation activation,
                                int output_channels, OpDataConv* data);

void* ConvInit(TfLiteContext* context, const char* buffer, size_t length);
TfLiteStatus ConvPrepare(TfLiteContext* context, TfLiteNode* node);

// Checks the shapes and types, then fills *data.
TfLiteStatus CalculateOpDataConv(TfLiteContext* context, TfLiteNode* node,
                                 const TfLiteConvParams& params,
                                 OpDataConv* data);

TFLMRegistration Register_CONV_2D();
inline TFLMRegistration Register_CONV_2D_INT8() { return Register_CONV_2D(); }
inline TFLMRegistration Register_CONV_2D_INT8REF() {
  return Register_CONV_2D();
}

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_KERNELS_CONV_H_
