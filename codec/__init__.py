"""Storage formats described once, in YAML; decoder, encoder and everything else derived from that text.

`decode_snapshot` and `encode_snapshot` do what the command lines do; `codec.errors` has what they raise.
"""

from codec.api import (
    DecodeOptions,
    DecodeResult,
    EncodeInfo,
    EncodeOptions,
    EncodeResult,
    Progress,
    Warned,
    decode_snapshot,
    encode_snapshot,
    read_encode_info,
    write_encode_info,
)
from codec.errors import CodecError, DataError, EnvironmentProblem, UsageError, VersionError
from codec.version import __version__

__all__ = [
    "CodecError",
    "DataError",
    "DecodeOptions",
    "DecodeResult",
    "EncodeInfo",
    "EncodeOptions",
    "EncodeResult",
    "EnvironmentProblem",
    "Progress",
    "UsageError",
    "VersionError",
    "Warned",
    "__version__",
    "decode_snapshot",
    "encode_snapshot",
    "read_encode_info",
    "write_encode_info",
]
