"""Files that are written whole: a full disk or a killed process leaves the old file or the new one, never a part.

Every file of the package is written here. The bytes go to a new file in the same folder, are forced to the disk, and
take the name of the target in one step, which the file system does whole or not at all.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mixedmodels.errors import FileError

_LEFTOVER = ".mixedmodels-"  # begins the name of a file that is not yet whole


@contextmanager
def whole_file(path: str | os.PathLike[str], what: str) -> Iterator[Path]:
    """The path to write to instead of `path`, in a ``with`` block; at its end the file has its name, whole.

    Where the block or the disk fails, the file at `path` is what it was. A link stays a link, and a file keeps its
    permissions. What is no ordinary file, such as a pipe or ``/dev/stdout``, is written to directly.

    Parameters
    ----------
    path : str or PathLike
        The file to write.
    what : str
        What is written, for the message: "the model".

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    check_target(path, what)
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with _named(path, what):
            yield target
        return
    # Writers choose a format and a compression by the ending of the name, so it is the same.
    endings = "".join(ending for ending in target.suffixes[-2:] if len(ending) < 12)
    draft = target.with_name(f"{_LEFTOVER}{os.urandom(8).hex()}{endings}")
    try:
        with _named(path, what):
            yield draft
            _permissions_of(target, draft)
            _force(draft)
            os.replace(draft, target)
            _force_name(target.parent)
    finally:
        with suppress(OSError):  # it has its name already, or was never made
            draft.unlink()


def write_text(path: str | os.PathLike[str], text: str, what: str) -> None:
    """Write a text in UTF-8 to a file, whole.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    with whole_file(path, what) as draft:
        draft.write_text(text, encoding="utf-8")


def check_target(path: str | os.PathLike[str], what: str) -> None:
    """Refuse a file that cannot be written, where that shows before the work.

    Raises
    ------
    FileError
        If its folder does not exist, it is a folder itself, or it is read-only.
    """
    shown, target = repr(os.fspath(path)), Path(path)
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise FileError(f"cannot write {what} to {shown}: this is no name of a file; give a path such as 'fit.json'.")
    with _named(path, what):
        if target.is_dir():
            raise FileError(f"cannot write {what} to {shown}: it is a folder; add the name of a file.")
        if not target.parent.is_dir():
            folder = repr(str(target.parent))
            raise FileError(
                f"cannot write {what} to {shown}: there is no folder {folder}; make it, or correct the path."
            )
        if target.exists() and not os.access(target, os.W_OK):
            raise FileError(f"cannot write {what} to {shown}: the file is read-only; give another name.")


def same_file(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> bool:
    """Whether two paths are one file, by whatever names and links; False where one does not exist."""
    try:
        return os.path.samefile(a, b)
    except (OSError, ValueError):
        return False


@contextmanager
def _named(path: str | os.PathLike[str], what: str) -> Iterator[None]:
    """Errors of the file system with the name of the file and what was to be written."""
    try:
        yield
    except FileError:
        raise
    except OSError as cause:
        kept = "" if not os.path.isfile(path) else "; the file that was there is unchanged"
        message = f"cannot write {what} to {os.fspath(path)!r}: {cause.strerror or cause}{kept}."
        raise FileError(message, cause.errno) from cause


def _permissions_of(target: Path, draft: Path) -> None:
    """Give a new file the permissions and the owner of the one that it replaces."""
    if not target.exists():
        return
    old = target.stat()
    with suppress(OSError, AttributeError):  # only the owner may, and Windows has no owners
        os.chown(draft, old.st_uid, old.st_gid)
    with suppress(OSError):
        os.chmod(draft, stat.S_IMODE(old.st_mode))


def _force(path: Path) -> None:
    """Wait until the contents of a file are on the disk; what a full disk refuses late, it refuses here."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _force_name(folder: Path) -> None:
    """Wait until the new name is on the disk, where folders can be forced; the file is whole in any case."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
