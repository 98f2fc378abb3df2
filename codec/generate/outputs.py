"""The outputs of `codec generate`, by kind: each is made from a plan in memory and appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from codec.spec import library
from codec.spec.container import Container
from codec.tree.publish import OutputFile
from codec.tree.staging import StagedTree

Files = Mapping[str, str]


def json_schemas(container: Container) -> Files:
    """A JSON Schema (2020-12) for every kind of document, one file each."""
    from codec.spec.json_schema import schemas

    found = schemas(container)
    return {f"{name}.schema.json": json.dumps(one, indent=2, ensure_ascii=False) + "\n" for name, one in found.items()}


def docs(container: Container) -> Files:
    """The reference manual: Markdown pages, and one HTML page with all of them."""
    from codec.generate.manual.book import manual

    return manual(container)


def kaitai(container: Container) -> Files:
    """Kaitai structs of the binary side: one of the file, one of each adapter's records."""
    from codec.generate.kaitai.container import container_struct
    from codec.generate.kaitai.records import record_structs, struct_name
    from codec.generate.kaitai.words import identifier

    files = {f"{identifier(container.name)}.ksy": container_struct(container)}
    structs = ((struct_name(adapter), record_structs(adapter)) for adapter in container.adapters)
    return files | {f"{name}.ksy": text for name, text in structs if text is not None}


def python(container: Container) -> str:
    """A Python module of its own: things, records and documents of the format, both ways."""
    from codec.generate.python.module import python_module

    return python_module(container)


FOLDERS: dict[str, Callable[[Container], Files]] = {"json-schema": json_schemas, "docs": docs, "kaitai": kaitai}


def write_folder(kind: str, name: str, target: Path, *, replace: bool) -> int:
    """Write one of `FOLDERS` for the format `name` into the folder `target`; the number of files.

    Raises `SpecError` for a wrong spec, `UsageError` if something stands at `target` and `replace` is not given.
    """
    files = FOLDERS[kind](library.load(name))
    with StagedTree(target, replace=replace, shared=True) as tree:
        for path, text in files.items():
            tree.write(path, text.encode())
        tree.publish()
    return len(files)


def write_python(name: str, target: Path) -> int:
    """Write the module of the format `name` to `target`, where an older file is replaced; the number of its lines.

    Raises `SpecError` for a wrong spec, `UsageError` if the folder of `target` is none.
    """
    text = python(library.load(name))
    with OutputFile(target) as file:
        file.write(text.encode())
        file.publish()
    return text.count("\n")
