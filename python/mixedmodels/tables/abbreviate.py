"""R's ``abbreviate()``: shorter names that are still recognisable and still unique.

A name loses, in this order and each time from its end: lower-case vowels that end a word, lower-case vowels that do not
start one, lower-case letters that end a word, lower-case letters that do not start one, and at last any character that
does not start a word; the first character always stays. It stops as soon as the name is short enough (``?abbreviate``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_VOWELS = frozenset("aeiou")


def _starts_word(text: str, i: int) -> bool:
    return text[i - 1].isspace()


def _ends_word(text: str, i: int) -> bool:
    return not text[i - 1].isspace() and (i + 1 == len(text) or text[i + 1].isspace())


def _is_vowel(text: str, i: int) -> bool:
    return text[i] in _VOWELS


def _is_lower(text: str, i: int) -> bool:
    return text[i].isascii() and text[i].islower()


_PASSES: tuple[Callable[[str, int], bool], ...] = (
    lambda s, i: _is_vowel(s, i) and _ends_word(s, i),
    lambda s, i: _is_vowel(s, i) and not _starts_word(s, i),
    lambda s, i: _is_lower(s, i) and _ends_word(s, i),
    lambda s, i: _is_lower(s, i) and not _starts_word(s, i),
    lambda s, i: not _starts_word(s, i) and not s[i].isspace(),
)


def shorten(name: str, minlength: int) -> str:
    """One name, cut down to `minlength` characters (spaces between words are not counted and go at the end)."""
    text = name
    if len(text) <= minlength:
        return text
    spaces = sum(c.isspace() for c in text[1:])

    def short() -> bool:
        return len(text) - spaces <= minlength

    for removable in _PASSES:
        for i in range(len(text) - 1, 0, -1):
            if short():
                break
            if i < len(text) and removable(text, i):
                text = text[:i] + text[i + 1 :]
    if len(text) > minlength:
        text = text[0] + "".join(c for c in text[1:] if not c.isspace())
    return text


def abbreviate(names: Sequence[str], minlength: int = 4) -> list[str]:
    """All names, those that come out equal being cut less until they differ.

    Examples
    --------
    >>> from mixedmodels.tables.abbreviate import abbreviate
    >>> abbreviate(["temperature"], 4)
    ['tmpr']
    """
    unique = list(dict.fromkeys(n.strip(" ") for n in names))
    short = [shorten(n, minlength) for n in unique]
    while len(set(short)) < len(short):
        minlength += 1
        clashing = {s for s in short if short.count(s) > 1}
        again = [i for i, s in enumerate(short) if s in clashing]
        for i in again:
            short[i] = shorten(unique[i], minlength)
    table = dict(zip(unique, short, strict=True))
    return [table[n.strip(" ")] for n in names]
