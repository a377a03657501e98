// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/micro_op_resolver.h"

#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {

TfLiteStatus GetRegistrationFromOpCode(const OperatorCode* opcode,
                                       const MicroOpResolver& op_resolver,
                                       const TFLMRegistration** registration) {
  const BuiltinOperator code = GetBuiltinCode(opcode);
  if (code == BuiltinOperator_CUSTOM) {
    if (opcode->custom_code() == nullptr) {
      MicroPrintf("Operator with CUSTOM builtin_code has no custom_code.");
      return kTfLiteError;
    }
    *registration = op_resolver.FindOp(opcode->custom_code()->c_str());
    // A custom operator may have been left out deliberately.
    return *registration == nullptr ? kTfLiteError : kTfLiteOk;
  }
  *registration = op_resolver.FindOp(code);
  if (*registration == nullptr) {
    MicroPrintf("Didn't find op for builtin opcode '%s' (%d)",
                EnumNameBuiltinOperator(code), static_cast<int>(code));
    return kTfLiteError;
  }
  return kTfLiteOk;
}

}  // namespace tflite
