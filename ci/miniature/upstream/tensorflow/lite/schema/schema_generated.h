// SPDX-License-Identifier: Apache-2.0
//
// The part of the model schema (version 3) that a quantised network of the
// supported operators uses. Written by hand, under the name and with the
// accessors that code for the generated header expects.
#ifndef TENSORFLOW_LITE_SCHEMA_SCHEMA_GENERATED_H_
#define TENSORFLOW_LITE_SCHEMA_SCHEMA_GENERATED_H_

#include <cstdint>

#include "tensorflow/lite/schema/flatbuffer_reader.h"

namespace tflite {

enum TensorType : int8_t {
  TensorType_FLOAT32 = 0,
  TensorType_FLOAT16 = 1,
  TensorType_INT32 = 2,
  TensorType_UINT8 = 3,
  TensorType_INT64 = 4,
  TensorType_STRING = 5,
  TensorType_BOOL = 6,
  TensorType_INT16 = 7,
  TensorType_COMPLEX64 = 8,
  TensorType_INT8 = 9,
};

enum BuiltinOperator : int32_t {
  BuiltinOperator_AVERAGE_POOL_2D = 1,
  BuiltinOperator_CONV_2D = 3,
  BuiltinOperator_DEPTHWISE_CONV_2D = 4,
  BuiltinOperator_FULLY_CONNECTED = 9,
  BuiltinOperator_RESHAPE = 22,
  BuiltinOperator_SOFTMAX = 25,
  BuiltinOperator_CUSTOM = 32,
};

// The name that a profile prints for an operator.
inline const char* EnumNameBuiltinOperator(BuiltinOperator op) {
  switch (op) {
    case BuiltinOperator_AVERAGE_POOL_2D:
      return "AVERAGE_POOL_2D";
    case BuiltinOperator_CONV_2D:
      return "CONV_2D";
    case BuiltinOperator_DEPTHWISE_CONV_2D:
      return "DEPTHWISE_CONV_2D";
    case BuiltinOperator_FULLY_CONNECTED:
      return "FULLY_CONNECTED";
    case BuiltinOperator_RESHAPE:
      return "RESHAPE";
    case BuiltinOperator_SOFTMAX:
      return "SOFTMAX";
    case BuiltinOperator_CUSTOM:
      return "CUSTOM";
  }
  return "";
}

enum BuiltinOptions : uint8_t {
  BuiltinOptions_NONE = 0,
  BuiltinOptions_Conv2DOptions = 1,
  BuiltinOptions_DepthwiseConv2DOptions = 2,
  BuiltinOptions_Pool2DOptions = 5,
  BuiltinOptions_FullyConnectedOptions = 8,
  BuiltinOptions_SoftmaxOptions = 9,
  BuiltinOptions_ReshapeOptions = 17,
};

enum Padding : int8_t { Padding_SAME = 0, Padding_VALID = 1 };

enum ActivationFunctionType : int8_t {
  ActivationFunctionType_NONE = 0,
  ActivationFunctionType_RELU = 1,
  ActivationFunctionType_RELU_N1_TO_1 = 2,
  ActivationFunctionType_RELU6 = 3,
};

// Operators' options. Each says at which vtable places its fields are.
class Conv2DOptions : private flatbuffers::Table {
 public:
  Padding padding() const { return Scalar(4, Padding_SAME); }
  int32_t stride_w() const { return Scalar<int32_t>(6, 0); }
  int32_t stride_h() const { return Scalar<int32_t>(8, 0); }
  ActivationFunctionType fused_activation_function() const {
    return Scalar(10, ActivationFunctionType_NONE);
  }
  int32_t dilation_w_factor() const { return Scalar<int32_t>(12, 1); }
  int32_t dilation_h_factor() const { return Scalar<int32_t>(14, 1); }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyScalar<int8_t>(4) &&
           VerifyScalar<int32_t>(6) && VerifyScalar<int32_t>(8) &&
           VerifyScalar<int8_t>(10) && VerifyScalar<int32_t>(12) &&
           VerifyScalar<int32_t>(14);
  }
};

class DepthwiseConv2DOptions : private flatbuffers::Table {
 public:
  Padding padding() const { return Scalar(4, Padding_SAME); }
  int32_t stride_w() const { return Scalar<int32_t>(6, 0); }
  int32_t stride_h() const { return Scalar<int32_t>(8, 0); }
  int32_t depth_multiplier() const { return Scalar<int32_t>(10, 0); }
  ActivationFunctionType fused_activation_function() const {
    return Scalar(12, ActivationFunctionType_NONE);
  }
  int32_t dilation_w_factor() const { return Scalar<int32_t>(14, 1); }
  int32_t dilation_h_factor() const { return Scalar<int32_t>(16, 1); }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyScalar<int8_t>(4) &&
           VerifyScalar<int32_t>(6) && VerifyScalar<int32_t>(8) &&
           VerifyScalar<int32_t>(10) && VerifyScalar<int8_t>(12) &&
           VerifyScalar<int32_t>(14) && VerifyScalar<int32_t>(16);
  }
};

class Pool2DOptions : private flatbuffers::Table {
 public:
  Padding padding() const { return Scalar(4, Padding_SAME); }
  int32_t stride_w() const { return Scalar<int32_t>(6, 0); }
  int32_t stride_h() const { return Scalar<int32_t>(8, 0); }
  int32_t filter_width() const { return Scalar<int32_t>(10, 0); }
  int32_t filter_height() const { return Scalar<int32_t>(12, 0); }
  ActivationFunctionType fused_activation_function() const {
    return Scalar(14, ActivationFunctionType_NONE);
  }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyScalar<int8_t>(4) &&
           VerifyScalar<int32_t>(6) && VerifyScalar<int32_t>(8) &&
           VerifyScalar<int32_t>(10) && VerifyScalar<int32_t>(12) &&
           VerifyScalar<int8_t>(14);
  }
};

class FullyConnectedOptions : private flatbuffers::Table {
 public:
  ActivationFunctionType fused_activation_function() const {
    return Scalar(4, ActivationFunctionType_NONE);
  }
  int8_t weights_format() const { return Scalar<int8_t>(6, 0); }
  bool keep_num_dims() const { return Scalar<uint8_t>(8, 0) != 0; }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyScalar<int8_t>(4) &&
           VerifyScalar<int8_t>(6) && VerifyScalar<uint8_t>(8);
  }
};

class SoftmaxOptions : private flatbuffers::Table {
 public:
  float beta() const { return Scalar<float>(4, 0.0f); }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyScalar<float>(4);
  }
};

class ReshapeOptions : private flatbuffers::Table {
 public:
  const flatbuffers::Vector<int32_t>* new_shape() const {
    return Pointer<flatbuffers::Vector<int32_t>>(4);
  }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyVector<int32_t>(verifier, 4);
  }
};

class QuantizationParameters : private flatbuffers::Table {
 public:
  const flatbuffers::Vector<float>* scale() const {
    return Pointer<flatbuffers::Vector<float>>(8);
  }
  const flatbuffers::Vector<int64_t>* zero_point() const {
    return Pointer<flatbuffers::Vector<int64_t>>(10);
  }
  int32_t quantized_dimension() const { return Scalar<int32_t>(16, 0); }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyVector<float>(verifier, 8) &&
           VerifyVector<int64_t>(verifier, 10) && VerifyScalar<int32_t>(16);
  }
};

class Tensor : private flatbuffers::Table {
 public:
  const flatbuffers::Vector<int32_t>* shape() const {
    return Pointer<flatbuffers::Vector<int32_t>>(4);
  }
  TensorType type() const { return Scalar(6, TensorType_FLOAT32); }
  uint32_t buffer() const { return Scalar<uint32_t>(8, 0); }
  const flatbuffers::String* name() const {
    return Pointer<flatbuffers::String>(10);
  }
  const QuantizationParameters* quantization() const {
    return Pointer<QuantizationParameters>(12);
  }
  bool is_variable() const { return Scalar<uint8_t>(14, 0) != 0; }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyVector<int32_t>(verifier, 4) &&
           VerifyScalar<int8_t>(6) && VerifyScalar<uint32_t>(8) &&
           VerifyString(verifier, 10) &&
           VerifyChild<QuantizationParameters>(verifier, 12) &&
           VerifyScalar<uint8_t>(14);
  }
};

class OperatorCode : private flatbuffers::Table {
 public:
  int8_t deprecated_builtin_code() const { return Scalar<int8_t>(4, 0); }
  const flatbuffers::String* custom_code() const {
    return Pointer<flatbuffers::String>(6);
  }
  int32_t version() const { return Scalar<int32_t>(8, 1); }
  BuiltinOperator builtin_code() const {
    return static_cast<BuiltinOperator>(Scalar<int32_t>(10, 0));
  }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyScalar<int8_t>(4) &&
           VerifyString(verifier, 6) && VerifyScalar<int32_t>(8) &&
           VerifyScalar<int32_t>(10);
  }
};

// Models from before the code outgrew a byte have it in the old field only.
inline BuiltinOperator GetBuiltinCode(const OperatorCode* code) {
  const auto old =
      static_cast<BuiltinOperator>(code->deprecated_builtin_code());
  return code->builtin_code() > old ? code->builtin_code() : old;
}

class Operator : private flatbuffers::Table {
 public:
  uint32_t opcode_index() const { return Scalar<uint32_t>(4, 0); }
  const flatbuffers::Vector<int32_t>* inputs() const {
    return Pointer<flatbuffers::Vector<int32_t>>(6);
  }
  const flatbuffers::Vector<int32_t>* outputs() const {
    return Pointer<flatbuffers::Vector<int32_t>>(8);
  }
  BuiltinOptions builtin_options_type() const {
    return Scalar(10, BuiltinOptions_NONE);
  }
  const void* builtin_options() const { return Pointer<void>(12); }
  const Conv2DOptions* builtin_options_as_Conv2DOptions() const {
    return Options<Conv2DOptions>(BuiltinOptions_Conv2DOptions);
  }
  const DepthwiseConv2DOptions* builtin_options_as_DepthwiseConv2DOptions()
      const {
    return Options<DepthwiseConv2DOptions>(
        BuiltinOptions_DepthwiseConv2DOptions);
  }
  const Pool2DOptions* builtin_options_as_Pool2DOptions() const {
    return Options<Pool2DOptions>(BuiltinOptions_Pool2DOptions);
  }
  const FullyConnectedOptions* builtin_options_as_FullyConnectedOptions()
      const {
    return Options<FullyConnectedOptions>(BuiltinOptions_FullyConnectedOptions);
  }
  const SoftmaxOptions* builtin_options_as_SoftmaxOptions() const {
    return Options<SoftmaxOptions>(BuiltinOptions_SoftmaxOptions);
  }
  const ReshapeOptions* builtin_options_as_ReshapeOptions() const {
    return Options<ReshapeOptions>(BuiltinOptions_ReshapeOptions);
  }
  const flatbuffers::Vector<uint8_t>* custom_options() const {
    return Pointer<flatbuffers::Vector<uint8_t>>(14);
  }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyScalar<uint32_t>(4) &&
           VerifyVector<int32_t>(verifier, 6) &&
           VerifyVector<int32_t>(verifier, 8) && VerifyScalar<uint8_t>(10) &&
           VerifyOptions(verifier) && VerifyVector<uint8_t>(verifier, 14);
  }

 private:
  template <typename T>
  const T* Options(BuiltinOptions type) const {
    return builtin_options_type() == type ? Pointer<T>(12) : nullptr;
  }

  bool VerifyOptions(const flatbuffers::Verifier& verifier) const {
    switch (builtin_options_type()) {
      case BuiltinOptions_Conv2DOptions:
        return VerifyChild<Conv2DOptions>(verifier, 12);
      case BuiltinOptions_DepthwiseConv2DOptions:
        return VerifyChild<DepthwiseConv2DOptions>(verifier, 12);
      case BuiltinOptions_Pool2DOptions:
        return VerifyChild<Pool2DOptions>(verifier, 12);
      case BuiltinOptions_FullyConnectedOptions:
        return VerifyChild<FullyConnectedOptions>(verifier, 12);
      case BuiltinOptions_SoftmaxOptions:
        return VerifyChild<SoftmaxOptions>(verifier, 12);
      case BuiltinOptions_ReshapeOptions:
        return VerifyChild<ReshapeOptions>(verifier, 12);
      default:
        return true;  // of no operator that is known here: never read
    }
  }
};

class SubGraph : private flatbuffers::Table {
 public:
  const flatbuffers::Vector<flatbuffers::Offset<Tensor>>* tensors() const {
    return Pointer<flatbuffers::Vector<flatbuffers::Offset<Tensor>>>(4);
  }
  const flatbuffers::Vector<int32_t>* inputs() const {
    return Pointer<flatbuffers::Vector<int32_t>>(6);
  }
  const flatbuffers::Vector<int32_t>* outputs() const {
    return Pointer<flatbuffers::Vector<int32_t>>(8);
  }
  const flatbuffers::Vector<flatbuffers::Offset<Operator>>* operators() const {
    return Pointer<flatbuffers::Vector<flatbuffers::Offset<Operator>>>(10);
  }
  const flatbuffers::String* name() const {
    return Pointer<flatbuffers::String>(12);
  }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyChildren<Tensor>(verifier, 4) &&
           VerifyVector<int32_t>(verifier, 6) &&
           VerifyVector<int32_t>(verifier, 8) &&
           VerifyChildren<Operator>(verifier, 10) && VerifyString(verifier, 12);
  }
};

class Buffer : private flatbuffers::Table {
 public:
  const flatbuffers::Vector<uint8_t>* data() const {
    return Pointer<flatbuffers::Vector<uint8_t>>(4);
  }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyVector<uint8_t>(verifier, 4);
  }
};

class Model : private flatbuffers::Table {
 public:
  uint32_t version() const { return Scalar<uint32_t>(4, 0); }
  const flatbuffers::Vector<flatbuffers::Offset<OperatorCode>>* operator_codes()
      const {
    return Pointer<flatbuffers::Vector<flatbuffers::Offset<OperatorCode>>>(6);
  }
  const flatbuffers::Vector<flatbuffers::Offset<SubGraph>>* subgraphs() const {
    return Pointer<flatbuffers::Vector<flatbuffers::Offset<SubGraph>>>(8);
  }
  const flatbuffers::String* description() const {
    return Pointer<flatbuffers::String>(10);
  }
  const flatbuffers::Vector<flatbuffers::Offset<Buffer>>* buffers() const {
    return Pointer<flatbuffers::Vector<flatbuffers::Offset<Buffer>>>(12);
  }

  bool Verify(const flatbuffers::Verifier& verifier) const {
    return VerifyTable(verifier) && VerifyScalar<uint32_t>(4) &&
           VerifyChildren<OperatorCode>(verifier, 6) &&
           VerifyChildren<SubGraph>(verifier, 8) &&
           VerifyString(verifier, 10) && VerifyChildren<Buffer>(verifier, 12);
  }
};

inline const Model* GetModel(const void* buffer) {
  const auto* at = static_cast<const uint8_t*>(buffer);
  return reinterpret_cast<const Model*>(at +
                                        flatbuffers::ReadScalar<uint32_t>(at));
}

inline const char* ModelIdentifier() { return "TFL3"; }

inline bool VerifyModelBuffer(flatbuffers::Verifier& verifier) {
  return verifier.VerifyBuffer<Model>(ModelIdentifier());
}

}  // namespace tflite

#endif  // TENSORFLOW_LITE_SCHEMA_SCHEMA_GENERATED_H_
