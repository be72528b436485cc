"""HTML that needs no network and runs no script: every text goes through one escape."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Sequence

_JOINERS = "\u200c\u200d"
"""Invisible, but needed to write Persian and Indic words and many emoji."""

STYLE = """
:root{color-scheme:light dark;--ink:#1f2937;--dim:#6b7280;--line:#e5e7eb;--paper:#fff;--train:#2563eb;
--val:#ea580c}
@media(prefers-color-scheme:dark){:root{--ink:#e5e7eb;--dim:#9ca3af;--line:#374151;--paper:#111827;
--train:#60a5fa;--val:#fb923c}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2.25rem 0 .5rem}
p{margin:.25rem 0 .75rem}.dim{color:var(--dim)}.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.2rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{font-weight:600}th:first-child,td:first-child,.left td,.left th{text-align:left}
.left td:last-child{white-space:normal;overflow-wrap:anywhere}
code{font:.9em ui-monospace,monospace;background:color-mix(in srgb,var(--ink) 7%,transparent);
padding:.1em .3em;border-radius:.25em;overflow-wrap:anywhere}
.figures{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figcaption{font-size:.85rem}
.figures img{image-rendering:pixelated;width:7rem;height:7rem;object-fit:contain;background:#8882;
display:block}
.figures figure{width:7rem}svg{max-width:100%;height:auto}
svg text{fill:var(--dim);font:12px system-ui,sans-serif}
.grid{stroke:var(--line)}.train{stroke:var(--train);fill:none;stroke-width:2}
.val{stroke:var(--val);fill:none;stroke-width:2;stroke-dasharray:5 4}
.panels{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start;margin:.5rem 0 1rem}
.panels img{display:block;max-width:100%;height:auto;background:#8882}.pixels{image-rendering:pixelated}
pre{font:.85rem/1.45 ui-monospace,monospace;margin:.25rem 0 .75rem}
.confusion td{text-align:center;min-width:2.4rem;border:1px solid var(--paper)}
.confusion .self{outline:2px solid var(--dim);outline-offset:-3px}
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def inert(text: object) -> str:
    """Text whose control, direction and other invisible characters are shown as codes.

    >>> inert("a\\x1b[2J\\u202eb")
    'a\\\\x1b[2J\\\\u202eb'
    """
    return "".join(letter if _visible(letter) else ascii(letter)[1:-1] for letter in str(text))


def escape(text: object) -> str:
    """Text for an element or an attribute; it is never markup.

    >>> escape("<img onerror=x> & 'y'")
    '&lt;img onerror=x&gt; &amp; &#x27;y&#x27;'
    """
    return html.escape(inert(text), quote=True)


def inert_lines(text: str) -> str:
    """Text of several lines, each made inert."""
    return "\n".join(inert(line) for line in text.split("\n"))


def escape_lines(text: str) -> str:
    """Text of several lines for an element that keeps them."""
    return "\n".join(escape(line) for line in text.split("\n"))


def table(head: Sequence[object], rows: Iterable[Sequence[object]], kind: str = "") -> str:
    """A table of texts; `kind` is a class of the style sheet."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td><bdi>{escape(cell)}</bdi></td>' for cell in row)}</tr>" for row in rows
    )
    first = f"<thead><tr>{top}</tr></thead>" if head else ""
    return f'<div class="wide"><table class="{kind}">{first}<tbody>{body}</tbody></table></div>'


def section(title: str, *parts: str) -> str:
    """A heading and what stands under it (already HTML)."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def paragraph(text: object, kind: str = "") -> str:
    """A paragraph of text."""
    return f'<p class="{kind}">{escape(text)}</p>'


def page(title: str, *parts: str) -> str:
    """A whole document; a policy in its head forbids scripts, frames and every address but data:."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _visible(letter: str) -> bool:
    """True for letters, signs and blanks; false for what acts on a terminal or on the order of letters."""
    return letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs"
