"""Fingerprints as words that two persons read to one another (format.md §2.1): the same twelve from the same digest at node and hub. Pure.

Each word is a quality and a thing (红马, red horse). The two lists are our own; within a list no two Chinese words sound alike, be it
without tones, in the speech of the south or over a bad line (zh/z, n/l, h/f, in/ing, b/p: tests/test_crypto_fingerprint.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple

WORDS: Final = 12
"""Of eleven bits each: 132."""
_BYTES: Final = 17
_BITS: Final = 11
_THING_BITS: Final = 6

_QUALITIES: Final = """
    红 red  白 white  黑 black  蓝 blue  绿 green  紫 purple  金 golden  银 silver
    大 big  小 little  高 tall  弯 bent  短 short  宽 wide  厚 thick  老 old
    新 new  快 quick  热 hot  冷 cold  甜 sweet  圆 round  方 square  软 soft
    浅 shallow  明 bright  早 early  东 eastern  北 northern  深 deep  平 flat  满 full
"""
QUALITIES: Final = tuple(_QUALITIES.split())
"""32, Chinese and English by turns; the place is the number. Never changed: a word that was read out before must stay."""
_THINGS: Final = """
    山 mountain  水 water  云 cloud  月 moon  雪 snow  风 wind  雨 rain  河 river
    海 ocean  石 stone  火 fire  花 flower  草 grass  树 tree  竹 bamboo  松 pine
    梅 plum  梨 pear  瓜 melon  豆 bean  米 rice  茶 tea  糖 sugar  油 oil
    马 horse  牛 ox  羊 sheep  兔 rabbit  猫 cat  鹿 deer  龙 dragon  鹅 goose
    门 door  桥 bridge  车 wagon  船 boat  灯 lamp  钟 clock  笔 pen  纸 paper
    琴 harp  鼓 drum  布 linen  碗 bowl  盘 plate  杯 cup  锅 pot  桌 table
    椅 chair  鞋 shoe  塔 tower  楼 mansion  城 town  田 field  铁 iron  球 ball
    歌 song  叶 leaf  票 ticket  锁 lock  瓦 tile  麦 wheat  柜 chest  袋 bag
"""
THINGS: Final = tuple(_THINGS.split())
"""64, likewise."""


class Word(NamedTuple):
    """One word in both languages; they mean the same, so that two people can compare across them."""

    chinese: str
    english: str


def words(digest: bytes) -> tuple[Word, ...]:
    """Twelve words of a digest of 17 bytes and more; digests that differ in their first 132 bits differ in a word.

    >>> words(bytes(32))[0]
    Word(chinese='红山', english='red mountain')
    """
    if len(digest) < _BYTES:
        raise ValueError(f"a fingerprint has {_BYTES} bytes and more")
    number = int.from_bytes(digest[:_BYTES], "big") >> (_BYTES * 8 - WORDS * _BITS)
    return tuple(_word(number >> (place * _BITS) & ((1 << _BITS) - 1)) for place in range(WORDS - 1, -1, -1))


def _word(number: int) -> Word:
    quality, thing = number >> _THING_BITS, number & ((1 << _THING_BITS) - 1)
    return Word(QUALITIES[2 * quality] + THINGS[2 * thing], f"{QUALITIES[2 * quality + 1]} {THINGS[2 * thing + 1]}")


def spoken(digest: bytes) -> str:
    """The Chinese words in one line, a blank between two: 59 cells."""
    return " ".join(word.chinese for word in words(digest))


def spoken_english(digest: bytes) -> str:
    """The same in English, commas between."""
    return ", ".join(word.english for word in words(digest))
