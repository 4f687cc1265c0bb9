"""The landing zone: whole Parquet files that are never changed, in a folder or in a bucket.

    events/received_date=YYYY-MM-DD/<name>.parquet        what was received
    rejections/received_date=YYYY-MM-DD/<name>.parquet    what was refused, and why
    ingested/<key>.json                                   which files of others were taken in, with what result

A name is `<received_at>-<key>`: it sorts by receipt, and its key says what is in the file, so that whoever is
interrupted can see what has landed already. Only one process writes at a time; it holds the lock.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from core.clock import Clock
from core.errors import TallystickError
from ingestion.event import to_instant, to_micros

Kind = Literal["events", "rejections"]

WRITER = {b"tallystick.writer": b"1"}
LOCK_TIMEOUT_SECONDS = 60.0

EVENT_SCHEMA = pa.schema(
    [
        ("external_subscription_id", pa.string()),
        ("transaction_id", pa.string()),
        ("code", pa.string()),
        ("timestamp", pa.timestamp("us")),
        ("properties", pa.string()),
        ("precise_total_amount_cents", pa.string()),
        ("received_at", pa.timestamp("us")),
        ("received_sequence", pa.int64()),
        ("source", pa.string()),
        ("source_row", pa.int64()),
    ],
    metadata=WRITER,
)
REJECTION_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("source_row", pa.int64()),
        ("reason", pa.string()),
        ("field", pa.string()),
        ("message", pa.string()),
        ("content", pa.string()),
        ("received_at", pa.timestamp("us")),
    ],
    metadata=WRITER,
)

_name = re.compile(r"(?P<stamp>[0-9]{20})-(?P<key>(inbox|file)-[0-9a-z-]+)\.parquet").fullmatch


class LandingBusy(TallystickError):
    """Another process has held the landing zone's lock for too long."""

    def __init__(self, lock: Path) -> None:
        super().__init__(
            "landing_busy",
            f"Another process has held {lock} for more than {LOCK_TIMEOUT_SECONDS:.0f} seconds. "
            "Let it finish or stop it, then try again: nothing is lost.",
        )


class Landing:
    """The landing zone at `root`: a folder, or a URL such as `s3://bucket/landing`.

    A bucket has no locks, so its lock is a local file that the caller names with `lock_path`: all writers to one bucket
    prefix share it, which means that they run on one machine.
    """

    def __init__(self, root: str | Path, lock_path: Path | None = None) -> None:
        url = str(root)
        self._local = "://" not in url
        if self._local:
            folder = Path(url).absolute()
            folder.mkdir(parents=True, exist_ok=True)
            self.filesystem, self.root = pafs.LocalFileSystem(), str(folder)
            lock_path = lock_path or folder / ".lock"
        else:
            self.filesystem, path = pafs.FileSystem.from_uri(url)
            self.root = path.rstrip("/")
        if lock_path is None:
            raise ValueError(f"the landing zone {url} is no local folder: name a local file for its lock (lock_path)")
        lock_path.parent.mkdir(parents=True, exist_ok=True)
        self._lock_path = lock_path
        self._lock = FileLock(lock_path, timeout=LOCK_TIMEOUT_SECONDS)
        self._stamp_path = lock_path.with_name(lock_path.name + ".stamp")

    def files(self, kind: Kind = "events") -> list[str]:
        """Every file that we wrote, as paths below the root, in the order of receipt. Files of others are not listed."""
        return [path for path in self.everything(kind) if is_landing_name(path)]

    def files_of_day(self, kind: Kind, day: str) -> list[str]:
        """`files` of one `YYYY-MM-DD`."""
        below = f"{kind}/received_date={day}"
        return [path for path in self.everything(below) if is_landing_name(path)]

    def files_since(self, day: str) -> list[str]:
        """The event files of one `YYYY-MM-DD` and later, without a look into the folders of earlier days."""
        selector = pafs.FileSelector(f"{self.root}/events", allow_not_found=True)
        names = (info.path.rsplit("/", 1)[1] for info in self.filesystem.get_file_info(selector))
        days = sorted(name.removeprefix("received_date=") for name in names if name.startswith("received_date="))
        return [path for each in days if each >= day for path in self.files_of_day("events", each)]

    def everything(self, below: str) -> list[str]:
        """Every file under the folder `below`, ours or not, as sorted paths below the root."""
        selector = pafs.FileSelector(f"{self.root}/{below}", recursive=True, allow_not_found=True)
        infos = self.filesystem.get_file_info(selector)
        start = len(self.root) + 1
        return sorted(info.path[start:] for info in infos if info.type == pafs.FileType.File)

    def read(self, path: str) -> pa.Table:
        """The rows of one file of ours."""
        with self.filesystem.open_input_file(f"{self.root}/{path}") as file:
            return pq.read_table(file)

    def read_bytes(self, path: str) -> bytes | None:
        """The content of a small file, None when there is none."""
        try:
            with self.filesystem.open_input_file(f"{self.root}/{path}") as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None

    @contextmanager
    def lock(self) -> Iterator[LandingWriter]:
        """The only way to write. Waits for the other writer; raises LandingBusy after a minute."""
        try:
            self._lock.acquire()
        except Timeout as error:
            raise LandingBusy(self._lock_path) from error
        try:
            yield LandingWriter(self)
        finally:
            self._lock.release()

    @contextmanager
    def files_lock(self) -> Iterator[None]:
        """Held while files of others are taken in: two processes that meet the same file do not both land it."""
        with FileLock(f"{self._lock_path}.files"):
            yield

    def put(self, path: str, content: Any) -> None:
        """Write a whole file: it is there with all of `content`, durably, or not at all. To be called under the lock."""
        target = f"{self.root}/{path}"
        if self._local:
            _put_local(Path(target), content, Path(self.root))
        else:
            stream = self.filesystem.open_output_stream(target)
            stream.write(content)
            stream.close()


class LandingWriter:
    """What may be done under the landing zone's lock."""

    def __init__(self, landing: Landing) -> None:
        self._landing = landing

    def last_stamp(self) -> datetime:
        """The last stamp given here, or the last watermark."""
        try:
            return to_instant(int(self._landing._stamp_path.read_text()))
        except FileNotFoundError:
            return to_instant(0)

    def remember(self, stamp: datetime) -> None:
        """No later stamp will be at or before this one, also after a crash or when the clock is set back."""
        path = self._landing._stamp_path
        _put_local(path, str(to_micros(stamp)).encode(), path.parent)

    def stamp(self, clock: Clock) -> datetime:
        """A `received_at`: now, and after every stamp given here before."""
        stamp = to_instant(max(to_micros(clock.now()), to_micros(self.last_stamp()) + 1))
        self.remember(stamp)
        return stamp

    def write(self, kind: Kind, received_at: datetime, key: str, table: pa.Table) -> str:
        """Land the rows; `received_at` is that of the first one. Returns the file's path below the root."""
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        path = f"{kind}/received_date={received_at:%Y-%m-%d}/{_stamp_text(received_at)}-{key}.parquet"
        self._landing.put(path, sink.getvalue())
        return path


def is_landing_name(path: str) -> bool:
    """Whether the file's name is one that we give."""
    return _name(path.rpartition("/")[2]) is not None


def key_of(path: str) -> str:
    """The part of a landing file's name that says what is in it."""
    match = _name(path.rpartition("/")[2])
    if match is None:
        raise ValueError(f"{path} is not the name of a landing file")
    return match["key"]


def _stamp_text(instant: datetime) -> str:
    return instant.replace(tzinfo=UTC).strftime("%Y%m%d%H%M%S%f")


def _put_local(target: Path, content: Any, root: Path) -> None:
    """Temporary name, sync, rename, sync of each folder whose entries changed.

    The temporary name is fixed by the target and begins with a dot: what a crash leaves is overwritten by the retry, or
    ignored for ever.
    """
    made = []
    folder = target.parent
    while not folder.exists():
        made.append(folder)
        folder = folder.parent
    target.parent.mkdir(parents=True, exist_ok=True)
    incoming = root / f".incoming-{target.name}"
    with incoming.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    incoming.replace(target)
    for changed in [target.parent, *(folder.parent for folder in made)]:
        _sync_folder(changed)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
