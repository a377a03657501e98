/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

arm_cmsis_nn_status
arm_fully_connected_per_channel_s8(const cmsis_nn_context *ctx,
                                   const cmsis_nn_fc_params *fc_params,
                                   const cmsis_nn_per_channel_quant_params *quant_params,
                                   const cmsis_nn_dims *input_dims,
                                   const int8_t *input_data,
                                   const cmsis_nn_dims *filter_dims,
                                   const int8_t *filter_data,
                                   const cmsis_nn_dims *bias_dims,
                                   const int32_t *bias_data,
                                   const cmsis_nn_dims *output_dims,
                                   int8_t *output_data)
{
    (void)bias_dims;

    const int32_t inputs = filter_dims->n;
    const int32_t outputs = output_dims->c;
    arm_cmsis_nn_status status = ARM_CMSIS_NN_SUCCESS;

    for (int32_t n = 0; n < input_dims->n && status == ARM_CMSIS_NN_SUCCESS; n++)
    {
        status = arm_nn_vec_mat_mult_t_per_ch_s8(input_data,
                                                 filter_data,
                                                 (const int32_t *)ctx->buf,
                                                 bias_data,
                                                 output_data,
                                                 fc_params->input_offset,
                                                 fc_params->output_offset,
                                                 quant_params->multiplier,
                                                 quant_params->shift,
                                                 inputs,
                                                 outputs,
                                                 fc_params->activation.min,
                                                 fc_params->activation.max,
                                                 1,
                                                 fc_params->filter_offset);
        input_data += inputs;
        output_data += outputs;
    }
    return status;
}
