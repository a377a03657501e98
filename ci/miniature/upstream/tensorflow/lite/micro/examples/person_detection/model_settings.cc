// SPDX-License-Identifier: Apache-2.0
#include "tensorflow/lite/micro/examples/person_detection/model_settings.h"

const char* kCategoryLabels[kCategoryCount] = {"notperson", "person"};
