"""Only what pyproject.toml has no key for: the emulator's C core, built through cffi."""

from setuptools import setup

setup(cffi_modules=["syncer/emulator/build_core.py:ffibuilder"])
