"""Takes in the files of a folder in small chunks, made to be killed: python ingest_files.py FOLDER LANDING

It writes no more files than it is given bytes on standard input, so that no attempt finishes however fast it is.
"""

from __future__ import annotations

import sys
from typing import Any

from core.clock import SystemClock
from ingestion.landing import Landing
from ingestion.sources import json_reader, table_reader
from ingestion.sources.files import ingest_paths


class GrantedLanding(Landing):
    """Waits for a byte before it writes a file."""

    def put(self, path: str, content: Any) -> None:
        sys.stdin.buffer.read(1)
        super().put(path, content)


if __name__ == "__main__":
    for reader in (json_reader, table_reader):
        vars(reader)["ROWS_PER_CHUNK"] = 40
    ingest_paths([sys.argv[1]], GrantedLanding(sys.argv[2]), SystemClock())
