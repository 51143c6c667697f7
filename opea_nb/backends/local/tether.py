"""The two pipes between the supervisor and a service: its lifeline, and what it writes."""

from __future__ import annotations

import asyncio
import os

from opea_nb.backends.local.logfile import LogFile

__all__ = ["Tether"]


class Tether:
    """Pipes of our own rather than asyncio's: its ``wait`` returns only when the pipes end too, and a process that the
    service started may hold them.

    Parameters
    ----------
    log
        Gets what is written. Closed with the tether.
    """

    def __init__(self, log: LogFile) -> None:
        self.stdin, self._lifeline = os.pipe()
        self._source, self.stdout = os.pipe()
        self._log = log
        self._drained = asyncio.Event()
        os.set_blocking(self._source, False)
        asyncio.get_running_loop().add_reader(self._source, self._copy)

    def given(self) -> None:
        """The child has its ends (or was not started): close ours of them."""
        os.close(self.stdin)
        os.close(self.stdout)

    async def close(self, patience: float = 1.0) -> None:
        """Copy what was still written, for so long; then close the pipes. The child's lifeline ends."""
        try:
            async with asyncio.timeout(patience):
                await self._drained.wait()
        except TimeoutError:
            pass  # a process that left the child's group still holds the pipe: its words are lost
        finally:
            asyncio.get_running_loop().remove_reader(self._source)
            os.close(self._source)
            os.close(self._lifeline)
            self._log.close()

    def _copy(self) -> None:
        data = os.read(self._source, 1 << 16)
        if data:
            self._log.write(data)
        else:
            asyncio.get_running_loop().remove_reader(self._source)
            self._drained.set()
