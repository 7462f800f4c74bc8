"""Seeds: one rule for all that is drawn.

A seed is anything that ``numpy.random.default_rng`` takes. None draws one from the operating system's entropy, and the
result says which: given again, it gives the same result.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from mixedmodels.errors import DataError

TableT = TypeVar("TableT")


def drawn_seed(seed: Any) -> Any:
    """The seed; in place of None a new one, which nobody chose and the result has to tell."""
    if seed is None:
        return _new_seed()
    return int(seed) if isinstance(seed, np.integer) else seed


def _new_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1)[0])


def generator(seed: Any) -> np.random.Generator:
    """A numpy Generator from a seed, or the one given."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise DataError(f"seed must be a whole number or a numpy Generator; got {seed!r:.80}.") from error


def seed_text(seed: Any) -> str:
    """A seed in print: "seed 5", or that there is none to give again."""
    if isinstance(seed, np.random.Generator | np.random.BitGenerator):
        return "from a random generator"
    if isinstance(seed, np.random.SeedSequence):
        return f"seed SeedSequence({seed.entropy})"
    return f"seed {seed}"


def with_seed(table: TableT, seed: Any) -> TableT:
    """The table of draws with its seed where such a table can have it.

    That is ``table.attrs["seed"]`` of a pandas table, ``table.schema.metadata[b"seed"]`` of an Arrow table, and
    ``table.seed`` of any other.
    """
    if not isinstance(seed, int):
        return table
    made: Any = table
    if hasattr(made, "attrs"):
        made.attrs["seed"] = seed
    elif hasattr(made, "replace_schema_metadata"):
        made = made.replace_schema_metadata({**(made.schema.metadata or {}), b"seed": str(seed).encode()})
    elif hasattr(made, "__dict__"):
        made.seed = seed
    kept: TableT = made
    return kept
