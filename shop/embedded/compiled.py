"""Where Python keeps its compiled modules."""

import os
import sys
from pathlib import Path


def keep_compiled_modules() -> None:
    """Keep compiled modules in the virtual environment, for this process and those that it starts.

    Many containers set PYTHONDONTWRITEBYTECODE, and bin/setup installs without compiling: each start would then compile
    everything again, which takes four times as long as starting. Outside a virtual environment nothing changes.
    """
    if sys.prefix == sys.base_prefix:
        return
    folder = str(Path(sys.prefix) / "compiled")
    sys.pycache_prefix, sys.dont_write_bytecode = folder, False
    os.environ["PYTHONPYCACHEPREFIX"] = folder
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
