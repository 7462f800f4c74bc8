"""The order of text levels: the one in which R's ``factor()`` puts them on a desk, not in the C locale.

R sorts text by the rules of Unicode's root collation: punctuation before digits before letters, letters first
without regard to case and accent (``a A b B``), and only among equals lower case before upper. That order decides
which level is the reference, hence every coefficient's name. It is written out here, not taken from the process's
locale, so that a fit has the same names on every machine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_PUNCTUATION = "\t\n\x0b\x0c\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_RANK = {ord(mark): chr(1 + i) for i, mark in enumerate(_PUNCTUATION)}  # all below "0" (48): 38 marks


def text_order(texts: Sequence[str]) -> list[int]:
    """Positions that put `texts` in order."""
    joined = "".join(texts)
    if joined.isascii() and joined.isalnum() and (joined.islower() or joined.isupper() or joined.isdigit()):
        return sorted(range(len(texts)), key=texts.__getitem__)  # code points already have this order
    keys = [_key(text) for text in texts]
    return sorted(range(len(texts)), key=keys.__getitem__)


def _key(text: str) -> tuple[str, str, str, str]:
    """A sort key, in order of weight: base letters, accents, case (lower first), and the text itself."""
    if text.isascii():
        return text.lower().translate(_RANK), "", text.swapcase(), text
    decomposed = unicodedata.normalize("NFKD", text)
    base = "".join(c for c in decomposed if not unicodedata.combining(c))
    marks = "".join(c if unicodedata.combining(c) else " " for c in decomposed).rstrip()
    return base.casefold().translate(_RANK), marks, base.swapcase(), text
