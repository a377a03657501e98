// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/kernels/padding.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/pooling.h"

namespace tflite {

const int kPoolingInputTensor = 0;
const int kPoolingOutputTensor = 0;

TfLiteStatus CalculateOpDataPooling(TfLiteContext* context, TfLiteNode* node,
                                    const TfLitePoolParams& params,
                                    OpDataPooling* data) {
  TF_LITE_ENSURE_EQ(context, NumInputs(node), 1);
  TF_LITE_ENSURE_EQ(context, NumOutputs(node), 1);
  const auto input =
      micro::ScopedTensor::Input(context, node, kPoolingInputTensor);
  const auto output =
      micro::ScopedTensor::Output(context, node, kPoolingOutputTensor);
  TF_LITE_ENSURE(context, input.get() != nullptr && output.get() != nullptr);
  TF_LITE_ENSURE_TYPES_EQ(context, input->type, kTfLiteInt8);
  TF_LITE_ENSURE_TYPES_EQ(context, output->type, kTfLiteInt8);
  TF_LITE_ENSURE_EQ(context, NumDimensions(input.get()), 4);
  TF_LITE_ENSURE_EQ(context, NumDimensions(output.get()), 4);

  int out_height;
  int out_width;
  data->padding = ComputePaddingHeightWidth(
      params.stride_height, params.stride_width, 1, 1,
      SizeOfDimension(input.get(), 1), SizeOfDimension(input.get(), 2),
      params.filter_height, params.filter_width, params.padding, &out_height,
      &out_width);
  TF_LITE_ENSURE_EQ(context, SizeOfDimension(output.get(), 0),
                    SizeOfDimension(input.get(), 0));
  TF_LITE_ENSURE_EQ(context, SizeOfDimension(output.get(), 1), out_height);
  TF_LITE_ENSURE_EQ(context, SizeOfDimension(output.get(), 2), out_width);
  TF_LITE_ENSURE_EQ(context, SizeOfDimension(output.get(), 3),
                    SizeOfDimension(input.get(), 3));

  // A mean is never requantised.
  const double difference =
      static_cast<double>(std::abs(input->params.scale - output->params.scale));
  TF_LITE_ENSURE(context, difference <= 1.0e-6);
  TF_LITE_ENSURE_EQ(context, input->params.zero_point,
                    output->params.zero_point);
  return CalculateActivationRangeQuantized(context, params.activation,
                                           output.get(), &data->activation_min,
                                           &data->activation_max);
}

}  // namespace tflite
