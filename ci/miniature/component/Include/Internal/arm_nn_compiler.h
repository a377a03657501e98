/* SPDX-License-Identifier: Apache-2.0 */

/* What the sources need from the compiler: GCC or Clang, no CMSIS core headers. */

#ifndef ARM_NN_COMPILER_H
#define ARM_NN_COMPILER_H

#include <stdint.h>

#if !defined(__GNUC__)
#error "Only GCC and Clang are supported"
#endif

#ifndef __INLINE
#define __INLINE inline
#endif
#ifndef __STATIC_INLINE
#define __STATIC_INLINE static inline
#endif
#ifndef __STATIC_FORCEINLINE
#define __STATIC_FORCEINLINE __attribute__((always_inline)) static inline
#endif
#ifndef __RESTRICT
#define __RESTRICT __restrict
#endif

/* Leading zeros of a word; 32 for 0, where the compiler's builtin is undefined. */
__STATIC_FORCEINLINE uint8_t CLZ(uint32_t value)
{
    return value == 0 ? 32 : (uint8_t)__builtin_clz(value);
}

#endif
