"""The first signal is heard, those after it are not, and the exit code names it."""

import os
import signal

import pytest
import typer

from mlpack.cli.signals import ended_in_order


def work(number, cleared):
    """What is interrupted, and hears the signal again while it clears up."""
    try:
        os.kill(os.getpid(), number)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        cleared.append(True)


def command(number):
    """What a renderer makes of it."""
    try:
        work(number, [])
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def test_the_first_interrupts_and_the_others_wait():
    cleared = []
    with pytest.raises(KeyboardInterrupt), ended_in_order():
        work(signal.SIGTERM, cleared)
    assert cleared == [True]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_exit_code_is_that_of_the_signal(number, code):
    with pytest.raises(typer.Exit) as caught, ended_in_order():
        command(number)
    assert caught.value.exit_code == code


def test_without_a_signal_nothing_changes():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(typer.Exit) as caught, ended_in_order():
        raise typer.Exit(3)
    assert caught.value.exit_code == 3
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
