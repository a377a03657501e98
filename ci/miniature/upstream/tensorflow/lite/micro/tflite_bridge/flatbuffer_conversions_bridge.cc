// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/tflite_bridge/flatbuffer_conversions_bridge.h"

#include <new>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {
namespace {

// A zeroed T in *builtin_data, if the operator has options of its type at all.
template <typename T, typename Options>
T* Create(const Options* options, TfLiteBridgeBuiltinDataAllocator* allocator,
          void** builtin_data) {
  *builtin_data = nullptr;
  if (options == nullptr) {
    MicroPrintf("An operator has no options, or those of another operator.");
    return nullptr;
  }
  void* place = allocator->Allocate(sizeof(T), alignof(T));
  if (place == nullptr) return nullptr;
  *builtin_data = place;
  return new (place) T{};
}

TfLitePadding ConvertPadding(Padding padding) {
  switch (padding) {
    case Padding_SAME:
      return kTfLitePaddingSame;
    case Padding_VALID:
      return kTfLitePaddingValid;
  }
  return kTfLitePaddingUnknown;
}

TfLiteFusedActivation ConvertActivation(ActivationFunctionType activation) {
  switch (activation) {
    case ActivationFunctionType_NONE:
      return kTfLiteActNone;
    case ActivationFunctionType_RELU:
      return kTfLiteActRelu;
    case ActivationFunctionType_RELU_N1_TO_1:
      return kTfLiteActReluN1To1;
    case ActivationFunctionType_RELU6:
      return kTfLiteActRelu6;
  }
  return kTfLiteActTanh;  // which no quantised kernel accepts
}

// A window that does not move would need outputs without end; the kernels'
// parameters have 16 bits.
TfLiteStatus CheckWindow(TfLitePadding padding, int stride_width,
                         int stride_height, int width, int height) {
  const auto in_range = [](int value) { return value >= 1 && value <= 32767; };
  if (padding == kTfLitePaddingUnknown || !in_range(stride_width) ||
      !in_range(stride_height) || !in_range(width) || !in_range(height)) {
    MicroPrintf("An operator's padding, stride or window is out of range.");
    return kTfLiteError;
  }
  return kTfLiteOk;
}

}  // namespace

TfLiteStatus ParseConv2D(const Operator* op,
                         TfLiteBridgeBuiltinDataAllocator* allocator,
                         void** builtin_data) {
  const Conv2DOptions* options = op->builtin_options_as_Conv2DOptions();
  auto* params = Create<TfLiteConvParams>(options, allocator, builtin_data);
  if (params == nullptr) return kTfLiteError;
  params->padding = ConvertPadding(options->padding());
  params->stride_width = options->stride_w();
  params->stride_height = options->stride_h();
  params->activation = ConvertActivation(options->fused_activation_function());
  params->dilation_width_factor = options->dilation_w_factor();
  params->dilation_height_factor = options->dilation_h_factor();
  return CheckWindow(params->padding, params->stride_width,
                     params->stride_height, params->dilation_width_factor,
                     params->dilation_height_factor);
}

TfLiteStatus ParseDepthwiseConv2D(const Operator* op,
                                  TfLiteBridgeBuiltinDataAllocator* allocator,
                                  void** builtin_data) {
  const DepthwiseConv2DOptions* options =
      op->builtin_options_as_DepthwiseConv2DOptions();
  auto* params =
      Create<TfLiteDepthwiseConvParams>(options, allocator, builtin_data);
  if (params == nullptr) return kTfLiteError;
  params->padding = ConvertPadding(options->padding());
  params->stride_width = options->stride_w();
  params->stride_height = options->stride_h();
  params->depth_multiplier = options->depth_multiplier();
  params->activation = ConvertActivation(options->fused_activation_function());
  params->dilation_width_factor = options->dilation_w_factor();
  params->dilation_height_factor = options->dilation_h_factor();
  return CheckWindow(params->padding, params->stride_width,
                     params->stride_height, params->dilation_width_factor,
                     params->dilation_height_factor);
}

TfLiteStatus ParseFullyConnected(const Operator* op,
                                 TfLiteBridgeBuiltinDataAllocator* allocator,
                                 void** builtin_data) {
  const FullyConnectedOptions* options =
      op->builtin_options_as_FullyConnectedOptions();
  auto* params =
      Create<TfLiteFullyConnectedParams>(options, allocator, builtin_data);
  if (params == nullptr) return kTfLiteError;
  if (options->weights_format() != 0) {
    MicroPrintf("FULLY_CONNECTED: shuffled weights are not supported.");
    return kTfLiteError;
  }
  params->activation = ConvertActivation(options->fused_activation_function());
  params->keep_num_dims = options->keep_num_dims();
  return kTfLiteOk;
}

TfLiteStatus ParsePool(const Operator* op,
                       TfLiteBridgeBuiltinDataAllocator* allocator,
                       void** builtin_data) {
  const Pool2DOptions* options = op->builtin_options_as_Pool2DOptions();
  auto* params = Create<TfLitePoolParams>(options, allocator, builtin_data);
  if (params == nullptr) return kTfLiteError;
  params->padding = ConvertPadding(options->padding());
  params->stride_width = options->stride_w();
  params->stride_height = options->stride_h();
  params->filter_width = options->filter_width();
  params->filter_height = options->filter_height();
  params->activation = ConvertActivation(options->fused_activation_function());
  return CheckWindow(params->padding, params->stride_width,
                     params->stride_height, params->filter_width,
                     params->filter_height);
}

// The new shape is also that of the output tensor, which is what counts.
TfLiteStatus ParseReshape(const Operator*, TfLiteBridgeBuiltinDataAllocator*,
                          void** builtin_data) {
  *builtin_data = nullptr;
  return kTfLiteOk;
}

TfLiteStatus ParseSoftmax(const Operator* op,
                          TfLiteBridgeBuiltinDataAllocator* allocator,
                          void** builtin_data) {
  const SoftmaxOptions* options = op->builtin_options_as_SoftmaxOptions();
  auto* params = Create<TfLiteSoftmaxParams>(options, allocator, builtin_data);
  if (params == nullptr) return kTfLiteError;
  params->beta = options->beta();
  return kTfLiteOk;
}

}  // namespace tflite
