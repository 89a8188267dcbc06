"""Categories 门类: the shipped families, columns that mean one thing, and what a site may lay over them."""

import re
from pathlib import Path

import pytest

from holdings.category import RowRule, ValueType, categories, category_of, get, own_title, synonyms
from holdings.errors import SiteDataWrong
from holdings.metadata_scheme import scheme
from holdings.reference_code import ReferenceCode, parse
from holdings.site_data import FILE_MAX, FILES_MAX, SiteData, read_site

SHEETS = {  # header rows as contractors and unit systems deliver them; what stands for nothing is left to a person
    "document": "ID|门类|年度|期限|机构(问题)|室编件号|馆编件号|文件题名|责任者|文号|形成时间|页数|盒号|归档日期|电子文件路径",
    "marriage": "登记字号|登记类别|男方姓名|男方身份证号|女方姓名|女方身份证号|登记日期|登记机关|盒号|页数|图像目录",
    "photo": "照片号|底片号|组号|张号|题名|时间|摄影者|文字说明|参见号|密级|文件名",
    "film": "盘号|片种|全宗号|目录号|案卷号|起始画幅|终止画幅|拍数|缩率|母片/拷贝片|拍摄日期|备注",
    "video": "带号|载体规格|制式|面|题名|录制时间|起始时码|终止时码|时长|录制者|文件名",
}
GENERAL = {"年度", "责任者", "页数", "全宗号", "目录号", "案卷号", "备注", "密级", "ID"}  # known to the general table, or asked about
OFFICE = "发文字号|发文机关|签发日期|主送|抄送|紧急程度|公开属性|拟稿部门|归档部门|归档年度|正文文件|附件(个)|附件文件名"


@pytest.mark.parametrize("category", SHEETS)
def test_every_column_of_a_known_sheet_is_known(category: str) -> None:
    """The columns of old unit systems, marriage, photo, film and tape sheets stand for elements, or for the general table's."""
    known = {name for names in synonyms(category).values() for name in names} | GENERAL
    assert [name for name in SHEETS[category].split("|") if name not in known] == []


def test_columns_of_office_systems_are_known() -> None:
    """What an office system exports is understood: numbers, bodies, departments, names of text and enclosures."""
    known = {name for names in synonyms("document").values() for name in names}
    assert [name for name in OFFICE.split("|") if name not in known] == []


@pytest.mark.parametrize("category", sorted(categories()))
def test_a_column_means_one_element(category: str) -> None:
    """No column means two elements, and none that is asked about is also understood."""
    names = [name for names in synonyms(category).values() for name in names]
    assert len(names) == len(set(names))
    assert not set(names) & set(get(category).ambiguous)


@pytest.mark.parametrize("category", sorted(categories()))
def test_rules_for_rows_name_fields_that_exist(category: str) -> None:
    """A group, reel or tape rule speaks of this category's own columns, or of the standard's."""
    one = get(category)
    fields = {*one.fields, "密级", "保管期限", "责任者"}
    if one.rows is RowRule.GROUPS:
        assert one.group and {*one.group.by, *one.group.single, *one.group.shared} <= fields
    if one.rows is RowRule.REELS:
        assert one.reel and {one.reel.reel, one.reel.first, one.reel.last, one.reel.count} <= fields
    if one.rows is RowRule.TAPES:
        assert one.tape and {one.tape.tape, one.tape.side, one.tape.start, one.tape.end, one.tape.length} <= fields


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("A439-WS·2015·D30·003-005", "document"),
        ("K021-ZP·2019·D30-025-005", "photo"),
        ("J019-LY·2019·Y-001", "sound"),
        ("J019-LX·2019·Y-001", "video"),
        ("X032-KJ·KY·01-003", "technical"),
        ("J019-KU·01·2017-001-001", "accounting"),
        ("J019-ZY·HY·2019·D30-001-001", "marriage"),
        ("J019-ZY·JC·CC·2019·D30-001-001", None),
        ("C038-001-002-003", None),
        ("民政-1958-3", None),
    ],
)
def test_a_code_names_its_category(code: str, category: str | None) -> None:
    """门类代码 of DA/T 13-2022 tell the category, the most particular one; old and local codes tell none."""
    read = parse(code)
    assert isinstance(read, ReferenceCode)
    assert category_of(read) == category


def test_a_category_may_be_like_another() -> None:
    """录像 has the fields of 录音, with its own words where it says so."""
    sound, video = get("录音"), get("video")
    assert set(video.fields) == set(sound.fields)
    assert video.fields["制式"].domain == ("PAL", "NTSC", "SECAM", "数字")
    assert video.fields["起始时码"].type is ValueType.TIME
    assert (video.tape and video.tape.rate, sound.tape and sound.tape.rate) == (25, 75)
    assert video.files.preservation != sound.files.preservation


def test_a_site_adds_a_family_and_changes_a_word() -> None:
    """A site's own file brings a family, renames a column and leaves everything else as shipped."""
    text = """
[category.veteran]
name = "退役军人"
family = "民生"
standard = "本馆规定"
unit = "件"
rows = "each"
[category.veteran.fields]
"部队番号" = { length = 60, required = ["item"] }
[category.marriage.fields."登记字号"]
names = ["婚字号"]
"""
    site = SiteData((("category-退役.toml", text),))
    assert get("退役军人", site).fields["部队番号"].required == ("item",)
    assert synonyms("marriage", site)["登记字号"] == ("登记字号", "婚字号")
    assert get("marriage", site).fields["登记字号"].required == ("item",)
    assert len(categories(site)) == len(categories()) + 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[category.x", "TOML"),
        ("[categories.x]\nname = '某'", "[category."),
        ("[category.x]\nname = '某'", "standard"),
        ("[category.photo]\nunits = '张'", "units"),
        ("[category.photo.fields]\n'题名' = { names = ['时间'] }", "时间"),
        ("[category.x]\nlike = 'y'", "like"),
        ("[category.x]\nlike = 'x'", "like"),
        ("[category.document]\nrows = 'reels'", "reels"),
        ("[category.photo.fields]\n'题名' = { type = 'number' }", "type"),
        ("category = 3", "category"),
    ],
)
def test_a_wrong_site_file_is_refused_by_name(text: str, told: str) -> None:
    """What a site's file gets wrong is told with the file's name and the word, and never half used."""
    with pytest.raises(SiteDataWrong, match=r"category-本馆\.toml") as fault:
        categories(SiteData((("category-本馆.toml", text),)))
    assert told in str(fault.value)


def test_an_unknown_category_lists_the_known() -> None:
    """Whoever names a category wrongly is told the right names."""
    with pytest.raises(SiteDataWrong, match="photo（照片）"):
        get("相片")


def test_site_files_are_bounded(tmp_path: Path) -> None:
    """A site's folder may be absent; too many, too large or undecodable files are refused by name."""
    assert read_site(tmp_path / "无").files == ()
    (tmp_path / "category-甲.toml").write_text("[category]", "utf-8")
    (tmp_path / "说明.txt").write_text("不读", "utf-8")
    assert [name for name, _ in read_site(tmp_path).named("category")] == ["category-甲.toml"]
    assert read_site(tmp_path).named("metadata") == ()
    (tmp_path / "乙.toml").write_bytes("门类".encode("gb18030"))
    with pytest.raises(SiteDataWrong, match=r"乙\.toml"):
        read_site(tmp_path)
    (tmp_path / "乙.toml").write_bytes(b"#" * (FILE_MAX + 1))
    with pytest.raises(SiteDataWrong, match="1 MiB"):
        read_site(tmp_path)
    (tmp_path / "乙.toml").unlink()
    for number in range(FILES_MAX):
        (tmp_path / f"{number}.toml").write_text("", "utf-8")
    with pytest.raises(SiteDataWrong, match="超过 64 个"):
        read_site(tmp_path)


def test_the_manual_s_example_works(repository: Path) -> None:
    """The data files shown in docs/operating.md are ones that the program takes."""
    manual = (repository / "docs" / "operating.md").read_text("utf-8")
    shown = next(block for block in re.findall(r"```toml\n(.*?)```", manual, re.DOTALL) if "category-" in block)
    files = re.findall(r"# site/(\S+)\n(.*?)(?=\n# site/|\Z)", shown, re.DOTALL)
    assert [name for name, _ in files] == ["category-退役.toml", "metadata.toml"]
    site = SiteData(tuple(files))
    assert get("退役军人", site).code_from == (("档号",), ("优抚证号",))
    assert scheme(site).elements["题名"].length == 2000


MARRIAGE = {"登记字号": "和1958-3", "登记类别": "结婚", "男方姓名": "张三", "女方姓名": "李四", "成文日期": "19580312"}


@pytest.mark.parametrize(
    ("row", "title"),
    [
        (MARRIAGE, "[张三、李四结婚]"),
        (MARRIAGE | {"题名": "结婚登记"}, ""),
        ({**MARRIAGE, "女方姓名": ""}, ""),
        ({"权利人": "王五", "坐落": "和平区某路 1 号", "登记类别": "初始登记"}, "[王五 和平区某路 1 号 初始登记]"),
        ({"业务类型": "退休", "业务日期": "20010101", "单位名称": "某厂", "险种": "养老"}, "[某厂 养老 退休]"),
        ({"姓名": "赵六", "年度": "2001"}, ""),
        ({}, ""),
    ],
)
def test_a_row_without_a_title_gets_one_of_the_archivist_s_own(row: dict[str, str], title: str) -> None:
    """自拟题名 in square brackets, from the fields of a category that has everything it asks for; others stay without."""
    assert own_title(row) == title
