"""Entry point: python3 -I -S -X frozen_modules=on <this file>, with the control socket at fd 3.

Started as a file and not as a folder or by -m, because those import runpy, which costs 3 ms.
Python compiles this file anew at each start, so that it holds nothing but the way to the rest.
"""

import gc
import os
import sys

gc.disable()  # Imports make no garbage worth looking for; the zygote turns it on again.
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if layer := os.environ.get("FAAS_RUNTIME_LAYER"):
    sys.path.append(layer)

from faas_runtime.zygote import main  # noqa: E402

main()
