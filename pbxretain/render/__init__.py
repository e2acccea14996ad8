"""How does a sheet become something to look at: text, one HTML file, one PDF/A-3 file?

The renderers print the same sheet and know nothing of its meaning. Nothing in it is taken for
markup: what is printed comes partly out of files that somebody else wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbxretain.render.text import as_text, clean

if TYPE_CHECKING:
    from pbxretain.render.html import as_html
    from pbxretain.render.pdf import as_pdf

__all__ = ["as_html", "as_pdf", "as_text", "clean"]


def __getattr__(name: str) -> Any:
    # What prints on a terminal doesn't wait for the means of printing on paper.
    if name == "as_html":
        from pbxretain.render.html import as_html

        return as_html
    if name == "as_pdf":
        from pbxretain.render.pdf import as_pdf

        return as_pdf
    raise AttributeError(name)
