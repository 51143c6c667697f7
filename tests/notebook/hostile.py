"""Texts of ill will, for every place that shows somebody else's: each must show as it is typed, and do nothing.

A text that gets to be markup leaves `TRACE` behind in the page, or an element that bears it.
"""

from __future__ import annotations

__all__ = ["NAMES", "TEXTS", "TRACE"]

TRACE = "opeaHostile"
"""What the texts would set on the page's ``window``, if one of them were run."""

_RUN = f"window.{TRACE}=1"

TEXTS: tuple[str, ...] = (
    f"<script>{_RUN}</script>",
    f"</script><script>{_RUN}</script>",
    f'"><img src=x onerror="{_RUN}">',
    f"'><img src=x onerror='{_RUN}'>",
    f"<svg/onload={_RUN}>",
    f"</title></textarea></pre></style><img src=x onerror={_RUN}>",
    f'" onmouseover="{_RUN}" x="',
    f"' autofocus onfocus='{_RUN}' x='",
    f"javascript:{_RUN}",
    f"[link](javascript:{_RUN})",
    f"<iframe srcdoc='<script>parent.{TRACE}=1</script>'></iframe>",
    f"<details open ontoggle={_RUN}>",
    f"<style>@import 'javascript:{_RUN}';*{{display:none}}</style>",
    f"<math><mtext></table><mglyph><style><img src=x onerror={_RUN}>",
    f"&lt;img src=x onerror={_RUN}&gt;",
    f"<!--><img src=x onerror={_RUN}>-->",
    f"]]><img src=x onerror={_RUN}>",
    f"${{{_RUN}}} {{{{{_RUN}}}}} <%={_RUN}%>",
    f"\u202e<img src=x onerror={_RUN}>\u2066",
    f"<a href=data:text/html,<script>{_RUN}</script>>x</a>",
    f"<plaintext><xmp><noscript><img src=x onerror={_RUN}>",
)
"""Texts for parameters, notes, groups, documents, questions and answers."""

NAMES: tuple[str, ...] = (
    f"<img src=x onerror={_RUN}>",
    f'"><svg onload={_RUN}>',
    f"<b onclick={_RUN}",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    f"' onfocus='{_RUN}' x='",
)
"""Names for services; those that a pipeline does not take are refused before they are shown."""
