"""The pieces of a page that is one file: escaped text, tables, commands, figures as data, styles inline."""

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# At this size the smallest texts of the figures, drawn with 150 dots an inch, can still be read.
REM_PER_DOT = 0.03


class Html(str):
    """Text that is HTML already; every other text is escaped where it enters a piece."""


def as_html(text: str) -> Html:
    """Escape `text` unless it is Html."""
    return text if isinstance(text, Html) else Html(html.escape(text))


def element(tag: str, content: str, **attributes: str) -> Html:
    """One element. An attribute's underscores become hyphens, and those at its end are left away."""
    names = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    text = "".join(f' {name}="{html.escape(value)}"' for name, value in names.items())
    return Html(f"<{tag}{text}>{as_html(content)}</{tag}>")


def join(pieces: Iterable[str], separator: str = "\n") -> Html:
    """The pieces one after the other."""
    return Html(separator.join(as_html(piece) for piece in pieces))


def paragraph(*pieces: str, **attributes: str) -> Html:
    """One paragraph of text and Html."""
    return element("p", join(pieces, " "), **attributes)


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "numbers") -> Html:
    """A table in a box of its own that scrolls where the page is narrow.

    kind: 'numbers' aligns all columns but the first to the right, 'text' to the left.
    """
    head = element("tr", join((element("th", cell, scope="col") for cell in header), ""))
    body = [
        element("tr", join([element("th", first, scope="row"), *(element("td", cell) for cell in cells)], ""))
        for first, *cells in rows
    ]
    content = join([element("thead", head), element("tbody", join(body))])
    # Not a <caption>, because that would be as wide as the table and scroll with it.
    box = _scroll_box(element("table", content, class_=kind), caption)
    return join([element("p", caption, class_="caption"), box])


def command(text: str, anchor: str) -> Html:
    """A command line to copy, which links can jump to."""
    return element("pre", element("code", text), id=anchor, class_="command")


def figure(png: Path, alternative: str, caption: str) -> Html:
    """A picture with its bytes inside the page. alternative: what it shows, for whoever cannot see it."""
    content = png.read_bytes()
    # Bytes 16 to 19 of a PNG are its width; a narrow page scrolls a figure rather than shrink its texts.
    least = REM_PER_DOT * int.from_bytes(content[16:20], "big")
    image = Html(
        f'<img src="data:image/png;base64,{base64.b64encode(content).decode()}" '
        f'alt="{html.escape(alternative)}" style="min-width: {least:.0f}rem">'
    )
    return element("figure", join([_scroll_box(image, caption), element("figcaption", caption)]))


def page(title: str, introduction: str, sections: Mapping[str, tuple[str, str]]) -> str:
    """The whole document. sections: anchor -> heading and content, in the table of contents by heading."""
    contents = element(
        "ul",
        join(
            element("li", element("a", heading, href=f"#{anchor}"))
            for anchor, (heading, _) in sections.items()
        ),
    )
    main = [
        element("section", join([element("h2", heading), content]), id=anchor)
        for anchor, (heading, content) in sections.items()
    ]
    navigation = element("nav", contents, aria_label="Contents")
    return _DOCUMENT.format(
        title=as_html(title),
        style=_STYLE,
        body=join([element("h1", title), as_html(introduction), navigation, *main]),
    )


def _scroll_box(content: str, label: str) -> Html:
    # Reachable by the Tab key, because a box can only be scrolled by keys once it has the focus.
    return element("div", content, class_="scroll", role="region", aria_label=label, tabindex="0")


# The policy makes a browser refuse whatever a later change might load from elsewhere.
_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""

_STYLE = """
:root { --text: #1c1c1e; --faint: #5a5a63; --page: #fafaf8; --card: #ffffff; --line: #d9d9d4;
  --accent: #285f8f; --found: #eef3f7; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8ea; --faint: #a3a3ad; --page: #17181b; --card: #202226; --line: #3a3c42;
    --accent: #8fbfe8; --found: #1d2a36; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, sans-serif;
  overflow-wrap: anywhere; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 3rem 0 1rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p, nav { max-width: 46rem; }
a { color: var(--accent); }
nav ul { padding-left: 1.2rem; }
.found { background: var(--found); border-left: 4px solid var(--accent); padding: .6rem 1rem; }
.missing, .note { border: 1px dashed var(--faint); padding: .6rem 1rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; overflow-wrap: normal;
  font-size: .92rem; font-variant-numeric: tabular-nums; }
.caption { color: var(--faint); font-size: .92rem; margin: 1.5rem 0 .4rem; }
.caption + .scroll { margin-top: 0; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; font-weight: normal; }
thead th { color: var(--faint); border-bottom-width: 2px; white-space: nowrap; }
table.numbers th:not(:first-child), table.numbers td { text-align: right; white-space: nowrap; }
table.text td { min-width: 9rem; max-width: 26rem; overflow-wrap: anywhere; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 4px; padding: .6rem .8rem;
  font-size: .85rem; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 1.5rem 0; }
figure .scroll { background: #ffffff; border: 1px solid var(--line); border-radius: 4px; padding: .5rem;
  margin: 0; }
figure img { display: block; width: 100%; height: auto; }
figcaption { color: var(--faint); font-size: .92rem; margin-top: .4rem; max-width: 46rem; }
@media print { .scroll { overflow: visible; } figure img { min-width: 0 !important; } }
"""
