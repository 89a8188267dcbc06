"""The forms of sheets that archives and their contractors deliver, each with the report it must give."""

from pathlib import PurePath

from sheet_books import book, split, table
from sheet_files import dbf, fpt, fpt_block

from holdings.findings import FindingCode
from holdings.security import MarkKind
from holdings.sheet import ParsedSheet, read_sheet
from holdings.sheet_lines import TableKind
from holdings.sheet_link import LinkKind, named_files
from holdings.sheet_profile import QuestionKind, RepairKind, SheetProfile

WHOLE_BANNER = "全宗名称：和平区民政局 全宗号：J023 年度：2011 保管期限：永久 机构：办公室"


def _codes(sheet: ParsedSheet) -> list[str]:
    return [row.code for row in sheet.rows if not row.refused]


def _notes(sheet: ParsedSheet) -> set[str]:
    return {note.code for note in sheet.notes}


def test_s1_list_of_items_with_banner_and_repeated_pages() -> None:
    """归档文件目录: banner values hold for every row, merged titles and headers repeated on printed pages are no rows."""
    header = "序号|档号|文号|责任者|题名|日期|密级|页数|备注"
    page = [*split("归档文件目录||||||||", WHOLE_BANNER + "||||||||", header)]
    rows = split("1|J023-WS·2011·Y·办公室-0001|和民〔2011〕1号|和平区民政局|关于春节慰问的通知|20110105||3|",
                 "2|J023-WS·2011·Y·办公室-0002||和平区民政局|关于低保工作的报告|2011.3.5|内部|12|缺附件",
                 "3|J023-WS·2011·Y·办公室-0003||和平区民政局|关于表彰的决定|2011年12月||2|")  # fmt: skip
    cells = [*page, *rows[:2], ["第 1 页 共 2 页"], *page, rows[2], [*split("合计||||||||")[0][:7], "17", ""]]
    sheet = read_sheet("归档文件目录.xlsx", book({"目录": cells}, {"目录": [(0, 0, 0, 8), (1, 0, 1, 8), (6, 0, 6, 8)]}))
    assert _codes(sheet) == [row[1] for row in rows]
    assert (sheet.row_count, sheet.refused_count, sheet.blocked, sheet.kinds) == (3, 0, False, (TableKind.ROWS,))
    first, second, third = sheet.rows
    assert {"全宗名称": "和平区民政局", "全宗号": "J023", "年度": "2011", "保管期限": "永久", "机构": "办公室"}.items() <= first.values.items()
    assert (second.values["成文日期"], third.values["成文日期"], second.values["附注"]) == ("20110305", "201112", "缺附件")
    assert sheet.has_mark_column
    assert [(q.id, q.kind, q.blocking, q.samples) for q in sheet.questions] == [("序号", QuestionKind.MEANING, False, ("1", "2", "3"))]
    assert FindingCode.TOTAL_LINE_DIFFERS not in _notes(sheet)


def test_s2_one_tab_for_each_volume() -> None:
    """卷内文件目录: the banner or the tab's name gives the volume, 顺序号 the item; every tab with a header is read."""
    header = split("顺序号|文号|责任者|题名|日期|页号|备注")[0]
    one = [*split("卷内文件目录||||||", "档号：23-2-145||||||"), header, *split("1|津民字第1号|民政局|甲|19580312|1|", "2||民政局|乙|19580400|56-60|")]
    two = [*split("卷内文件目录||||||"), header, *split("1||民政局|丙|1959|1|")]
    sheet = read_sheet("卷内.xlsx", book({"第一卷": one, "23-2-146": two, "说明": split("此盘由加工单位制作")}))
    assert [(row.tab, row.number, row.code, row.volume) for row in sheet.rows] == [
        ("", 4, "23-2-145-1", "23-2-145"), ("", 5, "23-2-145-2", "23-2-145"), ("23-2-146", 3, "23-2-146-1", "23-2-146"),
    ]  # fmt: skip
    assert [row.values["页号"] for row in sheet.rows] == ["1", "56-60", "1"]
    assert list(sheet.rows)[1].values["成文日期"] == "195804"
    assert [(n.detail) for n in sheet.notes if n.code == FindingCode.TAB_UNREAD] == ["说明"]
    assert not sheet.blocked


def test_s2_number_of_the_volume_as_tab_name() -> None:
    """A tab named 145 is the volume's number when fonds and inventory stand in the banner."""
    rows = split("全宗号：23 目录号：2|||", "件号|题名|责任者|日期", "1|甲|民政局|1958")
    sheet = read_sheet("卷内.xlsx", book({"145": rows, "第146卷": rows}))
    assert _codes(sheet) == ["23-2-145-1", "23-2-146-1"]


def test_s3_list_of_volumes_with_total() -> None:
    """案卷目录: two numbers of the volume are asked about once; periods are dates; a wrong total is told and is no row."""
    cells = split("案卷目录|||||||", "全宗号：23 目录号：2|||||||",
                  "案卷号(馆编)|案卷号(室编)|题名|年度|起止日期|卷内件数|页数|保管期限|备注",
                  "1|7|人事任免|1958|1958.3-1959.12|12|120|永久|", "2|8|会议记录|1959|1959-1960|30|200|长期|", "合计|||||43|320||")  # fmt: skip
    data = book({"案卷": cells})
    asked = read_sheet("案卷目录.xlsx", data)
    assert asked.blocked
    assert [(q.id, q.candidates, q.samples) for q in asked.questions] == [("案卷号", ("案卷号(馆编)", "案卷号(室编)"), ("案卷号(馆编)：1、2", "案卷号(室编)：7、8"))]
    assert not list(asked.rows)
    assert FindingCode.SHEET_QUESTIONS in _notes(asked)
    sheet = read_sheet("案卷目录.xlsx", data, profile=SheetProfile(answers={"案卷号": "案卷号(馆编)"}))
    assert [(row.code, row.volume) for row in sheet.rows] == [("23-2-1", "23-2-1"), ("23-2-2", "23-2-2")]
    assert [row.values["成文日期"] for row in sheet.rows] == ["195803-195912", "1959-1960"]
    assert (sheet.blocked, sheet.row_count) == (False, 2)
    assert [n.detail for n in sheet.notes if n.code == FindingCode.TOTAL_LINE_DIFFERS] == ["第 6 行“合计”的卷内件数是 43，逐行相加是 42"]
    assert asked.profile_key == sheet.profile_key


def test_s4_two_header_lines_and_merged_volume_cells() -> None:
    """Group cells above the names tell 题名 of the volume from that of the item; merged cells hold for the rows they span."""
    cells = split("档号信息||||案卷信息|||文件信息|||||", "全宗号|目录号|案卷号|件号|题名|起止时间|期限|题名|责任者|文号|成文时间|起始页|终止页",
                  "23|2|145|1|人事案卷|1958-1959|永久|甲|民政局||1958.3.12|1|3", "|||2||||乙|民政局||58.3.13|4|9", "|||3||||丙|民政局||19580400|10|10",
                  "23|2|146|1|会议案卷|1960|永久|丁|民政局||1960|1|2")  # fmt: skip
    merged = [(0, 0, 0, 3), (0, 4, 0, 6), (0, 7, 0, 12), *[(2, column, 4, column) for column in (0, 1, 2, 4, 5, 6)]]
    sheet = read_sheet("案卷文件.xlsx", book({"Sheet1": cells}, {"Sheet1": merged}))
    assert not sheet.blocked
    assert not sheet.refusals
    assert _codes(sheet) == ["23-2-145-1", "23-2-145-2", "23-2-145-3", "23-2-146-1"]
    second = list(sheet.rows)[1].values
    assert (second["案卷题名"], second["题名"], second["起止时间"], second["成文日期"]) == ("人事案卷", "乙", "1958-1959", "19580313")
    assert second["成文日期（原文）"] == "58.3.13"
    century = [note.detail for note in sheet.notes if note.code == FindingCode.CENTURY_GUESSED]
    assert century == ["30–99 为 19xx 年，00–29 为 20xx 年；例 58.3.13→19580313，共 1 处"]


def test_s4_as_csv_asks_to_fill() -> None:
    """The same without merged cells: blanks below the volume's cells are refused and one repair is offered for each column."""
    cells = split("全宗号|目录号|案卷号|件号|案卷题名|文件题名|成文时间", "23|2|145|1|人事案卷|甲|1958", "|||2||乙|1958", "|||3||丙|1958")
    asked = read_sheet("a.csv", table(cells))
    assert [(refusal.row, refusal.field) for refusal in asked.refusals] == [(3, "全宗号"), (4, "全宗号")]
    offered = {p.repair.column: p for p in asked.proposals if p.repair.kind is RepairKind.FILL}
    assert set(offered) == {"全宗号", "目录号", "案卷号", "案卷题名"}
    assert (offered["案卷题名"].count, offered["案卷题名"].examples) == (2, ((3, "", "人事案卷"),))
    sheet = read_sheet("a.csv", table(cells), profile=SheetProfile().with_repairs(p.repair for p in offered.values()))
    assert _codes(sheet) == ["23-2-145-1", "23-2-145-2", "23-2-145-3"]
    assert [row.values["案卷题名"] for row in sheet.rows] == ["人事案卷"] * 3
    assert all(p.agreed for p in sheet.proposals)


def test_s5_link_sheet_makes_no_rows() -> None:
    """The contractor's link sheet gives folders, first and last images, size classes and persons; its rows are no catalogue."""
    cells = split("档号|目录序号|图像文件夹|首图|末图|图像数|幅面|折合A4|扫描员|图像处理员|质检员|扫描日期|备注",
                  "23-2-145-1|1|盒0123|IMG_0001.jpg|IMG_0012.jpg|12|A4|12|张三|李四|王五|20231018|", "|2|盒0123|a.jpg|b.jpg|2|A4|2|张三|李四|王五|20231018|",
                  "合计|||||14||14|||||")  # fmt: skip
    sheet = read_sheet("挂接表.xlsx", book({"挂接": cells}))
    assert (list(sheet.rows), sheet.kinds, sheet.link_count) == ([], (TableKind.LINKS,), 1)
    (link,) = sheet.links
    assert (link.kind, link.code, link.key, link.folder, link.first, link.last, link.count) == (
        LinkKind.IMAGES, "23-2-145-1", "23-2-145-1", "盒0123", "IMG_0001.jpg", "IMG_0012.jpg", 12,
    )  # fmt: skip
    assert (link.size_class, link.a4, link.date) == ("A4", "12", "20231018")
    assert link.persons == (("扫描员", "张三"), ("图像处理员", "李四"), ("质检员", "王五"))
    assert [(refusal.row, refusal.field) for refusal in sheet.refusals] == [(3, "档号")]


FOXPRO = [("QZH", "C", 4), ("MLH", "C", 3), ("AJH", "C", 4), ("SXH", "C", 3), ("WH", "C", 30), ("ZRZ", "C", 40), ("TM1", "C", 11), ("TM2", "C", 11),
          ("RQ", "C", 8), ("YH", "C", 7), ("BGQX", "C", 4), ("MJ", "C", 4), ("ZTC", "M", 10), ("BZ", "C", 20)]  # fmt: skip


def _gbk(*cells: str) -> list[bytes]:
    return [cell.encode("gbk") for cell in cells]


def test_s6_foxpro_with_ascii_names_and_memo() -> None:
    """DBF: pinyin names are known, TM2 continues TM1 even inside a character, deleted rows are counted, memo fields read."""
    from holdings.table_pair import join

    title = "关于调整工资的通知".encode("gbk")
    row = [*_gbk("0023", "002", "0145", "001", "津民1号", "民政局"), title[:11], title[11:], *_gbk("58.3.12", "1", "永久", ""), fpt_block(0), b""]
    gone = [*row[:3], b"002", *row[4:]]
    data = join(dbf(FOXPRO, [row, gone], deleted=[2], version=0xF5), fpt([_gbk("工资 调整")[0]]))
    sheet = read_sheet("ML.DBF", data)
    (kept,) = sheet.rows
    assert (kept.code, kept.values["题名"], kept.values["主题词"]) == ("0023-002-0145-001", "关于调整工资的通知", "工资 调整")
    assert (kept.values["成文日期"], kept.values["保管期限"], kept.values["密级"]) == ("19580312", "永久", "")
    assert (sheet.deleted, sheet.encoding, sheet.blocked) == (1, "gb18030", False)
    assert FindingCode.DELETED_ROWS in _notes(sheet)


def test_s7_foxpro_with_chinese_names() -> None:
    """Field names of ten bytes are the elements that they begin."""
    names = ["全宗号", "目录号", "案卷号", "卷内顺序号", "文件题名", "责任者", "形成日期", "起止页号", "保管期限", "主题词"]
    fields = [(name, "C", 20) for name in names]
    sheet = read_sheet("卷内目录.dbf", dbf(fields, [_gbk("23", "2", "145", "1", "甲", "民政局", "1958.00.00", "1-3", "永久", "工资")]))
    (row,) = sheet.rows
    assert row.code == "23-2-145-1"
    assert {"件号": "1", "题名": "甲", "成文日期": "1958", "页号": "1-3"}.items() <= row.values.items()
    assert not sheet.questions


def test_s8_two_item_numbers_ask_and_paths_are_cut() -> None:
    """DA/T 22-2000: which 件号 counts and the missing 全宗号 are asked; after the answers the code is made by item."""
    cells = split("ID|门类|年度|期限|机构(问题)|室编件号|馆编件号|文件题名|责任者|文号|形成时间|页数|盒号|归档日期|电子文件路径",
                  "1|文书|2009|定期30年|办公室|12|0015|甲|民政局||2009-3-5|3|1|20100601|D:\\档案\\2009\\0015.pdf")  # fmt: skip
    asked = read_sheet("a.xlsx", book({"归档文件": cells}))
    assert asked.blocked
    assert {(q.id, q.kind, q.blocking) for q in asked.questions} == {("件号", QuestionKind.WHICH, True), ("全宗号", QuestionKind.VALUE, True)}
    sheet = read_sheet("a.xlsx", book({"归档文件": cells}), profile=SheetProfile(answers={"件号": "馆编件号", "全宗号": "J023"}))
    (row,) = sheet.rows
    assert (row.code, row.volume) == ("J023-WS·2009·D30·办公室-0015", None)
    assert (row.values["室编件号"], row.values["成文日期"]) == ("12", "20090305")
    assert list(named_files(row.values)) == ["0015.pdf"]


def test_s9_office_export_as_html() -> None:
    """An OA export: an HTML table named .xls; file names joined by semicolons; what makes the code is asked."""
    cells = split("流水号|标题|发文字号|发文机关|签发日期|主送|抄送|紧急程度|密级|公开属性|拟稿部门|归档部门|归档年度|保管期限|正文文件|附件(个)|附件文件名",
                  "A1|关于甲的通知|津发〔2011〕1号|市政府办|2011-03-05 14:22:33|各区|人大|平|公开|主动公开|秘书处|办公室|2011|永久|zw.ofd|2|a.doc;b.xls")
    html = "<html><meta charset=gb2312><table>" + "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in cells) + "</table></html>"
    asked = read_sheet("导出.xls", html.encode("gbk"))
    assert asked.blocked
    (question,) = [q for q in asked.questions if q.blocking]
    assert (question.id, question.kind, question.candidates[0], question.samples) == ("档号", QuestionKind.CODE, "流水号", ("流水号：A1",))
    sheet = read_sheet("导出.xls", html.encode("gbk"), profile=SheetProfile(answers={"档号": "J001-WS·年度·保管期限-流水号"}))
    (row,) = sheet.rows
    assert (row.code, row.values["成文日期"], row.values["责任者"]) == ("J001-WS·2011·Y-A1", "20110305", "市政府办")
    assert list(named_files(row.values)) == ["zw.ofd", "a.doc", "b.xls"]


def test_s10_marriage_with_lost_digits() -> None:
    """ID numbers that a spreadsheet program has cut are errors naming the cell; the number is not told and not repaired."""
    cells: list[list[str | int | float]] = [*split("登记字号|登记类别|男方姓名|男方身份证号|女方姓名|女方身份证号|登记日期|登记机关|盒号|页数|图像目录")]
    person = [120101195803120011, "乙", "120101196003120022"]
    cells += [["津和结字195800001", "结婚", "甲", *person, 29567, "和平区", "1", 3, "D:\\图\\1"],
              ["津和结字195800002", "结婚", "丙", "1.2E+17", "丁", "120101196003120044", "19801212", "和平区", "1", 3, "D:\\图\\2"],
              ["津和结字195800003", "结婚", "戊", "120101195803120055", "己", "120101196003120066", "19801213", "和平区", "1", 3, "D:\\图\\3"]]  # fmt: skip
    asked = read_sheet("婚姻.xlsx", book({"婚姻": cells}))
    assert [(q.id, q.candidates) for q in asked.questions] == [("表的门类", ("婚姻", "一般目录"))]
    general = read_sheet("婚姻.xlsx", book({"婚姻": cells}), profile=SheetProfile(answers={"表的门类": "一般目录"}))
    assert [(q.id, q.candidates[0]) for q in general.questions] == [("档号", "登记字号")]
    sheet = read_sheet("婚姻.xlsx", book({"婚姻": cells}), profile=SheetProfile(answers={"档号": "登记字号"}))
    assert [(refusal.row, refusal.field) for refusal in sheet.refusals] == [(2, "男方身份证号"), (3, "男方身份证号")]
    assert "D2 格" in sheet.refusals[0].rule
    assert "D3 格" in sheet.refusals[1].remedy
    assert "1201" not in "".join(refusal.rule + refusal.remedy for refusal in sheet.refusals)
    assert _codes(sheet) == ["津和结字195800003"]


def test_s11_photos_share_one_text_in_a_group() -> None:
    """One 文字说明 for a group: offered, and filled inside the group only once agreed; 时间 is asked. Read by no category."""
    cells = split("照片号|底片号|组号|张号|题名|时间|摄影者|文字说明|参见号|密级|文件名", "ZP1-1|D1|1|1|植树|1958.3|张三|全区植树||公开|1.jpg",
                  "ZP1-2|D2|1|2||||||公开|2.jpg", "ZP2-1|D3|2|1|开会||李四|||公开|3.jpg", "ZP2-2|D4|2|2|||||||4.jpg")  # fmt: skip
    general = SheetProfile(answers={"表的门类": "一般目录"})
    asked = read_sheet("照片.xlsx", book({"照片": cells}), profile=general)
    assert {(q.id, q.blocking) for q in asked.questions} == {("时间", False), ("档号", True)}
    answered = SheetProfile(answers={"档号": "照片号", "时间": "成文日期"})
    offered = read_sheet("照片.xlsx", book({"照片": cells}), profile=answered)
    groupwise = [p for p in offered.proposals if p.repair.kind is RepairKind.FILL_GROUP]
    assert {(p.repair.column, p.count) for p in groupwise} == {("文字说明", 1), ("题名", 2), ("成文日期", 1), ("摄影者", 2)}
    agreed = answered.with_repairs(p.repair for p in groupwise if p.repair.column == "文字说明")
    rows = list(read_sheet("照片.xlsx", book({"照片": cells}), profile=agreed).rows)
    assert [row.values.get("文字说明", "") for row in rows] == ["全区植树", "全区植树", "", ""]
    assert [row.code for row in rows] == ["ZP1-1", "ZP1-2", "ZP2-1", "ZP2-2"]
    assert list(named_files(rows[0].values)) == ["1.jpg"]


def test_s12_reels_are_links_of_volumes() -> None:
    """A reel holds many volumes, a volume spans reels: lines say frames, and frames without a record have no code."""
    cells = split("盘号|片种|全宗号|目录号|案卷号|起始画幅|终止画幅|拍数|缩率|母片/拷贝片|拍摄日期|备注", "0045|16mm|23|2|145|1|400|400|1:24|母片|19850101|",
                  "0045|16mm|||| 401 |405|5|1:24|母片|19850101|靶标", "0046|16mm|23|2|145|1|80|80|1:24|母片|19850102|")  # fmt: skip
    sheet = read_sheet("缩微.xlsx", book({"缩微": cells}))
    assert (sheet.kinds, list(sheet.rows)) == ((TableKind.REELS,), [])
    assert [(link.kind, link.folder, link.key, link.first, link.last, link.count) for link in sheet.links] == [
        (LinkKind.FRAMES, "0045", "23-2-145", "1", "400", 400), (LinkKind.FRAMES, "0045", "", "401", "405", 5),
        (LinkKind.FRAMES, "0046", "23-2-145", "1", "80", 80),
    ]  # fmt: skip
    assert next(iter(sheet.links)).rest == {"片种": "16mm", "缩率": "1:24", "母片/拷贝片": "母片"}


def test_s13_tapes_hold_items_by_time_code() -> None:
    """Items of one tape need a code of their own: it is asked, and made of the tape and the side."""
    cells = split("带号|载体规格|制式|面|题名|录制时间|起始时码|终止时码|时长|录制者|文件名",
                  "V0031|DV|PAL|A|大会|1998.5.4|00:00:00|00:30:00|00:30:00|电视台|V0031.avi",
                  "V0031|DV|PAL|B|座谈|1998.5.5|00:30:01|00:55:10|00:25:09|电视台|V0031.avi")  # fmt: skip
    asked = read_sheet("声像.xlsx", book({"声像": cells}), profile=SheetProfile(answers={"表的门类": "一般目录"}))
    assert [(q.id, q.candidates[0], q.blocking) for q in asked.questions] == [("档号", "带号", True)]
    sheet = read_sheet("声像.xlsx", book({"声像": cells}), profile=SheetProfile(answers={"档号": "J023-LX·1998·Y-带号-面"}))
    assert _codes(sheet) == ["J023-LX·1998·Y-V0031-A", "J023-LX·1998·Y-V0031-B"]
    assert [row.values["成文日期"] for row in sheet.rows] == ["19980504", "19980505"]


def test_s13_several_items_on_a_side_are_asked_about() -> None:
    """Read as 录像 without 件号, a side that holds two items asks what their codes are made of; one item a side asks nothing."""
    cells = split("带号|面|题名|录制时间|起始时码|终止时码|文件名", "V0031|A|大会|1998.5.4|00:00:00|00:30:00|V0031.avi",
                  "V0031|A|讲话|1998.5.4|00:30:01|01:00:00|V0031.avi")  # fmt: skip
    video = {"表的门类": "录像"}
    asked = read_sheet("录像.xlsx", book({"录像": cells}), profile=SheetProfile(answers=video))
    assert [(q.id, q.candidates, q.blocking) for q in asked.questions] == [("档号", ("带号-面-起始时码", "带号-面"), True)]
    assert not list(asked.rows)
    made = read_sheet("录像.xlsx", book({"录像": cells}), profile=SheetProfile(answers={**video, "档号": "带号-面-起始时码"}))
    assert _codes(made) == ["V0031-A-00:00:00", "V0031-A-00:30:01"]
    one_each = [*cells[:2], [*cells[2][:1], "B", *cells[2][2:]]]
    assert _codes(read_sheet("录像.xlsx", book({"录像": one_each}), profile=SheetProfile(answers=video))) == ["V0031-A", "V0031-B"]


def test_s14_summary_is_declared_never_rows() -> None:
    """移交清册: runs of volumes and their counts are declared totals; a grand total that does not add up is told."""
    cells = split("移交清册|||||||||", "序号|全宗号|目录号|起止案卷号|卷数|件数|页数|起止年度|保管期限|备注", "1|J023|2|0001–0120|120|3,480|41000|1958-1978|永久|",
                  "2|J023|3|0001–0010|10|300件|2000|1979|长期|", "合计||||130|3781|43000|||")  # fmt: skip
    sheet = read_sheet("移交清册.xlsx", book({"清册": cells}))
    assert (list(sheet.rows), sheet.row_count, sheet.kinds) == ([], 0, (TableKind.SUMMARY,))
    first, second, grand = sheet.declared
    assert (first.fonds, first.inventory, first.first, first.last, first.volumes, first.items, first.pages) == ("J023", "2", "0001", "0120", 120, 3480, 41000)
    assert (first.years, first.retention, second.items, grand.grand, grand.volumes) == ("1958-1978", "永久", 300, True, 130)
    assert [n.detail for n in sheet.notes if n.code == FindingCode.TOTAL_LINE_DIFFERS] == ["第 5 行合计的件数是 3781，逐行相加是 3780"]


def test_a_summary_beside_rows_in_one_workbook() -> None:
    """A workbook may hold the rows in one tab and the summary in another: each is what it is."""
    rows = split("档号|题名|密级", "23-2-145-1|甲|", "23-2-145-2|乙|机密")
    summary = split("起止案卷号|卷数|件数", "145-145|1|2")
    sheet = read_sheet("a.xlsx", book({"清册": summary, "目录": rows}))
    assert (sheet.kinds, sheet.declared[0].items) == ((TableKind.SUMMARY, TableKind.ROWS), 2)
    assert [(row.tab, row.mark) for row in sheet.rows] == [("", MarkKind.OPEN), ("", MarkKind.CLASSIFIED)]
    assert PurePath(sheet.name).suffix == ".xlsx"
