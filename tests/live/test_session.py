"""What surrounds a session: signals that end it, and messages while a page is shown."""

import logging
import logging.handlers
import os
import signal

import pytest

from whence.live.session import PageMessages, Stop


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_is_noted_and_the_second_ctrl_c_ends_at_once(number, code):
    before = signal.getsignal(number)
    with Stop() as stop:
        os.kill(os.getpid(), number)
        assert (stop.asked, stop.code) == (True, code)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(number) is before


def test_messages_go_to_the_page_and_are_repeated_after_it(caplog):
    log = logging.getLogger("whence")
    shown = logging.handlers.BufferingHandler(99)
    log.handlers = [shown]
    log.setLevel(logging.INFO)
    with PageMessages(active=True) as messages:
        logging.getLogger("whence.None").info("kept %d", 1)
        assert messages.last == "kept 1"
        logging.getLogger("whence.None").warning("away")
        assert messages.last == "warning: away"
        assert shown.buffer == []
    assert [record.getMessage() for record in shown.buffer] == ["kept 1", "away"]
    with PageMessages(active=False):
        log.info("at once")
    assert shown.buffer[-1].getMessage() == "at once"
