"""The choice of a test by the names that R's functions use."""

from __future__ import annotations

from collections.abc import Sequence

from mixedmodels.errors import DataError


def checked_test(test: str | None, known: Sequence[str], default: str = "none") -> str:
    """The test that is wanted, whatever its case; "LRT" is "Chisq", None is `default`, "none" can always be asked for.

    Raises
    ------
    DataError
        If it is none of `known`.
    """
    if test is None:
        return default
    names = {name.lower(): name for name in ("none", *known)}
    asked = str(test).lower()
    found = names.get("chisq" if asked in ("lrt", "chi") and "chisq" in names else asked)
    if found is None:
        raise DataError(f"test is {test!r}; here it is one of {', '.join(map(repr, known))}.")
    return found
