"""Messages of the package in the words of the command line: ``--allow-new-levels`` for ``allow_new_levels=True``."""

from __future__ import annotations

import argparse
import re

_ARGUMENT = re.compile(r"\b([a-z_]+)=(True|'[^']*')")
_OTHER_WORDS = {"re_form='~0'": "--population", "weights=": "--new-weights "}


def in_options(message: str, options: argparse.Namespace) -> str:
    """The message with options of the command in place of arguments of Python that have the same name."""
    if hasattr(options, "new_weights"):  # predict
        for argument, word in _OTHER_WORDS.items():
            message = message.replace(argument, word)

    def option(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name not in vars(options):
            return match[0]
        word = f"--{name.replace('_', '-')}"
        return word if value == "True" else f"{word} {value[1:-1]}"

    return _ARGUMENT.sub(option, message)
