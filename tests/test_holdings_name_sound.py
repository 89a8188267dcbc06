"""Names of persons by sound: keys, likeness, pinyin and first letters, surnames' own readings, and which elements hold names."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings.category import Named
from holdings.errors import SiteDataWrong
from holdings.name_sound import KEYS_ASKED_MAX, Asked, Likeness, asked, keys_of, likeness, parted, readings, syllables
from holdings.name_table import dictionary_reading
from holdings.person_names import NAMES_MAX, is_person, name_elements, name_keys, person_names
from holdings.site_data import SiteData

SURNAMES = "王黄李黎张章单区解仇曾查任欧阳司马"
GIVEN = "淑叔珍贞真芳方明鸣宁林玲琳乐行长仙僊哲喆淼建健国華华丽莉绿军君㛃"
NAMES = st.builds(
    "".join, st.tuples(st.sampled_from([*SURNAMES, "欧阳", "司马"]), st.text(GIVEN, min_size=1, max_size=3))
)


@settings(max_examples=300, deadline=None)
@given(NAMES, NAMES, st.booleans())
def test_names_are_alike_when_they_share_a_key(text: str, name: str, fuzzy: bool) -> None:
    """What the comparison calls alike is what the look-up by keys finds, and nothing else; and a name is like itself."""
    want, keys = asked(text, fuzzy=fuzzy), keys_of(name)
    shared = {*keys.whole, *keys.given} & {*want.sounds, *want.fuzzy} or set(keys.letters) & set(want.letters)
    assert (likeness(text, name, fuzzy=fuzzy) is not None) == bool(shared)
    assert likeness(name, name) is Likeness.SAME
    assert len(want.sounds) + len(want.fuzzy) <= KEYS_ASKED_MAX


@settings(max_examples=200, deadline=None)
@given(NAMES, NAMES)
def test_sounding_alike_goes_both_ways(one: str, other: str) -> None:
    """Of two whole names with the same sound each finds the other, fuzzily or not."""
    if set(keys_of(one).whole) & set(keys_of(other).whole):
        assert likeness(one, other) is not None
        assert likeness(other, one) is not None
    if likeness(one, other) is not None:
        assert likeness(one, other, fuzzy=True) is not None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(sorted(syllables())), min_size=1, max_size=6))
def test_letters_are_parted_into_what_they_were_made_of(way: list[str]) -> None:
    """Every way to part a run of letters joins to it again, and the way it was made is among them."""
    ways = list(itertools.islice(parted("".join(way)), 5_000))
    assert all("".join(parts) == "".join(way) and syllables().issuperset(parts) for parts in ways)
    assert tuple(way) in ways
    assert next(parted(" ".join(way))) is not None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_anything_may_be_typed(text: str) -> None:
    """No text, however long or odd, is an error or asks for more than its bound."""
    want = asked(text, fuzzy=True)
    assert isinstance(want, Asked)
    assert len(want.sounds) + len(want.fuzzy) <= KEYS_ASKED_MAX
    assert len(name_keys(one.name for one in person_names({"姓名": text, "责任者": text})).sounds) <= 8 * NAMES_MAX


@pytest.mark.parametrize(
    ("typed", "name", "found", "fuzzily"),
    [
        ("王淑珍", "王淑珍", Likeness.SAME, Likeness.SAME),
        ("王淑贞", "王淑珍", Likeness.TONE, Likeness.TONE),
        ("王书珍", "王淑珍", Likeness.TONE, Likeness.TONE),
        ("王树珍", "王淑珍", Likeness.SOUND, Likeness.SOUND),
        ("淑贞", "王淑珍", Likeness.TONE, Likeness.TONE),
        ("淑珍", "王淑珍", Likeness.SAME, Likeness.SAME),
        ("王凤僊", "王凤仙", Likeness.VARIANT, Likeness.VARIANT),
        ("張國華", "张国华", Likeness.TONE, Likeness.TONE),
        ("李哲", "李喆", Likeness.VARIANT, Likeness.VARIANT),
        ("wsz", "王淑珍", Likeness.INITIALS, Likeness.INITIALS),
        ("WSZ", "王淑珍", Likeness.INITIALS, Likeness.INITIALS),
        ("wangshuzhen", "王淑珍", Likeness.SOUND, Likeness.SOUND),
        ("Wáng Shūzhēn", "王淑珍", Likeness.SOUND, Likeness.SOUND),
        ("wang1 shu1 zhen1", "王淑珍", Likeness.SOUND, Likeness.SOUND),
        ("ｗａｎｇ　ｓｈｕ　ｚｈｅｎ", "王淑珍", Likeness.SOUND, Likeness.SOUND),
        ("lv li", "吕丽", Likeness.SOUND, Likeness.SOUND),
        ("LÜ LI", "吕丽", Likeness.SOUND, Likeness.SOUND),
        ("陈林", "陈宁", None, Likeness.FUZZY),
        ("张三", "臧山", None, Likeness.FUZZY),
        ("李明", "李民", None, Likeness.FUZZY),
        ("善田芳", "单田芳", Likeness.TONE, Likeness.TONE),
        ("丹田芳", "单田芳", None, None),
        ("欧小明", "区小明", Likeness.TONE, Likeness.TONE),
        ("谢乐", "解乐", Likeness.TONE, Likeness.TONE),
        ("谢悦", "解乐", Likeness.TONE, Likeness.TONE),
        ("裘英", "仇英", Likeness.TONE, Likeness.TONE),
        ("魔琪咏", "万俟咏", Likeness.SOUND, Likeness.SOUND),
        ("阿不都买买提", "阿不都·买买提", Likeness.SAME, Likeness.SAME),
        ("xian", "西安", Likeness.SOUND, Likeness.SOUND),
        ("王", "王淑珍", None, None),
        ("w", "王淑珍", None, None),
        ("", "王淑珍", None, None),
        ("李淑珍", "王淑珍", None, None),
    ],
)  # fmt: skip
def test_who_is_found_by_whom(typed: str, name: str, found: Likeness | None, fuzzily: Likeness | None) -> None:
    """Sound, tones, variants, pinyin, first letters, surnames' own readings, and what ears confuse only where asked."""
    assert likeness(typed, name) is found
    assert likeness(typed, name, fuzzy=True) is fuzzily


def test_hostile_letters_cost_nothing() -> None:
    """A run of letters with millions of ways to be parted is answered with the first few."""
    assert len(asked("an" * 5_000, fuzzy=True).sounds) <= KEYS_ASKED_MAX
    assert list(parted("ang" * 23 + "x")) == []
    assert len(readings("乐" * 12)) == 4


def test_categories_say_which_fields_hold_names() -> None:
    """Marriage, land, insurance, photographs and authors are covered; a body is no person, and a site adds fields and readings."""
    known = name_elements()
    assert {"男方姓名", "女方姓名", "姓名", "人物"} <= {
        element for element, kind in known.items() if kind is Named.PERSON
    }
    assert {"权利人", "摄影者", "责任者"} <= {element for element, kind in known.items() if kind is Named.EITHER}
    row = {
        "男方姓名": "王淑珍", "女方姓名": "李 明", "题名": "张三的批复", "责任者": "陈建国等、和平区民政局；市委办公厅",
        "权利人": "天津某某有限公司", "人物": "刘少英（中）、周小舟", "登记机关": "王芳",
    }  # fmt: skip
    assert [one.name for one in person_names(row)] == ["王淑珍", "李明", "陈建国", "刘少英", "周小舟"]
    adoption = """
[category.adoption]
name = "收养"
standard = "本馆"
unit = "件"
rows = "each"
[category.adoption.fields]
"收养人" = { names_of = "person" }
"""
    site = SiteData(
        (("category-adoption.toml", adoption), ("name_sounds.toml", '[surnames.readings]\n"盖" = ["ge3"]\n'))
    )
    assert [one.name for one in person_names({"收养人": "盖丽"}, site)] == ["盖丽"]
    assert keys_of("盖丽", site).whole == ("ge·li",)
    with pytest.raises(SiteDataWrong, match=r"name_sounds\.toml"):
        name_elements(SiteData((("name_sounds.toml", "[surnames]\nsingle = 1\n"),)))


@pytest.mark.parametrize(
    ("body", "person"),
    [
        ("王芳", True),
        ("欧阳震华", True),
        ("温家宝", True),
        ("天津市", False),
        ("市委", False),
        ("安全局", False),
        ("王芳等", False),
        ("和平区民政局", False),
        ("", False),
    ],
)
def test_a_responsible_body_that_is_a_person(body: str, person: bool) -> None:
    """A surname and one or two characters are a person, unless they end as bodies do."""
    assert is_person(body) is person


def test_the_table_of_readings_is_read_as_its_library_reads_it() -> None:
    """A character's first reading is what pypinyin itself says, tone as a digit, for every tenth character up to U+FFFF; blank when it knows none."""
    import pypinyin

    for code in [*range(0x3007, 0xD800, 10), 0x3007, 0x5463, 0x55EF, 0x5638, 0x7EFF, 0x20000]:
        said = pypinyin.pinyin(
            chr(code), style=pypinyin.Style.TONE3, errors=lambda _: [""], neutral_tone_with_five=True, v_to_u=False
        )
        assert dictionary_reading(chr(code)) == said[0][0], hex(code)
