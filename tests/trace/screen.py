"""A command on a terminal of its own. For tests/run-trace."""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time


class Screen:
    """A command on a terminal of its own, and what it writes there."""

    def __init__(self, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(words[0], words)
        self.text = ""
        self.mode = termios.tcgetattr(self.fd)
        self.resize(24, 80)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, pattern, seconds=20):
        """What came up to the pattern; None where it did not come."""
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.text, re.S)
            if match:
                seen, self.text = self.text[:match.end()], self.text[match.end():]
                return seen
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                return None
            try:
                self.text += os.read(self.fd, 65536).decode(errors="replace").replace("\r\n", "\n")
            except OSError:
                return None

    def end(self):
        """The status; and is the terminal as it was?"""
        self.until("(?!)", 5)
        same = termios.tcgetattr(self.fd) == self.mode
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status, same
