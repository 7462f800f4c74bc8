"""The choice of a test by the names that R's functions use."""

from __future__ import annotations

from collections.abc import Sequence

from mixedmodels.errors import DataError


def checked_test(test: str | None, tests: Sequence[str], default: str = "none") -> str:
    """The test that is wanted, whatever its case; "LRT" is "Chisq", None is `default`, "none" can always be asked for.

    Raises
    ------
    DataError
        If it is none of `tests`.
    """
    if test is None:
        return default
    names = {name.lower(): name for name in ("none", *tests)}
    spelling = str(test).lower()
    statistic = names.get("chisq" if spelling in ("lrt", "chi") and "chisq" in names else spelling)
    if statistic is None:
        raise DataError(f"test is {test!r}; here it is one of {', '.join(map(repr, tests))}.")
    return statistic
