"""What a fit says while it runs, and that it can be stopped."""

from __future__ import annotations

import io
import re
import signal

import numpy as np
import pytest
from tests.support.model_tables import tables

import mixedmodels as mm
from mixedmodels.fit import progress

FORMULA = "Reaction ~ Days + (Days | Subject)"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_verbose_prints_every_evaluation(capsys: pytest.CaptureFixture[str]) -> None:
    fit = mm.lmer(FORMULA, tables()["sleep"], start=[2.0, 0.0, 2.0], verbose=1)
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert len(lines) == fit.engine.evaluations > 1
    assert lines[-1] == f"evaluation {len(lines)}: criterion {fit.reml_criterion:.6f}"
    fit.refit(tables()["sleep"]["Reaction"] + np.arange(180) % 7)
    assert capsys.readouterr().err.startswith("evaluation 1: criterion ")


def test_a_fit_is_silent_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    mm.lmer(FORMULA, tables()["sleep"])
    printed = capsys.readouterr()
    assert printed.out + printed.err == ""


def test_a_long_fit_shows_a_line_on_a_terminal_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    clock = iter([0.0, 1.0, 2.5, 2.55, 4.0])
    monkeypatch.setattr(progress, "perf_counter", lambda: next(clock))
    with progress.watched(0, 10**6) as watch:
        assert watch is not None
        for evaluations in range(1, 5):
            watch(evaluations, 12.5)
    shown = [re.sub(r"\x1b\[K", "", part) for part in terminal.getvalue().split("\r")]
    assert shown == [
        "",
        "fitting: 2 evaluations, criterion 12.5000, 2 s (Ctrl-C stops)",
        "fitting: 4 evaluations, criterion 12.5000, 4 s (Ctrl-C stops)",
        "",
    ]


def test_no_line_for_short_fits_or_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    with progress.watched(0, 10**6) as watch:
        assert watch is None
    closed = Terminal()
    closed.close()
    closed.isatty = io.StringIO.isatty.__get__(closed)  # type: ignore[method-assign]
    for gone in (None, object(), closed):
        monkeypatch.setattr("sys.stderr", gone)
        with progress.watched(0, 10**6) as watch:
            assert watch is None
    monkeypatch.setattr("sys.stderr", None)
    assert mm.lmer(FORMULA, tables()["sleep"], verbose=1).converged
    monkeypatch.setattr("sys.stderr", Terminal())
    with progress.watched(0, 100) as watch:
        assert watch is None


def test_ctrl_c_stops_a_fit_between_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting(io.StringIO):
        def write(self, text: str) -> int:
            if "evaluation 2" in text:
                signal.raise_signal(signal.SIGINT)
            return super().write(text)

    monkeypatch.setattr("sys.stderr", Interrupting())
    with pytest.raises(KeyboardInterrupt):
        mm.lmer(FORMULA, tables()["sleep"], start=[2.0, 0.0, 2.0], verbose=1)
    assert mm.lmer(FORMULA, tables()["sleep"]).converged
