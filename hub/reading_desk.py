"""Reading requests 利用登记 at the hub: who may enter, see and decide which; every step with its act in the journal. Usable from several threads.

A request is decided by who works for the holder of the records; one received at another archive waits for that holder, who is told of it by a directive where
it has no account here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from crypto.digest import sha256
from holdings import reading_request as rules_of
from holdings import reading_request_store as store
from holdings import records
from holdings.access import Access, Opening
from holdings.errors import HoldingsError, ReadingRefused
from holdings.reading_request import ASKED_MAX, Applicant, Asked, Document, Request, Rules, State
from holdings.reading_request_store import Wanted
from holdings.search_index import RECORDS
from hub import reading_answer
from hub.account import Account, Role
from hub.home import Home
from hub.keeper import keeper
from hub.reading_room import ReadingRoom
from sync import log as logs
from sync.entry import Role as LogRole

_MARK: Final = b"jindang/1/reading-asked"


class Forwarded(Struct, frozen=True):
    """What became of the directive that told the holder: its state in words, and what the holder's people said."""

    stage: str
    text: str
    person: str


class ReadingDesk:
    """Enters, finds and decides requests."""

    def __init__(self, home: Home, room: ReadingRoom) -> None:
        self._home, self._room = home, room

    @property
    def law(self) -> Rules:
        """The rules of this site."""
        return rules_of.rules(self._home.site)

    # ------------------------------------------------------------------ entering

    def enter(
        self, account: Account, applicant: Applicant, purpose: str, subject: str, refs: Iterable[str]
    ) -> list[Request]:
        """Enter what somebody asks: a request for each holder of what is asked for. ReadingRefused says what is missing."""
        if account.role is Role.AGENCY:
            applicant = replace(
                applicant,
                name=account.person,
                document=Document.ACCOUNT,
                unit=account.rights.unit,
                account=account.name,
                persons=1,
            )
        asked = self.asked(account, refs)
        by_holder = self._by_holder(asked)
        here, made = self._place(account), list[Request]()
        with self._home.holdings.transaction() as connection:
            for holder, wanted in (by_holder or {"": []}).items():
                request = rules_of.register(
                    applicant,
                    purpose,
                    subject,
                    wanted,
                    by=account.name,
                    now=self._home.clock.wall(),
                    law=self.law,
                    holder=holder,
                    received_at=here,
                )
                made.append(store.add(connection, request))
        for one in made:
            reading_answer.tell(self._home, one)
        return made

    def asked(self, account: Account, refs: Iterable[str]) -> list[Asked]:
        """References as typed, with what this account may know of them; what it may not see stays as it was typed."""
        found = [self._asked(account, ref.strip()) for ref in refs if ref.strip()]
        if len(found) > ASKED_MAX:
            raise ReadingRefused(f"一次至多申请 {ASKED_MAX} 件；请分次登记")
        return list(dict.fromkeys(found))

    def _by_holder(self, asked: Iterable[Asked]) -> dict[str, list[Asked]]:
        """What is asked for, by who keeps it; of what the asker may not see all that is known is what he wrote."""
        found: dict[str, list[Asked]] = {}
        for one in asked:
            written = one.ref.partition("/")[0] if "/" in one.ref else ""
            found.setdefault(keeper(self._home, one.ref, one.id) if one.id else written, []).append(one)
        return found

    def _asked(self, account: Account, ref: str) -> Asked:
        number = self._number(ref)
        hit = self._room.hit(account, number) if number else None
        return (
            Asked(hit.ref, hit.id, hit.title, Opening(hit.opening))
            if hit is not None
            else Asked(ref[: rules_of.REF_MAX])
        )

    def _number(self, ref: str) -> int:
        reading = self._home.holdings.read()
        if re.fullmatch(r"\d{1,18}", ref):
            return int(ref)
        try:
            return RECORDS + records.resolve(reading, ref).number
        except HoldingsError:
            from holdings import catalogue_rows, catalogue_sheets
            from holdings.reference_code import match_key

            writer, slash, code = ref.partition("/")
            holder = catalogue_sheets.holder_of(reading, writer) if slash else catalogue_sheets.OWN
            found = catalogue_rows.begun(reading, match_key(code if slash else ref), 1) if holder is not None else []
            return found[0] if found else 0

    @staticmethod
    def _place(account: Account) -> str:
        """Where a request is received: at the one archive that an archivist works for, else at the centre."""
        holders = account.rights.holders
        return holders[0] if account.role is Role.ARCHIVIST and len(holders) == 1 else ""

    # ------------------------------------------------------------------ seeing

    def listed(self, account: Account, state: State | None, before: int = 0) -> list[Request]:
        """The requests that are this account's business, newest first."""
        wanted = (
            Wanted(state, account=account.name)
            if account.role is Role.AGENCY
            else Wanted(state, holders=self._holders(account))
        )
        return store.find(
            self._home.holdings.read(), wanted, before=before, limit=store.PAGE + 1, now=self._home.clock.wall()
        )

    def get(self, account: Account, number: int) -> Request:
        """A request; ReadingRefused or NotFound where it is not this account's business."""
        request = store.get(self._home.holdings.read(), number)
        if not self._sees(account, request):
            store.get(self._home.holdings.read(), 0)  # as if it were not there
        return request

    def certified(self, account: Account, certificate: str) -> Request | None:
        """The request that a 查档证明 was given for, when somebody asks whether the paper is ours; None where there is none that this account may see."""
        found = store.by_certificate(self._home.holdings.read(), certificate.strip()[: rules_of.NAME_MAX])
        return found if found is not None and self._sees(account, found) else None

    @staticmethod
    def _holders(account: Account) -> frozenset[str] | None:
        return frozenset(account.rights.holders) or None

    def _sees(self, account: Account, request: Request) -> bool:
        if account.role is Role.AGENCY:
            return request.applicant.account == account.name
        holders = self._holders(account)
        return account.role is Role.ARCHIVIST and (
            holders is None or bool({request.holder, request.received_at} & holders)
        )

    def may_decide(self, account: Account, request: Request) -> bool:
        """Whether this account works for who holds the records."""
        if (
            account.role is not Role.ARCHIVIST
            or request.state is not State.WAITING
            or account.name == request.applicant.account
        ):
            return False
        return self._decides_for(account, request.holder)

    def _decides_for(self, account: Account, holder: str) -> bool:
        holders = self._holders(account)
        return holder in (holders or ()) or (holders is None and (not holder or self.law.centre_decides))

    # ------------------------------------------------------------------ steps

    def approve(self, account: Account, number: int, days: int, refs: Iterable[str]) -> Request:
        """Allow it: `refs` are the records that are meant, all of which the approver must be able to see."""
        wanted = self.asked(account, refs)
        if missing := [one.ref for one in wanted if not one.id]:
            raise ReadingRefused(f"查不到这些档号，或您无权查看：{'、'.join(missing[:10])}。请核对后再批准")
        shut = [one for one in wanted if one.opening is not Opening.OPEN]
        if theirs := [holder for holder in self._by_holder(shut) if not self._decides_for(account, holder)]:
            raise ReadingRefused(f"其中有“{'”、“'.join(theirs)}”保管的未开放档案，须由保管方审批；请用“转给保管方”")
        now = self._home.clock.wall()
        return self._decided(
            account,
            number,
            lambda one: rules_of.approve(one, by=account.name, now=now, law=self.law, days=days, asked=wanted),
        )

    def refuse(self, account: Account, number: int, reason: str) -> Request:
        """Do not allow it, with a reason."""
        now = self._home.clock.wall()
        return self._decided(
            account, number, lambda one: rules_of.refuse(one, reason, by=account.name, now=now, law=self.law)
        )

    def _decided(self, account: Account, number: int, step: Callable[[Request], Request]) -> Request:
        def checked(request: Request) -> Request:
            if request.state is State.WAITING and not self.may_decide(account, request):
                raise ReadingRefused(
                    f"这些档案由“{request.holder or '中心'}”保管，须由保管方审批；请以保管方的账号办理，或转交保管方"
                )
            return step(request)

        return reading_answer.tell(self._home, self._step(account, number, checked))

    def withdraw(self, account: Account, number: int) -> Request:
        """Take it back before it is decided."""
        now = self._home.clock.wall()
        return self._step(account, number, lambda one: rules_of.withdraw(one, by=account.name, now=now))

    def close(self, account: Account, number: int, copies: int) -> Request:
        """The reader was served."""
        now = self._home.clock.wall()
        return self._step(account, number, lambda one: rules_of.close(one, now=now, copies=copies), staff=True)

    def copied(self, account: Account, number: int, pages: int) -> Request:
        """So many pages more were printed for the reader; ReadingRefused unless he may have them now."""
        now = self._home.clock.wall()

        def step(request: Request) -> Request:
            if not rules_of.may_read(request, now):
                raise ReadingRefused(f"此申请{rules_of.standing(request, now).label}，不能打印")
            return rules_of.copied(request, pages)

        return self._step(account, number, step, staff=True)

    def certify(self, account: Account, number: int) -> Request:
        """Give it its 查档证明 number."""
        self._staff(account)
        self.get(account, number)
        with self._home.holdings.transaction() as connection:
            return store.certify(connection, number, self.law, self._home.clock.wall())

    def _step(
        self, account: Account, number: int, step: Callable[[Request], Request], *, staff: bool = False
    ) -> Request:
        if staff:
            self._staff(account)
        self.get(account, number)
        with self._home.holdings.transaction() as connection:
            return store.change(connection, number, step, self._home.clock.wall())

    @staticmethod
    def _staff(account: Account) -> None:
        if account.role is not Role.ARCHIVIST:
            raise ReadingRefused("此项由业务人员办理")

    # ------------------------------------------------------------------ the holder is another

    def address(self, account: Account, number: int, refs: Iterable[str]) -> list[Request]:
        """Turn a request to who keeps what it means, once somebody found it: it waits there; of several keepers each gets one of his own.

        ReadingRefused unless this account decides about it as it stands and sees all of `refs`.
        """
        wanted = self.asked(account, refs)
        if missing := [one.ref for one in wanted if not one.id]:
            raise ReadingRefused(f"查不到这些档号，或您无权查看：{'、'.join(missing[:10])}。请核对后再转")
        if not wanted:
            raise ReadingRefused("请写明档号，每行一个")
        request = self.get(account, number)
        if not self.may_decide(account, request):
            raise ReadingRefused("此申请不在您这里待审批，不能转")
        groups = [(name, [Asked(one.ref) for one in found]) for name, found in self._by_holder(wanted).items()]
        now, (first, *others) = self._home.clock.wall(), groups
        with self._home.holdings.transaction() as connection:
            made = [store.change(connection, number, lambda one: rules_of.addressed(one, *first), now)]
            for holder, found in others:
                again = replace(made[0], number=0, serial="", holder=holder, asked=tuple(found))
                made.append(store.add(connection, again))
        return made

    def forward(self, account: Account, number: int) -> Request:
        """Tell the holder's node of a request that waits for it, by a directive 查档协查; told again, it is the same directive."""
        from holdings.directive_text import Word
        from holdings.directive_wish import ReadingAsked

        self._staff(account)
        request = self.get(account, number)
        if request.state is not State.WAITING or not request.holder:
            raise ReadingRefused("只有等待其他保管方审批的申请才能转交")
        reading = self._home.front.read()
        log_id = next((one.log_id for one in logs.logs(reading, LogRole.NODE) if one.name == request.holder), None)
        if log_id is None:
            raise ReadingRefused(f"没有叫“{request.holder}”的节点，无法转交；请与保管方联系")
        who = request.applicant
        sought = "；".join(part for part in (request.subject, "、".join(one.ref for one in request.asked)) if part)[
            :400
        ]
        body = ReadingAsked(self._mark(request), request.received_at or self._home.genesis.name, f"{who.name} {who.masked}".strip(), sought,
                            Word(account.person, self._home.clock.wall()))  # fmt: skip
        self._home.directives().issue(log_id, body, self._mark(request))
        return request

    def forwarded(self, request: Request) -> Forwarded | None:
        """What became of the directive to the holder; None where none was sent."""
        if not request.holder:
            return None
        from hub import directive_store

        reading = self._home.front.read()
        issued = directive_store.by_mark(reading, self._mark(request))
        if issued is None:
            return None
        said = self._home.directives().answer(reading, issued)
        return Forwarded(issued.stage.label, said.text if said else "", said.person if said else "")

    def answered(self, request: Request) -> Request:
        """The same, decided, where the holder's people answered the directive meanwhile: agreed, what was asked by code is allowed; declined, it is not."""
        from hub import directive_store
        from hub.directive_store import Stage

        if request.state is not State.WAITING or not request.holder:
            return reading_answer.tell(self._home, request)
        reading = self._home.front.read()
        issued = directive_store.by_mark(reading, self._mark(request))
        if issued is None or issued.stage not in (Stage.APPLIED, Stage.DECLINED):
            return request
        said, now = self._home.directives().answer(reading, issued), self._home.clock.wall()
        by = f"{request.holder} {said.person if said else ''}".strip()[: rules_of.NAME_MAX]
        text = said.text if said else ""

        def step(one: Request) -> Request:
            if one.state is not State.WAITING:
                return one
            if issued.stage is Stage.DECLINED:
                return rules_of.refuse(one, text or "保管方不同意", by=by, now=now, law=self.law)
            # Where nothing was asked for by code the answer is words alone: who received the request reads them and goes on.
            wanted = [known for it in one.asked if (known := self._known(it)).id]
            return rules_of.approve(one, by=by, now=now, law=self.law, asked=wanted) if wanted else one

        with self._home.holdings.transaction() as connection:
            decided = store.change(connection, request.number, step, now)
        return reading_answer.tell(self._home, decided)

    def _known(self, asked: Asked) -> Asked:
        """A record as the centre knows it, whoever asked: for what its holder has allowed."""
        from holdings.search import fetch

        number = asked.id or self._number(asked.ref)
        found = fetch(self._home.holdings.read(), Access.whole(), [number]) if number else []
        return Asked(found[0].ref, found[0].id, found[0].title, Opening(found[0].opening)) if found else asked

    def _mark(self, request: Request) -> bytes:
        return sha256(_MARK + self._home.hub_id + request.serial.encode())[:16]

    # ------------------------------------------------------------------ what is printed

    def pictures(self, account: Account, request: Request, mark: str, most: int) -> Iterator[tuple[str, bytes]]:
        """(caption, JPEG with the watermark) of the pages of what was asked for, at most so many; MediaUnreadable as `PageImages`."""
        left = most
        for one in request.asked:
            hit = self._room.hit(account, one.id) if one.id else None
            for leaf in self._room.leaves(hit)[:left] if hit is not None else ():
                left -= 1
                yield f"{one.ref} 第 {leaf.number} 页", self._room.images.printable(leaf.part, leaf.page, mark)
