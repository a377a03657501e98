/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context *ctx,
                                   const cmsis_nn_pool_params *pool_params,
                                   const cmsis_nn_dims *input_dims,
                                   const int8_t *input_data,
                                   const cmsis_nn_dims *filter_dims,
                                   const cmsis_nn_dims *output_dims,
                                   int8_t *output_data)
{
    (void)ctx;

    const int32_t channels = input_dims->c;
    const int32_t row_size = input_dims->w * channels;

    if (input_dims->n < 1)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }

    for (int32_t n = 0; n < input_dims->n; n++)
    {
        for (int32_t y = 0; y < output_dims->h; y++)
        {
            const int32_t top = y * pool_params->stride.h - pool_params->padding.h;
            const int32_t y_start = MAX(top, 0);
            const int32_t y_end = MIN(top + filter_dims->h, input_dims->h);
            for (int32_t x = 0; x < output_dims->w; x++)
            {
                const int32_t left = x * pool_params->stride.w - pool_params->padding.w;
                const int32_t x_start = MAX(left, 0);
                const int32_t x_end = MIN(left + filter_dims->w, input_dims->w);
                if (y_end <= y_start || x_end <= x_start)
                {
                    return ARM_CMSIS_NN_ARG_ERROR; /* a window outside the input has no average */
                }
                const int32_t count = (y_end - y_start) * (x_end - x_start);

                for (int32_t c = 0; c < channels; c++)
                {
                    int32_t sum = 0;
                    for (int32_t in_y = y_start; in_y < y_end; in_y++)
                    {
                        const int8_t *in = input_data + in_y * row_size + x_start * channels + c;
                        for (int32_t in_x = x_start; in_x < x_end; in_x++)
                        {
                            sum += *in;
                            in += channels;
                        }
                    }
                    const int32_t half = sum > 0 ? count / 2 : -(count / 2);
                    const int32_t mean = (sum + half) / count;
                    *output_data++ = (int8_t)CLAMP(
                        mean, pool_params->activation.max, pool_params->activation.min);
                }
            }
        }
        input_data += input_dims->h * row_size;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
