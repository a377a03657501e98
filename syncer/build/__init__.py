"""Toolchain and SDK discovery, cmake + ninja, and what the linked programs take."""
