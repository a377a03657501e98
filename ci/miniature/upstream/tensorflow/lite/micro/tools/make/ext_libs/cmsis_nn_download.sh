#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Called by the makefile with the downloads folder and, optionally, the root of
# the tree. Prints SUCCESS, and nothing else, on stdout if CMSIS-NN is there; any
# other word on stdout is the reason why it is not. The rest goes to stderr.

set -e

DOWNLOADS_DIR=${1}
DOWNLOADED_CMSIS_NN_PATH=${DOWNLOADS_DIR}/cmsis_nn

ZIP_PREFIX_NN="0000000000000000000000000000000000000000"
CMSIS_NN_URL="https://cmsis-nn.example.invalid/archive/${ZIP_PREFIX_NN}.zip"

if [ ! -d "${DOWNLOADS_DIR}" ]; then
  echo "The top-level downloads directory: ${DOWNLOADS_DIR} does not exist."
  exit 1
elif [ -d "${DOWNLOADED_CMSIS_NN_PATH}" ]; then
  echo >&2 "${DOWNLOADED_CMSIS_NN_PATH} already exists, skipping the download."
else
  echo "put what ${CMSIS_NN_URL} stands for into ${DOWNLOADED_CMSIS_NN_PATH}"
  exit 1
fi

echo "SUCCESS"
