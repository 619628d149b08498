"""Configure where Python stores compiled modules."""

import os
import sys
from pathlib import Path


def keep_compiled_modules() -> None:
    """Store compiled modules in the virtual environment, for this process and its children.

    Many containers set PYTHONDONTWRITEBYTECODE, and bin/setup installs without compiling. Without this, each start would
    compile everything again and take several times as long. Outside a virtual environment, nothing changes.
    """
    if sys.prefix == sys.base_prefix:
        return
    folder = str(Path(sys.prefix) / "compiled")
    sys.pycache_prefix, sys.dont_write_bytecode = folder, False
    os.environ["PYTHONPYCACHEPREFIX"] = folder
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
