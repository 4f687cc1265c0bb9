"""Finding files in folders and buckets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.fs as pafs

from core.errors import TallystickError

BLOCK = 1 << 20
FOLDER_MAPPING = "_mapping.yaml"
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload")


class SourceNotFound(TallystickError):
    """There is nothing at the path or URL."""

    def __init__(self, location: str) -> None:
        super().__init__("source_not_found", f"There is no file or folder {location}. Check the path and try again.")


class UnreadableSource(TallystickError):
    """What the path or URL names cannot be taken in."""

    def __init__(self, location: str, reason: str) -> None:
        super().__init__("unreadable_source", f"{location} {reason}.")


@dataclass(frozen=True)
class SourceFile:
    """One file to take in. `name` is how rows tell where they come from: its path below the given folder. `place` is the
    same however the file is named: its whole path, without links.

    `mapping_path` is the `_mapping.yaml` of the nearest folder around it, within the given one; None without one.
    """

    name: str
    filesystem: pafs.FileSystem
    path: str
    size: int
    modified_ns: int
    mapping_path: str | None = None

    @property
    def place(self) -> str:
        """Where it is: the whole path, of a bucket or of this machine."""
        return str(Path(self.path).resolve()) if isinstance(self.filesystem, pafs.LocalFileSystem) else self.path

    def open(self) -> pafs.NativeFile:
        """The file for random access."""
        return self.filesystem.open_input_file(self.path)

    def content_digest(self) -> str:
        """SHA-256 of its bytes."""
        digest = hashlib.sha256()
        with self.filesystem.open_input_stream(self.path, compression=None, buffer_size=BLOCK) as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def has_changed(self) -> bool:
        """Whether somebody wrote to it since it was found."""
        info = self.filesystem.get_file_info(self.path)
        return bool(info.size != self.size or info.mtime_ns != self.modified_ns)


def find_files(paths: Sequence[str | Path]) -> Iterator[SourceFile]:
    """The files at these paths and URLs; folders with all that is below them, in the order of names. Each file comes once,
    also when links lead to it by several names.

    In a folder, names that begin with a dot or an underscore, or end as unfinished downloads do, are skipped: who drops
    files writes them under such a name and renames them. Raises SourceNotFound, or UnreadableSource.
    """
    found: set[str] = set()
    for path in paths:
        for file in _at(str(path)):
            if file.place not in found:
                found.add(file.place)
                yield file


def _at(location: str) -> Iterator[SourceFile]:
    if "://" in location:
        try:
            filesystem, root = pafs.FileSystem.from_uri(location)
        except pa.ArrowInvalid as error:
            raise UnreadableSource(
                location, "is at no storage that can be read: use a path, s3://, gs:// or abfs://"
            ) from error
    else:
        filesystem, root = pafs.LocalFileSystem(), str(Path(location).absolute())
    info = filesystem.get_file_info(root.rstrip("/"))
    if info.type == pafs.FileType.NotFound:
        raise SourceNotFound(location)
    if info.type == pafs.FileType.File:
        yield source_file(filesystem, info, info.base_name)
    elif info.type == pafs.FileType.Directory:
        yield from _below(filesystem, root.rstrip("/"))
    else:
        raise UnreadableSource(location, "is neither a file nor a folder")


def source_file(
    filesystem: pafs.FileSystem, info: pafs.FileInfo, name: str, mapping_path: str | None = None
) -> SourceFile:
    """The file that the listing found."""
    return SourceFile(name, filesystem, info.path, info.size, info.mtime_ns or 0, mapping_path)


def _below(filesystem: pafs.FileSystem, root: str) -> Iterator[SourceFile]:
    infos = filesystem.get_file_info(pafs.FileSelector(root, recursive=True))
    mappings = {info.path for info in infos if info.base_name == FOLDER_MAPPING}
    for info in sorted(infos, key=lambda info: info.path):
        name = info.path[len(root) :].lstrip("/")
        hidden = any(part.startswith((".", "_")) for part in name.split("/"))
        if info.type == pafs.FileType.File and not hidden and not name.endswith(UNFINISHED):
            around = [f"{folder}/{FOLDER_MAPPING}" for folder in map(str, PurePosixPath(info.path).parents)]
            yield source_file(filesystem, info, name, next((path for path in around if path in mappings), None))
