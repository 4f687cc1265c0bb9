"""The real API in this process, to be watched by strace: python -m tests.fault.children.serve_api HOME PORT [SYNCHRONOUS]"""

from __future__ import annotations

import sys
from pathlib import Path

from api.server import serve
from core.settings import Settings
from tests.fault.children.answer_and_flush import weaken

if __name__ == "__main__":
    home, port, *synchronous = sys.argv[1:]
    if synchronous:
        weaken(synchronous[0])
    serve(Settings(home=Path(home)), port=int(port))
