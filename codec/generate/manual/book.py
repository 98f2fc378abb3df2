"""The files of a manual: a Markdown page for the container and for each adapter, and one HTML page with all of them."""

from __future__ import annotations

from codec.generate.manual import html, markdown
from codec.generate.manual.adapter_page import adapter_page
from codec.generate.manual.container_page import container_page
from codec.spec.container import Container

FIRST = "README"  # what a forge shows for a folder
WHOLE = "index.html"


def manual(container: Container) -> dict[str, str]:
    """The text of every file, by its name."""
    pages = [container_page(container, FIRST), *(adapter_page(adapter) for adapter in container.adapters)]
    files = {f"{page.name}.md": markdown.render(page) for page in pages}
    return files | {WHOLE: html.render(pages, f"{container.name}: reference manual")}
