"""Takes in the files of a folder in small chunks, made to be killed: python ingest_files.py FOLDER LANDING"""

from __future__ import annotations

import sys

from core.clock import SystemClock
from ingestion.landing import Landing
from ingestion.sources import json_reader, table_reader
from ingestion.sources.files import ingest_paths

if __name__ == "__main__":
    for reader in (json_reader, table_reader):
        vars(reader)["ROWS_PER_CHUNK"] = 40
    ingest_paths([sys.argv[1]], Landing(sys.argv[2]), SystemClock())
