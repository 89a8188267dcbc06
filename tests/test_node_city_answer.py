"""协查答复: a request received here and decided by another archive stands in this node's own 利用登记 (node/city_answers.py)."""

from __future__ import annotations

from pathlib import Path

import pytest
from city import City
from msgspec.structs import replace
from told_city import WORD, report_three

from holdings import directive
from holdings.directive import DirectiveKind
from holdings.directive_wish import CODES_MAX, ReadingAnswer, ReadingResult, ReceivedRequest
from holdings.errors import DirectiveUnreadable
from hub.directive_store import Stage
from sync.sandbox import Sandbox

RECEIVED = ReceivedRequest(
    "2026-0007", "王淑珍", "identity", "110***********002X", "某单位", 1, "person", "查婚姻登记", "河东区", ("河东区/J031-1",), 1_795_000_000, "张三"
)  # fmt: skip
ANSWER = ReadingAnswer(bytes(15) + b"\x01", ReadingResult.GRANTED, "可来馆查看", WORD, "2027-01-31", RECEIVED)


def test_the_answer_stands_in_the_own_register(tmp_path: Path, sandbox: Sandbox) -> None:
    """Entered once with the applicant, who holds it and who decided; answered again, the newer word stands; what no register takes cannot."""
    city = City(tmp_path, sandbox).open_hub().join()
    try:
        told = report_three(city)
        again = replace(ANSWER, result=ReadingResult.DECLINED, text="涉及隐私")
        none = replace(ANSWER, request=bytes(16), result=ReadingResult.NOTHING_FOUND, text="", received=replace(RECEIVED, document="letter"))
        bare = replace(ANSWER, request=b"\xff" * 16, received=replace(RECEIVED, masked="11010519491231002X"))
        old = replace(ANSWER, request=b"\xaa" * 16, received=None)
        first = told.issue(ANSWER)
        told.sync()
        assert told.stage(first) is Stage.APPLIED
        one = told.ask("counter_show", number=1)
        assert (one["name"], one["state"], one["holder"], one["decided_by"], one["reason"]) == ("王淑珍", "approved", "河东区", "王敏", "可来馆查看")
        assert (one["asked"][0]["ref"], one["purpose"], one["masked"]) == ("河东区/J031-1", "个人事务", "110***********002X")
        stages = [told.issue(body) for body in (again, none, bare, old)]
        told.sync()
        assert [told.stage(each) for each in stages] == [Stage.APPLIED, Stage.APPLIED, Stage.CANNOT, Stage.APPLIED]
        assert [told.ask("counter_show", number=n)["reason"] for n in (1, 2)] == ["涉及隐私", "查无结果"]
        day = told.ask("counter_day", day="2026-11-19")
        assert [each["number"] for each in day["requests"]] in ([], [1, 2])
    finally:
        city.close()


@pytest.mark.parametrize("wrong", [
    {"codes": ("x",) * (CODES_MAX + 1)}, {"subject": "x" * 401}, {"by": ""}, {"applicant": "a\tb"}, {"time": -1}, {"persons": -1},
])  # fmt: skip
def test_bounds_of_what_travels(wrong: dict[str, object]) -> None:
    """A round trip is the same; what is out of bounds is not written, and what is read is as bounded."""
    assert directive.decode(DirectiveKind.READING_ANSWER, directive.encode(ANSWER)) == ANSWER
    bare = replace(ANSWER, received=None)
    assert directive.decode(DirectiveKind.READING_ANSWER, directive.encode(bare)) == bare
    with pytest.raises(DirectiveUnreadable):
        directive.encode(replace(ANSWER, received=replace(RECEIVED, **wrong)))
