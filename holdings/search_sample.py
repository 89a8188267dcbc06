"""How common tokens are: counted over a sample of rows and records, so that a query looks up its rarest ones first.

The sample is drawn once for a database and again when it has grown by a quarter; it steers plans alone, so an old one costs
time and never a hit.
"""

from __future__ import annotations

import bisect
import threading
from collections import Counter, OrderedDict
from typing import Final

import apsw
from msgspec import Struct

from holdings import catalogue_rows as rows
from holdings import search_index, search_records

SIZE: Final = 1_500  # documents: a token of one in a thousand is met, and some 3 MiB are kept
_OF_RECORDS: Final = 300
_FEW: Final = 100
_KEPT: Final = 8  # databases
_GROWTH: Final = 1.25
_UNSEEN: Final = 0.06  # of a document: what is not among the sample is most often much rarer than what is there once


class Sample(Struct, frozen=True):
    """`total`: documents there are, about; `size`: documents looked at; `counts`: in how many a token was, `begins`: in how
    many a token was that begins with a sign."""

    total: int
    size: int
    counts: dict[str, int]
    signs: dict[str, int]
    ordered: list[str]

    def share(self, token: str, prefix: bool) -> float:  # search_plan.Share
        """How many documents have a token, or with `prefix` one that begins so; never nought."""
        if not self.size:
            return 0
        found = self._beginning(token) if prefix else self.counts.get(token, 0)
        return (found or _UNSEEN) * self.total / self.size

    def follower(self, sign: str) -> str | None:
        """The commonest token of two signs that begins with one."""
        low, high = bisect.bisect_left(self.ordered, sign), bisect.bisect_left(self.ordered, sign + "\U0010ffff")
        pairs = [one for one in self.ordered[low:high] if len(one) > 1]
        return max(pairs, key=self.counts.__getitem__, default=None)

    def _beginning(self, token: str) -> int:
        if len(token) == 1 and token in self.signs:
            return self.signs[token]
        low, high = bisect.bisect_left(self.ordered, token), bisect.bisect_left(self.ordered, token + "\U0010ffff")
        return min(self.size, sum(self.counts[one] for one in self.ordered[low:high]))


_known: OrderedDict[str, Sample] = OrderedDict()
_lock: Final = threading.Lock()


def sample(connection: apsw.Connection) -> Sample:
    """The sample of a database."""
    last_row, last_record = next(iter(rows.before(connection, search_index.RECORDS, 1)), 0), 0
    newest = search_records.newest(connection, search_index.RECORDS, 1)
    last_record = newest[0] if newest else 0
    total, name = last_row + last_record, connection.filename
    with _lock:
        known = _known.get(name)
        if known is not None and known.total / _GROWTH <= total <= known.total * _GROWTH:
            _known.move_to_end(name)
            return known
    found = _drawn(connection, last_row, last_record)
    with _lock:
        _known[name] = found
        while len(_known) > _KEPT:
            _known.popitem(last=False)
    return found


def _drawn(connection: apsw.Connection, last_row: int, last_record: int) -> Sample:
    documents = [rows.document(row) for row in rows.full_of(connection, _spread(last_row, SIZE))] if last_row else []
    if last_record:
        documents += search_records.documents(connection, _spread(last_record, _OF_RECORDS)).values()
    counts: Counter[str] = Counter()
    signs: Counter[str] = Counter()
    # A few at a time: together they would load what only an import needs.
    for one in (
        said
        for place in range(0, len(documents), _FEW)
        for said in search_index.tokens(documents[place : place + _FEW])
    ):
        said = set(one.split())
        counts.update(said)
        signs.update({token[0] for token in said if token[0] >= "\u2e80"})
    return Sample(last_row + last_record, len(documents), dict(counts), dict(signs), sorted(counts))


def _spread(last: int, size: int) -> list[int]:
    """Ids from one end to the other."""
    return list(range(1, last + 1)) if last <= size else [1 + last * place // size for place in range(size)]
