"""How does a sheet become something to look at: text, one HTML file, one PDF/A-3 file?

The renderers print the same sheet and know nothing of its meaning. Nothing in it is taken for
markup: what is printed comes partly out of files that somebody else wrote.
"""

from pbxretain.render.html import as_html
from pbxretain.render.pdf import as_pdf
from pbxretain.render.text import as_text, clean

__all__ = ["as_html", "as_pdf", "as_text", "clean"]
