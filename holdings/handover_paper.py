"""The paper of a hand-over: 电子档案移交与接收登记表 of a transfer, 电子档案报送与验收登记表 of a report; what stands on it. Pure.

The fields are those of the form that archives fill in (档发〔2012〕7号, DA/T 93-2022): both sides sign, two originals. Page and PDF print the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from holdings.check import Property, Verdict
from holdings.directive_verdict import HandOver

ASPECTS: Final = {
    "准确性检验": Property.AUTHENTIC, "完整性检验": Property.COMPLETE, "可用性检验": Property.USABLE, "安全性检验": Property.SAFE,
}  # fmt: skip
"""The words of the form, and which of the four properties (DA/T 70-2018) answers each."""
ONLINE: Final = "在线传输，不用载体"
TO_FILL: Final = ""
ALGORITHM: Final = "SHA-256"


class CheckSum(Struct, frozen=True):
    """One property over all records of the paper: how many stand at each verdict, by its name; `unchecked` were not looked at in this version."""

    standing: dict[str, int]
    unchecked: int = 0

    def said(self) -> str:
        """In words; what was not looked at is never called 通过."""
        parts = [
            f"{verdict.label} {self.standing[verdict.name]:,} 件"
            for verdict in Verdict
            if self.standing.get(verdict.name)
        ]
        return "；".join([*parts, *([f"未检测 {self.unchecked:,} 件"] if self.unchecked else [])]) or "未检测"


class LetGo(Struct, frozen=True):
    """What the giver said when it let go 移出保管 of records of the paper: its opinion (blank: none was written), by whom, on which day, of how many."""

    text: str
    person: str
    day: str
    records: int

    def said(self) -> str:
        """In words; a release is the giver's consent, whatever was written with it."""
        return f"{self.text or '同意移交'}（{self.person}，{self.day}，{self.records:,} 件）"


class Register(Struct, frozen=True):
    """What stands on the paper, frozen when a round was concluded: it prints the same for ever. Times in seconds UTC, `bytes` of the source files."""

    number: str
    handover: HandOver
    giver: str
    taker: str
    delivery: str
    round: int
    content: str
    volumes: int
    items: int
    pages: int
    bytes: int
    first_entry: int
    last_entry: int
    log: str
    checks: dict[str, CheckSum]
    digest: str
    remark: str
    person: str
    time: int
    day: str
    custody: str = ""
    released: list[LetGo] = []

    @property
    def title(self) -> str:
        """What the paper is called."""
        return "电子档案移交与接收登记表" if self.handover is HandOver.TRANSFER else "电子档案报送与验收登记表"

    @property
    def words(self) -> Words:
        """The words of this hand-over."""
        return TRANSFER if self.handover is HandOver.TRANSFER else REPORT


class Words(Struct, frozen=True):
    """Words in which the two hand-overs differ."""

    act: str
    giver: str
    taker: str
    file: str
    foot: str


TRANSFER: Final = Words(
    "移交",
    "移交单位",
    "接收单位",
    "移交清册",
    "本表一式两份，移交单位、接收单位各存一份。所列档案自接收之日起由接收单位保管。",
)
REPORT: Final = Words(
    "报送",
    "报送单位",
    "验收单位",
    "报送清册",
    "本表一式两份，报送单位、验收单位各存一份。报送的是副本，档案仍由报送单位保管。",
)


def facts(r: Register) -> list[list[str]]:
    """The upper part: rows of names and values, two or four cells."""
    act = r.words.act
    amount = "，".join([*([f"案卷 {r.volumes:,} 卷"] if r.volumes else []), f"{r.items:,} 件", f"{r.pages:,} 页"])
    return [
        ["交接工作名称", f"{r.giver}“{r.delivery}”{act}（第 {r.round} 轮）"],
        ["内容描述", r.content],
        [f"{act}电子档案数量", amount, f"{act}数据量", f"{r.bytes / 1e9:.3f} GB"],
        ["载体起止顺序号", f"节点日志第 {r.first_entry} 至 {r.last_entry} 条", f"{act}载体类型、规格", "在线"],
        ["数字摘要", r.digest],
        ["摘要算法", f"{ALGORITHM}，对{r.words.file}文件"],
        *([["保管", r.custody]] if r.custody else []),
        *([["说明", r.remark]] if r.remark else []),
    ]


def inspection(r: Register) -> list[list[str]]:
    """The middle part: what is inspected, the giver's column, the taker's. The giver's release says its opinion; what it inspected it fills in by hand."""
    rows = [[name, TO_FILL, r.checks[name].said() if name in r.checks else "未检测"] for name in ASPECTS]
    return [
        ["检验内容", f"{r.words.giver}：{r.giver}", f"{r.words.taker}：{r.taker}"],
        *rows,
        ["载体外观检验", ONLINE, ONLINE],
        *(
            [["移交意见", "；".join(one.said() for one in r.released), f"接收 {r.volumes + r.items:,} 件"]]
            if r.released
            else []
        ),
    ]


def signatures(r: Register) -> list[list[str]]:
    """The lower part: who filled in, who looked over, the seal, on both sides."""
    gap = "\N{NO-BREAK SPACE}"  # others are made one by typesetting
    blank = f"{gap * 8}年{gap * 6}月{gap * 6}日"
    givers = dict.fromkeys(f"{one.person}{gap * 4}{one.day}" for one in r.released)
    return [
        ["填表人（签名）", "；".join(givers) or blank, f"{r.person}{gap * 4}{r.day}"],
        ["审核人（签名）", blank, blank],
        ["单位（印章）", blank, blank],
    ]


class ListedRecord(Struct, frozen=True):
    """A line of the list 清册: a record in the version that was taken; `size` in bytes, `files` the SHA-256 of its files, in order."""

    code: str
    title: str
    version: int
    pages: int
    size: int
    files: tuple[bytes, ...]


def list_lines(records: Iterable[ListedRecord]) -> Iterable[bytes]:
    """The list as UTF-8 text with tabs, a heading and one line a record; its SHA-256 is the digest on the paper, so `sha256sum` checks it."""
    yield "序号\t档号\t题名\t版本\t页数\t字节数\t文件数\t各文件 SHA-256 依次相连后的 SHA-256\n".encode()
    for position, record in enumerate(records, 1):
        whole = hashlib.sha256(b"".join(record.files)).hexdigest()
        cells = [
            str(position),
            plain(record.code),
            plain(record.title),
            str(record.version),
            str(record.pages),
            str(record.size),
            str(len(record.files)),
            whole,
        ]
        yield ("\t".join(cells) + "\n").encode()


def plain(text: str) -> str:
    """A text for one cell: blanks for tabs, line ends and other control characters; a mark before what a spreadsheet would reckon out."""
    flat = "".join(sign if sign.isprintable() else " " for sign in text)
    return f"'{flat}" if flat[:1] in ("=", "+", "-", "@") else flat
