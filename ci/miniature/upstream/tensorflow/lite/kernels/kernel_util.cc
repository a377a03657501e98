// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/kernels/kernel_util.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensorflow/lite/kernels/internal/quantization_util.h"

namespace tflite {

int64_t NumElements(const TfLiteIntArray* dims) {
  int64_t count = 1;
  for (int i = 0; i < dims->size; ++i) count *= dims->data[i];
  return count;
}

TfLiteStatus QuantizeScale(TfLiteContext* context, double scale,
                           int32_t* multiplier, int32_t* shift) {
  // Also false for what is not a number.
  TF_LITE_ENSURE(context, scale >= 0.0 && scale < 1073741824.0);
  int exponent;
  QuantizeMultiplier(scale, multiplier, &exponent);
  *shift = exponent;
  return kTfLiteOk;
}

TfLiteStatus PopulateConvolutionQuantizationParams(
    TfLiteContext* context, const TfLiteTensor* input,
    const TfLiteTensor* filter, const TfLiteTensor* bias, TfLiteTensor* output,
    const TfLiteFusedActivation& activation, int32_t* output_activation_min,
    int32_t* output_activation_max, int32_t* per_channel_multiplier,
    int32_t* per_channel_shift, int num_channels) {
  TF_LITE_ENSURE_EQ(context, input->quantization.type,
                    kTfLiteAffineQuantization);
  TF_LITE_ENSURE_EQ(context, filter->quantization.type,
                    kTfLiteAffineQuantization);
  TF_LITE_ENSURE(context, bias == nullptr || bias->type == kTfLiteInt32);
  const auto* affine =
      static_cast<const TfLiteAffineQuantization*>(filter->quantization.params);
  TF_LITE_ENSURE(context, affine != nullptr && affine->scale != nullptr);
  const bool is_per_channel = affine->scale->size > 1;
  if (is_per_channel) {
    TF_LITE_ENSURE(context,
                   affine->quantized_dimension >= 0 &&
                       affine->quantized_dimension < filter->dims->size);
    TF_LITE_ENSURE_EQ(context, affine->scale->size, num_channels);
    TF_LITE_ENSURE_EQ(context, num_channels,
                      filter->dims->data[affine->quantized_dimension]);
  }

  // In double, in this order: the result is rounded to 31 bits and another
  // order would sometimes round to another value.
  const auto input_scale = static_cast<double>(input->params.scale);
  const auto output_scale = static_cast<double>(output->params.scale);
  for (int i = 0; i < num_channels; ++i) {
    const auto filter_scale =
        static_cast<double>(affine->scale->data[is_per_channel ? i : 0]);
    TF_LITE_ENSURE_STATUS(
        QuantizeScale(context, input_scale * filter_scale / output_scale,
                      &per_channel_multiplier[i], &per_channel_shift[i]));
  }
  return CalculateActivationRangeQuantized(context, activation, output,
                                           output_activation_min,
                                           output_activation_max);
}

TfLiteStatus GetQuantizedConvolutionMultipler(TfLiteContext* context,
                                              const TfLiteTensor* input,
                                              const TfLiteTensor* filter,
                                              const TfLiteTensor* bias,
                                              TfLiteTensor* output,
                                              double* multiplier) {
  const auto output_scale = static_cast<double>(output->params.scale);
  if (bias != nullptr) {
    // The bias is added to the products as it is, so its scale must be theirs.
    const double difference =
        std::abs(static_cast<double>(input->params.scale) *
                     static_cast<double>(filter->params.scale) -
                 static_cast<double>(bias->params.scale));
    TF_LITE_ENSURE(context, difference / output_scale <= 0.02);
  }
  // Unlike the per-channel product this one is rounded to float first.
  const auto product =
      static_cast<double>(input->params.scale * filter->params.scale);
  TF_LITE_ENSURE(context, product >= 0.0);
  *multiplier = product / output_scale;
  return kTfLiteOk;
}

TfLiteStatus CalculateActivationRangeQuantized(TfLiteContext* context,
                                               TfLiteFusedActivation activation,
                                               TfLiteTensor* output,
                                               int32_t* act_min,
                                               int32_t* act_max) {
  TF_LITE_ENSURE_TYPES_EQ(context, output->type, kTfLiteInt8);
  // So that 6 / scale fits into an int32 as well.
  TF_LITE_ENSURE(context, output->params.scale > 1.0e-8f);
  const auto quantize = [output](float value) {
    return output->params.zero_point +
           static_cast<int32_t>(std::round(value / output->params.scale));
  };
  *act_min = std::numeric_limits<int8_t>::min();
  *act_max = std::numeric_limits<int8_t>::max();
  switch (activation) {
    case kTfLiteActNone:
      return kTfLiteOk;
    case kTfLiteActRelu:
      *act_min = std::max(*act_min, quantize(0.0f));
      return kTfLiteOk;
    case kTfLiteActRelu6:
      *act_min = std::max(*act_min, quantize(0.0f));
      *act_max = std::min(*act_max, quantize(6.0f));
      return kTfLiteOk;
    case kTfLiteActReluN1To1:
      *act_min = std::max(*act_min, quantize(-1.0f));
      *act_max = std::min(*act_max, quantize(1.0f));
      return kTfLiteOk;
    default:
      TF_LITE_KERNEL_LOG(context, "Fused activation %d is not supported.",
                         static_cast<int>(activation));
      return kTfLiteError;
  }
}

}  // namespace tflite
