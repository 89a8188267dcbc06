"""Four-property checks: the registry, the four verdicts, every method on facts of our own making, the store."""

import re
from pathlib import Path

import apsw
import msgspec
import pytest
from msgspec.structs import replace

from holdings import check_store
from holdings.check import CheckResult, Property, Scope, Stage, Verdict, registry, worst
from holdings.check_facts import FileFacts, Material, Repeated, Service
from holdings.check_files import with_uses
from holdings.check_methods import METHODS
from holdings.check_record import RAISED, by_code, examine, findings, verdict_of
from holdings.errors import SiteDataWrong
from holdings.findings import FindingCode
from holdings.format_id import FormatId, Unidentified
from holdings.image_checks import Fault, Measures
from holdings.record import Basis, Clearance, Description, Level, RecordId
from holdings.site_data import SiteData
from sync.database import open_database

PASSED, FAILED, PERSON, UNTESTED = Verdict.PASSED, Verdict.FAILED, Verdict.PERSON, Verdict.UNTESTED
OF_DELIVERIES = {"description_files", "total_items", "total_bytes", "virus_service", "hand_over"}
REF = "J001-WS·2015·D30-0001"
GOOD = Service(PASSED)
ELEMENTS = {
    "档号": REF, "题名": "关于印发工作方案的通知", "责任者": "市档案馆", "成文日期": "20150102", "日期": "20150102", "保管期限": "30年", "密级": "", "页数": "2",
    "开放标识": "开放", "开放状态": "开放", "年度": "2015",
}  # fmt: skip
PAGE = Measures(1654, 2339, 24, 200.0, 230, 0.08, 700, 0.08, 0.2, 9.0, 0.0, 0, 0, 0, 40, 0, 3)


def replace_page(**changes: object) -> Measures:
    """A page with other measures."""
    return msgspec.structs.replace(PAGE, **changes)


def file(name: str = "0001.jpg", **changes: object) -> FileFacts:
    """A page with nothing wrong."""
    good = FileFacts(
        name, 1000, bytes(32), "image/jpeg", same=GOOD, decodes=GOOD, virus=GOOD, format=FormatId("fmt/43", "JPEG", "byte match"), encrypted=False,
        measures=(PAGE,), unmeasured="", group="|image/jpeg",
    )  # fmt: skip
    return replace(good, **changes)


def material(**changes: object) -> Material:
    """A record with nothing wrong."""
    described = Description(REF, Level.ITEM, ELEMENTS, "第一批", Clearance(Basis.REVIEW, ("张三", "李四"), 1_700_000_000))
    good = Material(
        "key", REF, described, "document", 2026, 1, 2, 1_700_000_100, (file(), file("0002.jpg")), GOOD, GOOD, GOOD, row=ELEMENTS, superfluous=(), repeated=(),
    )  # fmt: skip
    return replace(good, **changes)


def verdict(code: str, one: Material) -> Verdict:
    """The verdict of one code."""
    return verdict_of(by_code(examine(one, Stage.ARCHIVING))[code])


@pytest.mark.parametrize("stage", Stage)
def test_the_registry_names_every_code_once(stage: Stage) -> None:
    """Codes are of the standard's form and unique; each has a method that exists, or a reason why it has none."""
    codes = registry(stage)
    assert len({one.code for one in codes}) == len(codes)
    for one in codes:
        assert re.fullmatch(rf"{stage.value}-[1-4]-\d{{1,2}}|TX-\d", one.code)
        assert bool(one.method) != bool(one.reason)
        assert not one.method or one.method in (METHODS if one.scope is Scope.RECORD else OF_DELIVERIES)
        assert one.name
        assert "DA/T" in one.clause
        assert one.of_image or one.aspect is Property(int(one.code.split("-")[1]))


def test_archiving_has_all_forty_codes_of_the_standard() -> None:
    """14 + 11 + 8 + 7 codes at archiving; hand-over lacks 归档范围."""
    codes = [one.code for one in registry(Stage.ARCHIVING) if not one.of_image]
    assert [sum(code.startswith(f"GD-{n}-") for code in codes) for n in (1, 2, 3, 4)] == [14, 11, 8, 7]
    assert "YJ-2-9" not in {one.code for one in registry(Stage.HANDOVER)}
    assert {f.value for f in Fault} <= {one.method for one in registry(Stage.KEEPING) if one.of_image}


def test_every_method_is_named_by_the_registry() -> None:
    """No method runs that no code asks for: one code is one real check."""
    methods = [one.method for one in registry(Stage.ARCHIVING) if one.method]
    assert len(set(methods)) == len(methods)
    assert set(methods) - OF_DELIVERIES == set(METHODS)
    assert set(METHODS) > RAISED


def test_a_code_without_an_established_text_is_never_passed() -> None:
    """What nothing can check is 未能检测 with its reason, in every stage, whatever the record is."""
    for stage in Stage:
        results = by_code(examine(material(), stage))
        for code in registry(stage):
            if not code.method and code.scope is Scope.RECORD:
                assert [(r.verdict, r.detail) for r in results[code.code]] == [(UNTESTED, code.reason)]
    assert verdict("GD-1-9", material()) is UNTESTED


def test_a_good_record_passes_what_can_be_looked_at() -> None:
    """Nothing wrong: every code is passed, but those without a text, an annex or an archiving scope."""
    results = by_code(examine(material(), Stage.ARCHIVING))
    other = {code: verdict_of(said) for code, said in results.items() if verdict_of(said) is not PASSED}
    assert other == dict.fromkeys(("GD-1-9", "GD-2-8", "GD-2-9", "GD-2-10", "GD-3-5", "GD-3-6", "GD-3-7"), UNTESTED)


def elements(**changes: str) -> Description:
    """The description with other values."""
    return replace(material().description, elements={**ELEMENTS, **changes})


BAD = Service(FAILED, "坏")
NONE = Service(UNTESTED, "没有服务")
CASES = [
    ("GD-1-1", {"signature": BAD}, FAILED),
    ("GD-1-1", {"signature": NONE}, UNTESTED),
    ("GD-1-1", {"files": (file(seals=True),)}, UNTESTED),
    ("GD-1-2", {"description": elements(责任者="长" * 5000)}, FAILED),
    ("GD-1-3", {"description": elements(日期="昨天")}, FAILED),
    ("GD-1-4", {"description": elements(保管期限="很久")}, FAILED),
    ("GD-1-5", {"description": elements(日期="20990101")}, FAILED),
    ("GD-1-6", {"description": elements(题名="乱\u0007码")}, FAILED),
    ("GD-1-7", {"ref": "档案第一号"}, PERSON),
    ("GD-1-7", {"ref": "../.."}, FAILED),
    ("GD-1-8", {"bearers": 2}, FAILED),
    ("GD-1-10", {"files": (file(extension_differs=True),)}, FAILED),
    ("GD-1-10", {"files": (file(media_type="application/octet-stream"),)}, UNTESTED),
    ("GD-1-11", {"files": ()}, FAILED),
    ("GD-1-11", {"description": elements(计算机文件名="正文.pdf")}, FAILED),
    ("GD-1-14", {"files": (file(same=BAD),)}, FAILED),
    ("GD-2-3", {"row": None}, UNTESTED),
    ("GD-2-3", {"row": {**ELEMENTS, "附注": "有"}}, FAILED),
    ("GD-2-3", {"row": {**ELEMENTS, "题名": "另一题名"}}, PERSON),
    ("GD-2-4", {"description": elements(题名="")}, FAILED),
    ("GD-2-5", {"sealed": 0}, FAILED),
    ("GD-2-6", {"files": (file("0001.jpg"), file("0003.jpg"))}, FAILED),
    ("GD-2-6", {"series": ("缺号 J001-…-0002",)}, FAILED),
    ("GD-2-7", {"pages": 3}, FAILED),
    ("GD-2-7", {"description": elements(页数="")}, UNTESTED),
    ("GD-2-7", {"files": (file(media_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document"),)}, UNTESTED),
    ("GD-2-8", {"description": elements(附件文件名="表一.xls;0002.jpg")}, FAILED),
    ("GD-2-8", {"description": elements(附件文件名="0002.JPG")}, PASSED),
    ("GD-2-11", {"files": (file(same=NONE),)}, UNTESTED),
    ("GD-3-2", {"reachable": BAD}, FAILED),
    ("GD-3-3", {"files": (file(format=FormatId("fmt/3", "GIF", "byte match")),)}, FAILED),
    ("GD-3-3", {"files": (file(format=FormatId("", "", "")),)}, PERSON),
    ("GD-3-3", {"files": (file(format=FormatId("fmt/9999", "?", "byte match")),)}, PERSON),
    ("GD-3-3", {"files": (file(format=Unidentified("识别程序没有应答")),)}, UNTESTED),
    ("GD-3-4", {"files": (file(), file("0002.jpg", decodes=BAD))}, FAILED),
    ("GD-3-8", {"files": (file(encrypted=True),)}, FAILED),
    ("GD-3-8", {"files": (file(encrypted=None),)}, UNTESTED),
    ("GD-4-2", {"files": (file(virus=NONE),)}, UNTESTED),
    ("GD-4-2", {"files": (file(virus=Service(FAILED, "感染 Eicar")),)}, FAILED),
    ("GD-4-3", {"superfluous": ("扫描/x/Thumbs.db",)}, PERSON),
    ("GD-4-3", {"superfluous": None}, UNTESTED),
]


@pytest.mark.parametrize(("code", "changes", "expected"), CASES, ids=[f"{c}-{i}" for i, (c, _, _) in enumerate(CASES)])
def test_each_code_finds_its_own_fault(code: str, changes: dict[str, object], expected: Verdict) -> None:
    """A fault is found under its code, with a remark; and what could not be looked at is never passed."""
    results = examine(material(**changes), Stage.ARCHIVING)
    mine = by_code(results)[code]
    assert verdict_of(mine) is expected
    assert expected is PASSED or all(one.detail for one in mine if one.verdict is expected)


def test_one_fault_is_not_filed_under_other_codes() -> None:
    """A digest that differs is one code's matter: it does not fail sizes, formats, names or readability as well."""
    before = {code: verdict_of(r) for code, r in by_code(examine(material(), Stage.ARCHIVING)).items()}
    after = {code: verdict_of(r) for code, r in by_code(examine(material(files=(file(same=BAD), file("0002.jpg"))), Stage.ARCHIVING)).items()}
    assert {code for code, said in after.items() if said is not before[code]} == {"GD-1-14"}


def test_pages_are_judged_each_and_named() -> None:
    """A page that hangs upside down is named by file and number; the others stay out of it."""
    turned = Measures(1654, 2339, 24, 200.0, 230, 0.08, 700, 0.08, 0.2, 9.0, 0.0, 0, 0, 0, 0, 40, -3)
    results = by_code(examine(material(files=(file("卷.pdf", measures=(PAGE, turned, None)),)), Stage.ARCHIVING))
    assert [(r.verdict, r.where) for r in results["TX-2"]] == [(FAILED, "卷.pdf#2"), (UNTESTED, "卷.pdf")]
    assert verdict_of(results["TX-3"]) is UNTESTED


def test_photographs_are_not_judged_as_paper() -> None:
    """A dark photograph is no fault; its resolution still counts."""
    dark = Measures(600, 400, 24, 72.0, 40, 0.5, 700, 0.5)
    results = by_code(examine(material(category="photo", files=(file(measures=(dark,)),)), Stage.ARCHIVING))
    assert verdict_of(results["TX-4"]) is UNTESTED
    assert verdict_of(results["TX-7"]) is FAILED


@pytest.mark.parametrize(("likeness", "expected"), [(0.95, FAILED), (0.82, PERSON), (0.5, PASSED)])
def test_repeated_pages_by_likeness(likeness: float, expected: Verdict) -> None:
    """Pages that are one sheet fail, doubtful ones go to a person, forms alike at a glance pass."""
    one = material(repeated=(Repeated("0001.jpg", "0002.jpg", likeness),))
    assert verdict("TX-8", one) is expected
    assert verdict("TX-8", material(repeated=None)) is UNTESTED


def test_representations_are_looked_at_apart() -> None:
    """A page as TIFF and as JPEG is no repeated page, and its number stands twice by right."""
    files = with_uses([file("TIFF/0001.tif"), file("TIFF/0002.tif"), file("JPG/0001.jpg"), file("JPG/0003.jpg")], b"\1\1\2\2")
    assert [f.group for f in files] == ["1|image/jpeg"] * 2 + ["2|image/jpeg"] * 2
    assert verdict("GD-2-6", material(files=files)) is PASSED
    assert with_uses(files, b"\1") == files


def test_findings_are_what_needs_a_person() -> None:
    """Failures and doubts become findings by 档号/文件 with their rule; what was not looked at becomes none."""
    one = material(files=(file(virus=NONE, decodes=BAD), file("0002.jpg", measures=(Measures(1654, 2339),))))
    found = findings(examine(one, Stage.ARCHIVING), one, Stage.ARCHIVING)
    assert {(f.code, f.path) for f in found} == {
        (FindingCode.UNREADABLE, f"{REF}/0001.jpg"), (FindingCode.BLANK_PAGE, f"{REF}/0002.jpg"),
    }  # fmt: skip
    assert all(f.subject == "key" and f.ref == REF and f.rule and f.remedy for f in found)


def test_equal_bytes_are_told_once() -> None:
    """A page that is a copy of another was told when it was sealed; a second scan of one sheet is told here; the report has both."""
    files = (file("0001.jpg", sha256=b"a" * 32), file("0002.jpg", sha256=b"a" * 32), file("0003.jpg", sha256=b"b" * 32))
    one = material(files=files, repeated=(Repeated("0001.jpg", "0002.jpg", 1.0), Repeated("0001.jpg", "0003.jpg", 0.97)))
    results = examine(one, Stage.ARCHIVING)
    assert [f.path for f in findings(results, one, Stage.ARCHIVING) if f.code is FindingCode.DUPLICATE_PAGE] == [f"{REF}/0003.jpg"]
    assert [r.where for r in results if "同一页" in r.detail] == ["0002.jpg", "0003.jpg"]


def test_a_fault_of_the_whole_record_is_told_once() -> None:
    """A scanner set wrong is one finding of the record that counts its pages; a few faulty pages are one each."""
    coarse, turned = replace_page(dpi=150.0), replace_page(low=0, high=30)
    files = tuple(file(f"{n:04d}.jpg", measures=(coarse,)) for n in range(1, 31))
    one = material(files=(*files[:28], *(replace(f, measures=(turned,)) for f in files[28:])))
    found = findings(examine(one, Stage.ARCHIVING), one, Stage.ARCHIVING)
    assert [(f.code, f.path) for f in found] == [
        (FindingCode.UPSIDE_DOWN, f"{REF}/0029.jpg"), (FindingCode.UPSIDE_DOWN, f"{REF}/0030.jpg"), (FindingCode.RESOLUTION_LOW, REF),
    ]  # fmt: skip
    assert found[2].detail.startswith("28 页，如 0001.jpg")


def test_worst_keeps_what_was_not_checked_from_passing() -> None:
    """Nothing looked at is 未能检测; one part not looked at keeps the whole from 通过."""
    assert worst([]) is UNTESTED
    assert worst([PASSED, UNTESTED]) is UNTESTED
    assert worst([UNTESTED, PERSON, PASSED]) is PERSON
    assert worst([FAILED, PERSON]) is FAILED
    assert [v.label for v in (PASSED, FAILED, PERSON, UNTESTED)] == ["通过", "不通过", "需人工判定", "未能检测"]


@pytest.mark.parametrize("text", ['[check.9-1]\nname = "x"\nreason = "y"\n', '[check.1-9]\nmethod = "fixity"\n', '[check.1-1]\nfinding = "nonsense"\n', "x ="])
def test_a_site_table_that_is_wrong_is_refused(text: str) -> None:
    """A wrong checks.toml is named, not run."""
    with pytest.raises(SiteDataWrong):
        registry(Stage.ARCHIVING, SiteData((("checks.toml", text),)))


def test_a_site_may_say_why_it_does_not_check() -> None:
    """A site can take a check out, with its reason in the report."""
    site = SiteData((("checks.toml", '[check.4-2]\nmethod = ""\nreason = "本馆另行查毒"\n'),))
    results = by_code(examine(material(), Stage.ARCHIVING, site))
    assert [(r.verdict, r.detail) for r in results["GD-4-2"]] == [(UNTESTED, "本馆另行查毒")]


@pytest.fixture
def connection(tmp_path: Path) -> apsw.Connection:
    """An empty holdings database, as read."""
    database = open_database(tmp_path / "h.db", bytes(32), ("holdings",))
    return database._writer


def test_runs_are_kept_and_the_newest_counts(connection: apsw.Connection) -> None:
    """A record's newest run of a stage stands; deliveries list one run a record; cursors move by stage."""
    good, bad = CheckResult("GD-1-1", PASSED, "k"), CheckResult("TX-2", FAILED, "k", "0001.jpg", "倒置")
    for number, (record, results) in enumerate([(1, [good]), (2, [good, bad]), (1, [good, bad, CheckResult("GD-1-9", UNTESTED, "k")]), (1, [good])]):
        check_store.add(
            connection, Stage.ARCHIVING if number < 3 else Stage.KEEPING, RecordId(bytes([record] * 16)), version=1, delivery="批", ref=f"R{record}",
            pictures=True, pages=2, size=10, results=results, now=number,
        )  # fmt: skip
    newest = check_store.latest(connection, RecordId(bytes([1] * 16)), Stage.ARCHIVING)
    assert newest is not None
    assert (newest.verdict, newest.time, [r.verdict for r in newest.results]) == (FAILED, 2, [PASSED, FAILED, UNTESTED])
    assert check_store.counts(connection, Stage.ARCHIVING) == {PASSED: 0, UNTESTED: 0, PERSON: 0, FAILED: 2}
    assert [run.ref for run in check_store.of_delivery(connection, "批", Stage.ARCHIVING)] == ["R1", "R2"]
    assert check_store.checked(connection, RecordId(bytes([2] * 16)), 1, Stage.ARCHIVING)
    assert not check_store.checked(connection, RecordId(bytes([2] * 16)), 2, Stage.ARCHIVING)
    check_store.move(connection, Stage.KEEPING, 7)
    assert (check_store.cursor(connection, Stage.KEEPING), check_store.cursor(connection, Stage.ARCHIVING)) == (7, 0)


def test_only_unchecked_results_are_no_pass(connection: apsw.Connection) -> None:
    """A run in which nothing could be looked at stands at 未能检测."""
    check_store.add(
        connection, Stage.ARCHIVING, RecordId(bytes(16)), version=1, delivery="批", ref="R", pictures=False, pages=0, size=0,
        results=[CheckResult("GD-1-9", UNTESTED, "k")], now=1,
    )  # fmt: skip
    run = check_store.latest(connection, RecordId(bytes(16)))
    assert run is not None
    assert run.verdict is UNTESTED
