"""How do rows get off MariaDB's wire as fast as the server sends them?

The driver makes an object of each packet and each column; here whole buffers are cut into the same
bytes, while the server goes on deleting. Source: MariaDB's client/server protocol, result sets of
the text protocol, without CLIENT_DEPRECATE_EOF (PyMySQL doesn't ask for it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pymysql import err
from pymysql.constants import CR

from pbxretain import bulk
from pbxretain.stores.dialects import Value

Row = tuple[Value, ...]

_AT_ONCE = 1 << 17
_SOME = 500
"""Rows that are handed on at once."""

_END, _ERROR = 0xFE, 0xFF


_NEEDED = ("_rfile", "_result", "_next_seq_id", "_force_close")
"""What of PyMySQL's connection is no public promise of it."""


def can(driver: Any) -> bool:
    """Whether this version of the driver lets its wire be read; else its cursor has to."""
    return all(hasattr(driver, name) for name in _NEEDED)


def query(driver: Any, text: str, arrived: Callable[[list[Row]], None]) -> list[Row]:
    """The rows of a statement, each column as the server sent it; ``arrived`` gets them bit by
    bit. ``driver`` is PyMySQL's connection. Raises the driver's errors; where a result breaks off
    the connection is closed."""
    driver.query(text, unbuffered=True)
    result = driver._result
    if not result.unbuffered_active:
        return []
    reader = _Reader(driver, result.field_count)
    try:
        reader.read(arrived)
    except BaseException:
        if not reader.ended:
            driver._force_close()
        raise
    finally:
        result.unbuffered_active = False
        result.connection = None
    return reader.rows


class _Reader:
    """Reads one result to its end."""

    def __init__(self, driver: Any, columns: int) -> None:
        self._driver = driver
        self._columns = columns
        self._packets = 0
        self.ended = False
        self.rows: list[Row] = []

    def read(self, arrived: Callable[[list[Row]], None]) -> None:
        buffer, told = b"", 0
        while not self.ended:
            buffer += self._more()
            buffer = buffer[self._cut(buffer) :]
            if len(self.rows) - told >= _SOME or (self.ended and len(self.rows) > told):
                arrived(self.rows[told:])
                told = len(self.rows)
        if buffer:
            self.ended = False
            raise err.InternalError("more came than was asked for")

    def _more(self) -> bytes:
        try:
            data: bytes = self._driver._rfile.read1(_AT_ONCE)
        except OSError:
            data = b""
        if not data:
            raise err.OperationalError(CR.CR_SERVER_LOST, "Lost connection during query")
        return data

    def _cut(self, data: bytes) -> int:
        """Takes whole packets off the front; how many bytes that were."""
        try:
            return self._packets_off(data)
        except ValueError as error:
            raise err.InternalError(str(error)) from None

    def _packets_off(self, data: bytes) -> int:
        at = 0
        while True:
            rows, end = bulk.cut(data[at:] if at else data, self._columns)
            self.rows += rows
            self._packets += len(rows)
            at += end
            special = self._special(data, at)
            if special == at or self.ended:
                return special
            at = special

    def _special(self, data: bytes, at: int) -> int:
        """What is no ordinary row, if it is all there; where it ends."""
        if len(data) - at < 4:
            return at
        size = int.from_bytes(data[at : at + 3], "little")
        begin, stop = at + 4, at + 4 + size
        if size == bulk.WHOLE:
            row, stop = self._long(data, at)
            if row is None:
                return at
            self.rows.append(bulk.fields(row, 0, len(row), self._columns))
            self._packets += 1
        elif stop > len(data):
            return at
        elif data[begin] == _ERROR:
            self.ended = True  # the server gave up, and the connection goes on
            err.raise_mysql_exception(data[begin:stop])
        else:
            self._end(data[at + 3])
        return stop

    def _long(self, data: bytes, at: int) -> tuple[bytes | None, int]:
        """A row that several packets hold; None where they aren't all there yet."""
        parts = []
        while len(data) - at >= 4:
            size = int.from_bytes(data[at : at + 3], "little")
            parts.append(data[at + 4 : at + 4 + size])
            at += 4 + size
            if at > len(data):
                break
            if size < bulk.WHOLE:
                self._packets += len(parts) - 1
                return b"".join(parts), at
        return None, 0

    def _end(self, number: int) -> None:
        if number != (self._driver._next_seq_id + self._packets) % 256:
            raise err.InternalError("a packet is missing")
        self.ended = True
