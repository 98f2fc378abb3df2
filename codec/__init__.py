"""Storage formats described once, in YAML; decoder, encoder and everything else derived from that text.

`decode_snapshot` and `encode_snapshot` do what the command lines do; `codec.errors` has what they raise.
"""

from codec.api import (
    DecodeOptions,
    DecodeResult,
    EncodeOptions,
    EncodeResult,
    Progress,
    Warned,
    decode_snapshot,
    encode_snapshot,
)
from codec.errors import CodecError, DataError, EnvironmentProblem, UsageError
from codec.version import __version__

__all__ = [
    "CodecError",
    "DataError",
    "DecodeOptions",
    "DecodeResult",
    "EncodeOptions",
    "EncodeResult",
    "EnvironmentProblem",
    "Progress",
    "UsageError",
    "Warned",
    "__version__",
    "decode_snapshot",
    "encode_snapshot",
]
