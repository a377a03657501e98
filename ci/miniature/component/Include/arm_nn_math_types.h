/* SPDX-License-Identifier: Apache-2.0 */

/* Limits of the fixed-point types. */

#ifndef ARM_NN_MATH_TYPES_H
#define ARM_NN_MATH_TYPES_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NN_Q31_MAX INT32_MAX
#define NN_Q31_MIN INT32_MIN
#define NN_Q15_MAX INT16_MAX
#define NN_Q15_MIN INT16_MIN
#define NN_Q7_MAX INT8_MAX
#define NN_Q7_MIN INT8_MIN

#endif
