"""Finding and loading the specs that come with the package, or a user's own: from YAML to a `Container`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from os.path import normpath
from pathlib import Path
from typing import cast

import codec.layout
from codec.api import DEFAULT_FORMAT
from codec.errors import Place, SpecError
from codec.spec import extends, source
from codec.spec.container import SCHEMAS, Container
from codec.spec.container_resolver import ContainerResolver, kind_of
from codec.spec.extends import extended
from codec.spec.resolve import Resolver

MAIN = "container.yaml"
DEFAULT = DEFAULT_FORMAT

for _module in pkgutil.iter_modules(codec.layout.__path__):
    importlib.import_module(f"codec.layout.{_module.name}")  # importing a primitive's module registers it


def root() -> Path:
    """The folder of the specs: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).resolve().parent.parent / "specs"
    return installed if installed.is_dir() else installed.parent.parent / "specs"


def main_file(name: str) -> Path:
    """The main file of the format `name`: the name of a shipped one, the path of a folder or file; empty, the usual."""
    name = name or DEFAULT
    shipped = root() / name / MAIN
    path = shipped if shipped.is_file() else Path(name)
    path = path / MAIN if path.is_dir() else path
    if not path.is_file():
        known = ", ".join(names())
        raise SpecError(
            "spec-unknown-format",
            f"there is no format `{name}`",
            Place(name),
            hint=f"one of: {known}, or a folder with {MAIN}",
        )
    return path


def names() -> tuple[str, ...]:
    """The names of the shipped formats; each is the name of its folder."""
    return tuple(sorted(path.parent.name for path in root().glob(f"*/{MAIN}")))


def others() -> tuple[str, ...]:
    """The shipped formats besides the usual one."""
    return tuple(name for name in names() if name != DEFAULT)


def magics(name: str) -> tuple[bytes, ...]:
    """What the streams of a format begin with, without resolving anything else."""
    streams = cast("dict[str, dict[str, str]]", extended(main_file(name))["streams"])
    return tuple(stream["magic"].encode("latin-1") for stream in streams.values())


def version(name: str) -> int:
    """The version of a format, without resolving anything else."""
    return cast(int, extended(main_file(name))["version"])


def carried(path: Path, main: source.Mapping) -> list[source.Mapping]:
    """The adapter specs that the container in `path` (which says `main`) carries, all changes applied."""
    files = [named_file(main, "carries", index) for index in range(len(cast("list[str]", main["carries"])))]
    return [extends.carried(path, file) for file in files]


def named_file(data: source.Mapping, *path: str | int) -> Path:
    """The file that a spec names at `path`: beside the file where that name is written."""
    return Path(normpath(Path(source.place_of(data, path).source).parent / str(source.part_of(data, path))))


def load(name: str | Container) -> Container:
    """The plan of a format (`main_file`); cached for the life of the process. A plan is given back as it is.

    Raises `SpecError`, the first that lint finds.
    """
    return name if isinstance(name, Container) else _load(name or DEFAULT)


@lru_cache
def _load(name: str) -> Container:
    path = main_file(name)
    if not path.is_relative_to(root()):
        _check(path)
    main = extended(path)
    adapters = tuple(Resolver(data).adapter() for data in carried(path, main))
    schemas = {}
    for section in (section for section in SCHEMAS if section[0] in main):
        file = str(source.part_of(main, (*section, "schema")))
        schemas[file] = source.load(named_file(main, *section, "schema"))
    return ContainerResolver(main, "little" if main["byte_order"] == "little" else "big").container(adapters, schemas)


def _check(path: Path) -> None:
    """Raise the first mistake of a spec that is not a shipped one: resolving relies on what the lint has seen."""
    from codec.spec.lint import lint

    for mistake in (finding.error for finding in lint(str(path)) if finding.severity == "error"):
        raise mistake
    if kind_of(main := extended(path)) != "container":
        hint = "name the format that carries it; `codec spec lint` checks it alone"
        raise SpecError("spec-not-a-format", "this is the spec of one adapter", source.place_of(main, ()), hint=hint)
