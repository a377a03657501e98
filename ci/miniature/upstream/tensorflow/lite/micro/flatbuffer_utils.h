// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_FLATBUFFER_UTILS_H_
#define TENSORFLOW_LITE_MICRO_FLATBUFFER_UTILS_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

// Whether the model is one that can be run here: every number that stands for a
// tensor, a buffer or an operator code is in range, constants are as long as
// their shapes say and aligned as their types need. Says what is not.
TfLiteStatus CheckModel(const Model* model);

uint32_t NumSubgraphOperators(const SubGraph* subgraph);

// The vector as an array, in place. An absent vector is an empty array.
TfLiteIntArray* FlatBufferVectorToTfLiteTypeArray(
    const flatbuffers::Vector<int32_t>* vector);
TfLiteFloatArray* FlatBufferVectorToTfLiteTypeArray(
    const flatbuffers::Vector<float>* vector);

}  // namespace tflite

#endif  // TENSORFLOW_LITE_MICRO_FLATBUFFER_UTILS_H_
