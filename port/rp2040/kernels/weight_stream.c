/* SPDX-License-Identifier: Apache-2.0 */

#include "weight_stream.h"

#if WEIGHT_STREAM
volatile bool weight_stream_disabled;
#else
typedef int nothing; /* ISO C forbids an empty translation unit */
#endif
