#!/usr/bin/env python
"""Run a command of the shop; `manage.py help` lists them."""

import gc
import importlib
import sys

from shop.embedded.compiled import keep_compiled_modules

if __name__ == "__main__":
    keep_compiled_modules()
    gc.disable()  # saves a third of the start-up time; ShopConfig.ready() enables it again
    importlib.import_module("shop.command_line").run_command(sys.argv)
