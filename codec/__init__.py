"""Storage formats described once, in YAML; decoder, encoder and everything else derived from that text.

`decode_snapshot` and `encode_snapshot` do what the command lines do; `codec.errors` has what they raise.
The names below are imported when they are first used: a command line must be able to do something before that.
"""

TYPE_CHECKING = False  # `typing.TYPE_CHECKING` without importing it

if TYPE_CHECKING:
    from codec.api import (
        DecodeOptions,
        DecodeResult,
        EncodeInfo,
        EncodeOptions,
        EncodeResult,
        FormatOptions,
        FormatResult,
        Progress,
        VerifyOptions,
        VerifyResult,
        Warned,
        decode_snapshot,
        encode_snapshot,
        format_tree,
        read_encode_info,
        verify_snapshot,
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
    "FormatOptions",
    "FormatResult",
    "Progress",
    "UsageError",
    "VerifyOptions",
    "VerifyResult",
    "VersionError",
    "Warned",
    "__version__",
    "decode_snapshot",
    "encode_snapshot",
    "format_tree",
    "read_encode_info",
    "verify_snapshot",
    "write_encode_info",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from codec import api, errors, version

    value = next(vars(module)[name] for module in (version, errors, api) if name in vars(module))
    globals()[name] = value
    return value
