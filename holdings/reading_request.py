"""Reading requests 利用登记: who asks to read which records, for what, who allowed it and until when; pure.

Records that are open 开放 are read on showing a document (档案法 2020 art. 28); others when their holder 保管方 approves (art. 29). A request
may be received at one archive and decided at another: it names both. An identity number is masked before anything else sees it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from holdings.access import Opening
from holdings.errors import ReadingRefused, SiteDataWrong
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

FILE: Final = "reading_room.toml"
ASKED_MAX: Final = 200
"""Records of one request: what a reader orders in a day; more is a research project with requests of its own."""
NAME_MAX, NUMBER_MAX, SUBJECT_MAX, REASON_MAX, REF_MAX = 64, 40, 500, 500, 300
"""Characters of a name, of an identity number, of what is looked for, of a reason, of a reference."""
DAY_S: Final = 86_400
COPIES_MAX: Final = 100_000
"""Pages copied for one request: a whole fonds is not copied at a window."""
_HIDDEN: Final = "*"
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"


class Document(StrEnum):
    """What a person shows; the value is stored."""

    IDENTITY = "identity"
    PASSPORT = "passport"
    PERMIT = "permit"
    SERVICE = "service"
    LETTER = "letter"
    ACCOUNT = "account"
    """A person who asks through an own account of the hub shows nothing at a counter."""

    @property
    def label(self) -> str:
        """In Chinese."""
        return _DOCUMENTS[self]


_DOCUMENTS: Final = {
    Document.IDENTITY: "居民身份证", Document.PASSPORT: "护照", Document.PERMIT: "港澳台通行证", Document.SERVICE: "工作证",
    Document.LETTER: "介绍信", Document.ACCOUNT: "本系统账号",
}  # fmt: skip


class State(StrEnum):
    """How a request stands; the value is stored, but for EXPIRED, which follows from time."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    EXPIRED = "expired"

    @property
    def label(self) -> str:
        """In Chinese."""
        return _STATES[self]


_STATES: Final = {
    State.WAITING: "待审批", State.APPROVED: "准予利用", State.REFUSED: "不予利用", State.WITHDRAWN: "已撤回", State.CLOSED: "已办结",
    State.EXPIRED: "已过期",
}  # fmt: skip


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file: mark of certificates, days of validity, whether who registers may decide, purposes by code."""

    mark: str
    days: int
    days_most: int
    own_decision: bool
    purposes: dict[str, str]
    centre_decides: bool = False
    """Whether the centre's own people decide about records that another holds; else only who works for that holder."""


@functools.cache
def rules(site: SiteData = NO_SITE) -> Rules:
    """The shipped rules with a site's laid over them; SiteDataWrong names file and value."""
    said = table(FILE, shipped(FILE))
    for name, text in site.named("reading_room"):
        said = overlay(said, table(name, text))
    made = typed(FILE, said, Rules)
    if not 1 <= made.days <= made.days_most <= 3_660:
        raise SiteDataWrong(f"{FILE}：days 应在 1 与 days_most 之间，days_most 至多 3660")
    if not 1 <= len(made.mark) <= 20 or not made.mark.isprintable():
        raise SiteDataWrong(f"{FILE}：mark 应为 1 至 20 个字")
    for code, words in made.purposes.items():
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,15}", code) or not 1 <= len(words) <= 20:
            raise SiteDataWrong(f"{FILE}：利用目的“{code}”的代码应为小写字母开头、至多 16 个，名称 1 至 20 个字")
    if not 1 <= len(made.purposes) <= 30:
        raise SiteDataWrong(f"{FILE}：利用目的应有 1 至 30 个")
    return made


class Applicant(Struct, frozen=True):
    """Who asks. `masked`: the number of the document as `masked` leaves it, never the number itself; `letter`: number of an introduction 介绍信 or power
    of attorney 委托书; `persons`: who read together (人次); `account`: login name of who asks by himself, blank at a counter."""

    name: str
    document: Document
    masked: str = ""
    unit: str = ""
    letter: str = ""
    persons: int = 1
    account: str = ""


class Asked(Struct, frozen=True):
    """One record asked for: an unambiguous reference, its id in this database's index of search (0: not found here), title where the register may
    show it, whether it is open."""

    ref: str
    id: int = 0
    title: str = ""
    opening: Opening = Opening.UNREVIEWED


class Request(Struct, frozen=True):
    """A request. Times in whole seconds UTC, 0 where there is none yet. `holder`: whose records they are (node name, blank: of the place that keeps
    this register itself); `received_at`: the archive where the person came (blank: here); `until`: the approval's end; `certificate`: number of the
    查档证明. `number` 0: not stored yet; `serial` is what people call it."""

    applicant: Applicant
    purpose: str
    subject: str
    asked: tuple[Asked, ...]
    holder: str
    received_at: str
    received_by: str
    received: int
    number: int = 0
    serial: str = ""
    state: State = State.WAITING
    decided_by: str = ""
    decided: int = 0
    reason: str = ""
    until: int = 0
    certificate: str = ""
    copies: int = 0
    """Pages that were copied or printed 复制页数."""

    @property
    def is_open(self) -> bool:
        """Whether all that is asked for is open: then nobody has to decide. A request that names no record is not."""
        return bool(self.asked) and all(one.opening is Opening.OPEN for one in self.asked)


def masked(number: str, document: Document = Document.IDENTITY) -> str:
    """A document's number as it may be kept: 120***********1234; of shorter ones the first and the last two signs. Blank for a blank one.

    >>> masked("120103195803071234"), masked("E12345678", Document.PASSPORT)
    ('120***********1234', 'E******78')
    """
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", number[: 2 * NUMBER_MAX])).upper()
    if len(plain) > NUMBER_MAX:
        raise ReadingRefused(f"证件号码至多 {NUMBER_MAX} 个字符；请核对后重新填写")
    head, tail = (3, 4) if document is Document.IDENTITY and len(plain) >= 15 else (1, 2)
    if len(plain) <= head + tail:
        return _HIDDEN * len(plain)
    return plain[:head] + _HIDDEN * (len(plain) - head - tail) + plain[-tail:]


def identity_is_whole(number: str) -> bool:
    """Whether an identity number is one: 18 digits with the right check digit (GB 11643-1999), or 15 of the first generation."""
    plain = unicodedata.normalize("NFKC", number[:NUMBER_MAX]).replace(" ", "").upper()
    if re.fullmatch(r"\d{15}", plain):
        return True
    if not re.fullmatch(r"\d{17}[\dX]", plain):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, plain, strict=False))
    return _CHECKS[total % 11] == plain[17]


def register(
    applicant: Applicant, purpose: str, subject: str, asked: Iterable[Asked], *, by: str, now: int, law: Rules,
    holder: str = "", received_at: str = "",
) -> Request:  # fmt: skip
    """A new request: allowed at once where all that is asked for is open, else waiting for its holder. `now` in seconds UTC.

    ReadingRefused says what is missing.
    """
    if purpose not in law.purposes:
        raise ReadingRefused(f"请选择利用目的：{'、'.join(law.purposes.values())}")
    wanted = tuple(dict.fromkeys(asked))
    subject = _text(subject, SUBJECT_MAX, "查档内容")
    if len(wanted) > ASKED_MAX:
        raise ReadingRefused(f"一次至多申请 {ASKED_MAX} 件；请分次登记")
    if not wanted and not subject:
        raise ReadingRefused("请写明查档内容，或选定档案")
    if any(not one.ref or len(one.ref) > REF_MAX for one in wanted):
        raise ReadingRefused(f"档号应为 1 至 {REF_MAX} 个字符")
    made = Request(checked(applicant), purpose, subject, wanted, holder, received_at, _name(by, "登记人"), now)
    if not made.is_open:
        return made
    return replace(made, state=State.APPROVED, decided_by=by, decided=now, until=now + law.days * DAY_S)


def checked(applicant: Applicant) -> Applicant:
    """An applicant within the bounds; ReadingRefused says what is missing, or that a number was not masked."""
    document = applicant.document
    made = replace(
        applicant, name=_name(applicant.name, "利用者姓名"), unit=_text(applicant.unit, NAME_MAX, "单位"),
        letter=_text(applicant.letter, NAME_MAX, "介绍信编号"), masked=_text(applicant.masked, NUMBER_MAX, "证件号码"),
    )  # fmt: skip
    if not 1 <= made.persons <= 100:
        raise ReadingRefused("人次应在 1 到 100 之间")
    if sum(map(str.isdigit, made.masked)) > 7:
        raise ReadingRefused("证件号码须先遮掩再登记；请联系系统管理员")
    if document in (Document.IDENTITY, Document.PASSPORT, Document.PERMIT, Document.SERVICE) and not made.masked:
        raise ReadingRefused(f"请填写{document.label}的号码")
    if document is Document.LETTER and not (made.letter and made.unit):
        raise ReadingRefused("凭介绍信查档，请填写介绍信编号和单位")
    if document is Document.ACCOUNT and not made.account:
        raise ReadingRefused("请用本人账号申请")
    return made


def standing(request: Request, now: int) -> State:
    """The state with time in it: an approval whose end has come is EXPIRED."""
    return State.EXPIRED if request.state is State.APPROVED and now >= request.until else request.state


def may_read(request: Request, now: int) -> bool:
    """Whether what the request asks for may be shown to who asked, now."""
    return standing(request, now) is State.APPROVED


def approve(
    request: Request, *, by: str, now: int, law: Rules, days: int = 0, asked: Iterable[Asked] | None = None
) -> Request:
    """The holder allows it for so many days (0: the rules' own); `asked`: the records that are meant, where the request only describes them.

    ReadingRefused when it was decided already, by the wrong person, or for too long.
    """
    _decides(request, by, law)
    if not 0 <= days <= law.days_most:
        raise ReadingRefused(f"有效期应在 1 到 {law.days_most} 天之间")
    wanted = request.asked if asked is None else tuple(dict.fromkeys(asked))
    if not wanted or len(wanted) > ASKED_MAX:
        raise ReadingRefused(f"请先选定准予利用的档案，至多 {ASKED_MAX} 件")
    end = now + (days or law.days) * DAY_S
    return replace(request, state=State.APPROVED, decided_by=by, decided=now, until=end, reason="", asked=wanted)


def addressed(request: Request, holder: str, asked: Iterable[Asked]) -> Request:
    """The same, now waiting for who keeps what is meant: `asked` are the records that somebody found for it, as bare references, for who asked may not
    know more of them before they are allowed. ReadingRefused once it was decided."""
    if request.state is not State.WAITING:
        raise ReadingRefused(f"此申请{request.state.label}，不能再转")
    return replace(request, holder=holder, asked=tuple(dict.fromkeys(asked)))


def refuse(request: Request, reason: str, *, by: str, now: int, law: Rules) -> Request:
    """The holder does not allow it, and says why."""
    _decides(request, by, law)
    said = _text(reason, REASON_MAX, "理由")
    if not said:
        raise ReadingRefused("不予利用须写明理由（档案法第二十八条）")
    return replace(request, state=State.REFUSED, decided_by=by, decided=now, reason=said)


def withdraw(request: Request, *, by: str, now: int) -> Request:
    """Who asked, or who received it, takes it back before it is decided."""
    if request.state is not State.WAITING:
        raise ReadingRefused(f"此申请{request.state.label}，不能撤回")
    if by not in (request.received_by, request.applicant.account):
        raise ReadingRefused("只有申请人或登记人可以撤回")
    return replace(request, state=State.WITHDRAWN, decided_by=by, decided=now)


def close(request: Request, *, now: int, copies: int = 0) -> Request:
    """The reader was served; `copies` pages more were copied."""
    if standing(request, now) not in (State.APPROVED, State.EXPIRED):
        raise ReadingRefused(f"此申请{request.state.label}，不能办结")
    return replace(copied(request, copies), state=State.CLOSED)


def copied(request: Request, pages: int) -> Request:
    """So many pages more were copied or printed for the reader."""
    if not 0 <= pages <= COPIES_MAX - request.copies:
        raise ReadingRefused(f"复制页数应在 0 到 {COPIES_MAX - request.copies} 之间")
    return replace(request, copies=request.copies + pages)


def certificate_number(law: Rules, year: int, number: int) -> str:
    """What a 查档证明 is called.

    >>> certificate_number(Rules("津档查", 30, 365, True, {}), 2026, 7)
    '津档查〔2026〕7号'
    """
    return f"{law.mark}〔{year}〕{number}号"


def _decides(request: Request, by: str, law: Rules) -> None:
    if request.state is not State.WAITING:
        raise ReadingRefused(f"此申请{request.state.label}，不能再审批")
    if by == request.applicant.account:
        raise ReadingRefused("不能审批自己的申请；请由其他业务人员办理")
    if by == request.received_by and not law.own_decision:
        raise ReadingRefused("登记人不能审批；请由其他业务人员办理")


def _name(text: str, what: str) -> str:
    said = _text(text, NAME_MAX, what)
    if not said:
        raise ReadingRefused(f"请填写{what}")
    return said


def _text(text: str, most: int, what: str) -> str:
    plain = unicodedata.normalize("NFC", text[: 4 * most]).strip()
    if len(plain) > most:
        raise ReadingRefused(f"{what}至多 {most} 个字")
    if not all(sign.isprintable() or sign == "\n" for sign in plain.replace("\r\n", "\n")):
        raise ReadingRefused(f"{what}中有不能显示的字符；请重新填写")
    return plain.replace("\r\n", "\n")
