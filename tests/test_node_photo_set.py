"""Photo sets 组照 from sheet to record: the caption given once is each photo's, and a photo shows its set."""

from __future__ import annotations

from pathlib import Path

from city import City
from node_at_work import make
from scan_tree import pages

from node.service import Service
from sync.sandbox import Sandbox

ONE, TWO, OTHER = "K021-ZP·2019·D30-025-001", "K021-ZP·2019·D30-025-002", "K021-ZP·2019·D30-025-003"
SHEET = f"""档号,组号,张号,题名,成文日期,摄影者,文字说明,密级
{ONE},12,1,全区植树,20190312,张三,区长带头植树,
{TWO},12,2,,,,,
{OTHER},13,1,开工典礼,20190401,李四,剪彩,
"""


def test_a_photo_shows_its_set(tmp_path: Path, sandbox: Sandbox) -> None:
    """Two photos share one caption and name each other; the third has a set of its own; a paper has none."""
    work = make(tmp_path, sandbox)
    for seed, code in enumerate((ONE, TWO, OTHER)):
        work.scans.put(code, pages(1, seed))
    (tmp_path / "照片.csv").write_text(SHEET, "utf-8")
    with work.opened() as engine:
        service = Service(engine)
        told = service.catalogue_import(files=[str(tmp_path / "照片.csv")], delivery_name="扫描", category="照片")
        assert told["added"] == 3
    work.clock.time += 2 * 86_400
    work.intake()
    with work.opened() as engine:
        shown = {code: Service(engine).show(ref=code) for code in (ONE, TWO, OTHER)}
    assert (shown[TWO]["set"]["name"], shown[TWO]["set"]["said"]["文字说明"]) == ("12", "区长带头植树")
    assert [list(one["set"]["refs"]) for one in shown.values()] == [[ONE, TWO], [ONE, TWO], [OTHER]]
    assert shown[TWO]["elements"]["文字说明"] == "区长带头植树"


def test_a_hub_tells_the_set_as_its_node_does(tmp_path: Path, sandbox: Sandbox) -> None:
    """The records' own descriptions say it: the hub needs no catalogue of the node."""
    city = City(tmp_path, sandbox).open_hub().join()
    try:
        for seed, code in enumerate((ONE, TWO, OTHER)):
            city.work.scans.put(code, pages(1, seed))
        (tmp_path / "照片.csv").write_text(SHEET, "utf-8")
        with city.work.opened() as engine:
            Service(engine).catalogue_import(files=[str(tmp_path / "照片.csv")], delivery_name="扫描", category="照片")
        city.work.clock.time += 2 * 86_400
        city.run()
        with city.work.opened() as engine:
            told = Service(engine).show(ref=TWO)["set"]
        city.hub.folded()
        shown = city.hub.hub.desk.call("show", ref=TWO)
        assert shown["set"] == told
        assert list(shown["set"]["refs"]) == [ONE, TWO]
    finally:
        city.close()
