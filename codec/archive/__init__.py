"""A tree as one file: tar, with or without zstd, the same bytes for the same tree (container-and-cli.md §7.1)."""

from codec.archive.pack import Packed, pack, pack_to_file
from codec.archive.unpack import Unpacked, unpack
from codec.compression import Compression

__all__ = ["Compression", "Packed", "Unpacked", "pack", "pack_to_file", "unpack"]
