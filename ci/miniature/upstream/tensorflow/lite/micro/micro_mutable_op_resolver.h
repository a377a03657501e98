// SPDX-License-Identifier: Apache-2.0
//
// A resolver that an application fills with the operators of its model, so that
// no other kernel is linked.
#ifndef TENSORFLOW_LITE_MICRO_MICRO_MUTABLE_OP_RESOLVER_H_
#define TENSORFLOW_LITE_MICRO_MICRO_MUTABLE_OP_RESOLVER_H_

#include <cstring>

#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"
#include "tensorflow/lite/micro/kernels/fully_connected.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/kernels/pooling.h"
#include "tensorflow/lite/micro/kernels/softmax.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"

namespace tflite {

template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  TfLiteStatus AddAveragePool2D(
      const TFLMRegistration& registration = Register_AVERAGE_POOL_2D()) {
    return AddBuiltin(BuiltinOperator_AVERAGE_POOL_2D, registration, ParsePool);
  }
  TfLiteStatus AddConv2D(
      const TFLMRegistration& registration = Register_CONV_2D()) {
    return AddBuiltin(BuiltinOperator_CONV_2D, registration, ParseConv2D);
  }
  TfLiteStatus AddDepthwiseConv2D(
      const TFLMRegistration& registration = Register_DEPTHWISE_CONV_2D()) {
    return AddBuiltin(BuiltinOperator_DEPTHWISE_CONV_2D, registration,
                      ParseDepthwiseConv2D);
  }
  TfLiteStatus AddFullyConnected(
      const TFLMRegistration& registration = Register_FULLY_CONNECTED()) {
    return AddBuiltin(BuiltinOperator_FULLY_CONNECTED, registration,
                      ParseFullyConnected);
  }
  TfLiteStatus AddReshape() {
    return AddBuiltin(BuiltinOperator_RESHAPE, Register_RESHAPE(),
                      ParseReshape);
  }
  TfLiteStatus AddSoftmax(
      const TFLMRegistration& registration = Register_SOFTMAX()) {
    return AddBuiltin(BuiltinOperator_SOFTMAX, registration, ParseSoftmax);
  }

  // Both must outlive the resolver.
  TfLiteStatus AddCustom(const char* name,
                         const TFLMRegistration* registration) {
    if (FindOp(name) != nullptr) {
      MicroPrintf("The custom op '%s' is registered already.", name);
      return kTfLiteError;
    }
    TFLMRegistration copy = *registration;
    copy.custom_name = name;
    return Append(BuiltinOperator_CUSTOM, copy, nullptr);
  }

  const TFLMRegistration* FindOp(BuiltinOperator op) const override {
    if (op == BuiltinOperator_CUSTOM) return nullptr;
    for (unsigned int i = 0; i < count_; ++i) {
      if (registrations_[i].builtin_code == op) return &registrations_[i];
    }
    return nullptr;
  }

  const TFLMRegistration* FindOp(const char* op) const override {
    for (unsigned int i = 0; i < count_; ++i) {
      const TFLMRegistration& known = registrations_[i];
      if (known.builtin_code == BuiltinOperator_CUSTOM &&
          std::strcmp(known.custom_name, op) == 0) {
        return &known;
      }
    }
    return nullptr;
  }

  TfLiteBridgeBuiltinParseFunction GetOpDataParser(
      BuiltinOperator op) const override {
    const TFLMRegistration* known = FindOp(op);
    return known == nullptr ? nullptr : parsers_[known - registrations_];
  }

  unsigned int GetRegistrationLength() { return count_; }

 private:
  TfLiteStatus AddBuiltin(BuiltinOperator op,
                          const TFLMRegistration& registration,
                          TfLiteBridgeBuiltinParseFunction parser) {
    if (FindOp(op) != nullptr) {
      MicroPrintf("The op %s is registered already.",
                  EnumNameBuiltinOperator(op));
      return kTfLiteError;
    }
    return Append(op, registration, parser);
  }

  TfLiteStatus Append(BuiltinOperator op, const TFLMRegistration& registration,
                      TfLiteBridgeBuiltinParseFunction parser) {
    if (count_ == tOpCount) {
      MicroPrintf("Couldn't register op %s, resolver size is too small (%u).",
                  EnumNameBuiltinOperator(op), tOpCount);
      return kTfLiteError;
    }
    registrations_[count_] = registration;
    registrations_[count_].builtin_code = op;
    parsers_[count_] = parser;
    ++count_;
    return kTfLiteOk;
  }

  TFLMRegistration registrations_[tOpCount];
  TfLiteBridgeBuiltinParseFunction parsers_[tOpCount];
  unsigned int count_ = 0;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_MICRO_MUTABLE_OP_RESOLVER_H_
