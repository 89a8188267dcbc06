"""Pages of real writing with what stands on them, drawn with a Chinese font of the machine: simplified, traditional, upright columns, tables; seeded."""

# ruff: noqa: SIM905  lists of words read better as one line of words
from __future__ import annotations

import functools
import io
import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from opencc import OpenCC
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pypdf import PdfWriter
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/ukai.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)
KINDS = ("simplified", "traditional", "vertical", "mixed", "table", "columns")
QUALITIES = ("clean", "scan", "poor")
A4_INCH = (8.268, 11.693)
_PLACES = "海河 蓟州 宝坻 静海 武清 宁河 北辰 津南 西青 东丽 红桥 河东 滨海 汉沽 大港 塘沽".split()
_BODIES = "人民政府 档案局 民政局 财政局 农林局 水利局 教育局 卫生局 粮食局 计划委员会 经济委员会 革命委员会".split()
_ACTS = "整理 印发 核定 调整 加强 恢复 撤销 清查 检查 改进 修订 落实 登记 审批 征收 安置".split()
_THINGS = (
    "农村税费改革试点经费 城镇居民最低生活保障 防汛抗旱物资储备 历史遗留房产档案 中小学校舍维修工程 国营农场土地承包合同 离休干部医疗待遇 乡镇卫生院设备购置 "
    "粮食统购统销指标 烈士陵园修缮 知识青年返城安置 工业企业固定资产折旧 水库移民后期扶持 婚姻登记证件 职工退休手续 机构编制方案"
).split()
_ENDS = (
    "请认真贯彻执行 现将有关事项通知如下 经研究，同意所报意见 请于月底前将结果报送我局备案 所需资金由各单位自行解决 望各级领导高度重视，切实抓紧抓好 "
    "此前规定与本通知不一致的，以本通知为准 逾期不报者，按自动放弃处理 各科室要指定专人负责，建立台账 原件存档案室，复制件随卷移交"
).split()
_NAMES = "王淑珍 李桂兰 张玉梅 刘建国 陈秀英 杨志强 赵德明 孙凤霞 周永福 吴庆云 郑文斌 冯宝山 蒋维新 韩雪芹".split()


def font_path() -> str | None:
    """A font with Chinese characters, the first that is found."""
    return next((path for path in FONTS if Path(path).exists()), None)


@dataclass
class Written:
    """A page and what stands on it, line by line in reading order."""

    image: Image.Image
    lines: list[str] = field(default_factory=list)
    dpi: int = 300

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)


def sentence(r: random.Random) -> str:
    """One invented sentence of an office."""
    place, body, act, thing = r.choice(_PLACES), r.choice(_BODIES), r.choice(_ACTS), r.choice(_THINGS)
    return r.choice((
        f"为{act}{thing}，{place}{body}于{r.randint(1950, 2023)}年{r.randint(1, 12)}月{r.randint(1, 28)}日召开会议，",
        f"{place}{body}关于{act}{thing}的报告收悉，{r.choice(_ENDS)}。",
        f"全区共{act}{r.randint(3, 980)}户、{r.randint(1000, 9999)}人，合计金额{r.randint(10, 999)}.{r.randint(10, 99)}万元。",
        f"{r.choice(_ENDS)}；对{thing}，应当逐件{act}，", f"附件：《{thing}{act}办法》第{r.randint(1, 40)}条。",
    ))  # fmt: skip


def paragraphs(r: random.Random, across: int, lines: int) -> list[str]:
    """Text broken into lines of `across` characters, paragraphs indented by two."""
    made: list[str] = []
    while len(made) < lines:
        text = "　　" + "".join(sentence(r) for _ in range(r.randint(2, 4)))
        while text:
            # No mark begins a line: it hangs at the end of the one before.
            end = across + (text[across : across + 1] in set("，。；：》、"))
            made.append(text[:end])
            text = text[end:]
    return made[:lines]


@functools.cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


class _Sheet:
    """A blank sheet to write on, in points."""

    def __init__(self, path: str, dpi: int) -> None:
        self.path, self.dpi = path, dpi
        self.image = Image.new("RGB", (round(A4_INCH[0] * dpi), round(A4_INCH[1] * dpi)), "white")
        self.draw = ImageDraw.Draw(self.image)

    def px(self, points: float) -> int:
        return round(points * self.dpi / 72)

    def write(self, x: float, y: float, text: str, size: float, ink: str = "#1c1c1c") -> None:
        self.draw.text((self.px(x), self.px(y)), text, ink, _font(self.path, self.px(size)))

    def centre(self, y: float, text: str, size: float, ink: str = "#1c1c1c") -> None:
        wide = self.draw.textlength(text, _font(self.path, self.px(size)))
        self.draw.text(((self.image.width - wide) / 2, self.px(y)), text, ink, _font(self.path, self.px(size)))

    def seal(self, x: float, y: float) -> None:
        """A round red seal over what stands there, its star in the middle."""
        layer = Image.new("RGBA", self.image.size)
        draw, c, radius = ImageDraw.Draw(layer), (self.px(x), self.px(y)), self.px(58)
        red = (205, 40, 40, 150)
        draw.ellipse([c[0] - radius, c[1] - radius, c[0] + radius, c[1] + radius], outline=red, width=self.px(3))
        draw.regular_polygon((*c, self.px(15)), 5, fill=red)
        self.image.paste(Image.alpha_composite(self.image.convert("RGBA"), layer).convert("RGB"))


def _document(sheet: _Sheet, r: random.Random, convert: OpenCC | None) -> list[str]:
    """A paper of an office: head, number, title, text, sender, date under a seal, page number."""

    def said(text: str) -> str:
        return convert.convert(text) if convert else text

    place, body = r.choice(_PLACES), r.choice(_BODIES)
    head = said(f"{place}{body}文件")
    number = f"津{place[0]}{body[0]}〔{r.randint(1985, 2023)}〕{r.randint(1, 300)}号"
    title = said(f"关于{r.choice(_ACTS)}{r.choice(_THINGS)}的通知")
    sheet.centre(95, head, 30, "#c8201e")
    sheet.centre(150, said(number), 16)
    sheet.draw.line([(sheet.px(75), sheet.px(180)), (sheet.px(520), sheet.px(180))], "#c8201e", sheet.px(1.5))
    sheet.centre(205, title, 22)
    lines = [said(line) for line in paragraphs(r, 28, 16)]
    for row, line in enumerate(lines):
        sheet.write(74, 255 + 28 * row, line, 16)
    sender, date = said(f"{place}{body}"), f"{r.randint(1985, 2023)}年{r.randint(1, 12)}月{r.randint(1, 28)}日"
    sheet.write(330, 720, sender, 16)
    sheet.write(345, 748, date, 16)
    sheet.seal(400, 745)
    sheet.centre(800, foot := f"— {r.randint(1, 9)} —", 14)
    return [head, said(number), title, *lines, sender, date, foot]


def _vertical(sheet: _Sheet, r: random.Random, convert: OpenCC) -> list[str]:
    """Columns from right to left, as before 1956."""
    # Brackets around titles came with horizontal writing.
    columns = [convert.convert(line).translate({ord("《"): None, ord("》"): None}) for line in paragraphs(r, 34, 14)]
    font = _font(sheet.path, sheet.px(16))
    none = bytes(font.getmask("\U000e0fff"))
    for column, line in enumerate(columns):
        x = sheet.px(500 - 31 * column)
        for row, sign in enumerate(line):
            drawn = {"，": "︐", "。": "︒", "；": "︔", "：": "︓"}.get(sign, sign)
            have = sign if bytes(font.getmask(drawn)) == none else drawn
            sheet.draw.text((x, sheet.px(90 + 19.5 * row)), have, "#1c1c1c", font)
    return columns


def _table(sheet: _Sheet, r: random.Random) -> list[str]:
    """A ruled list: number, name, unit, sum, date."""
    sheet.centre(80, title := f"{r.choice(_PLACES)}区{r.choice(_THINGS)}明细表", 20)
    edges = [60, 105, 185, 330, 430, 535]
    rows = [["序号", "姓名", "单位", "金额", "日期"]]
    rows += [
        [str(k), r.choice(_NAMES), f"{r.choice(_PLACES)}{r.choice(_BODIES)}", f"{r.randint(100, 99_999)}.{r.randint(10, 99)}",
         f"{r.randint(1980, 2020)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}"]
        for k in range(1, 24)
    ]  # fmt: skip
    for row, cells in enumerate(rows):
        y = 120 + 28 * row
        sheet.draw.rectangle(
            [sheet.px(edges[0]), sheet.px(y), sheet.px(edges[-1]), sheet.px(y + 28)],
            outline="#222222",
            width=sheet.px(0.8),
        )
        for left, text in zip(edges, cells, strict=False):
            sheet.write(left + 6, y + 7, text, 13)
    for edge in edges:
        sheet.draw.line(
            [(sheet.px(edge), sheet.px(120)), (sheet.px(edge), sheet.px(120 + 28 * len(rows)))],
            "#222222",
            sheet.px(0.8),
        )
    return [title, *(cell for cells in rows for cell in cells)]


def _columns(sheet: _Sheet, r: random.Random) -> list[str]:
    """A printed sheet in two columns under one title."""
    sheet.centre(70, title := f"{r.choice(_PLACES)}简报", 26)
    texts = [paragraphs(r, 16, 27), paragraphs(r, 16, 27)]
    for column, lines in enumerate(texts):
        for row, line in enumerate(lines):
            sheet.write(66 + 250 * column, 125 + 24 * row, line, 13)
    return [title, *texts[0], *texts[1]]


def _mixed(sheet: _Sheet, r: random.Random) -> list[str]:
    """Numbers, Latin and Chinese in one line: what catalogues and letters are full of."""
    sheet.centre(80, title := "档案目录及来文登记 (Register of Documents)", 20)
    lines = []
    for row in range(24):
        year = r.randint(1979, 2023)
        lines.append(r.choice((
            f"津{r.choice(_PLACES)[0]}政办发〔{year}〕{r.randint(1, 200)}号 {r.choice(_THINGS)}",
            f"J{r.randint(1, 999):03d}-{r.randint(1, 9):03d}-{r.randint(1, 9999):04d}-{r.randint(1, 99999):05d} {r.choice(_NAMES)}",
            f"Tianjin Textile Import & Export Corp., {year}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}, No. {r.randint(100, 9999)}",
            f"设备型号 C6140A 车床{r.randint(1, 40)}台，单价￥{r.randint(1000, 9000)}.50元，合格率{r.randint(80, 99)}%",
        )))  # fmt: skip
        sheet.write(70, 130 + 27 * row, lines[-1], 14)
    return [title, *lines]


@functools.lru_cache(maxsize=8)
def page(kind: str, seed: int = 1, dpi: int = 300, font: str | None = None) -> Written:
    """A clean page of a kind; needs a font (`font_path`)."""
    r = random.Random(f"{kind}{seed}")
    path = font or font_path()
    assert path is not None, "no Chinese font on this machine"
    sheet = _Sheet(path, dpi)
    if kind == "vertical":
        lines = _vertical(sheet, r, OpenCC("s2tw"))
    elif kind in ("table", "columns", "mixed"):
        lines = {"table": _table, "columns": _columns, "mixed": _mixed}[kind](sheet, r)
    else:
        lines = _document(sheet, r, OpenCC("s2tw") if kind == "traditional" else None)
    return Written(sheet.image, lines, dpi)


def marked(mark: str, dpi: int = 300, seed: int = 2) -> Image.Image:
    """A paper with a mark of secrecy at its upper left (GB/T 9704-2012 7.2.2)."""
    image = page("simplified", seed, dpi).image.copy()
    font = _font(str(font_path()), round(16 * dpi / 72))
    ImageDraw.Draw(image).text((74 * dpi / 72, 60 * dpi / 72), mark, "#1c1c1c", font)
    return image


def born_digital(lines: Sequence[str], *, picture: Image.Image | None = None, turn: int = 0) -> bytes:
    """A PDF page with a text layer: on `picture`, invisible over it (双层PDF), else in type; /Rotate `turn`."""
    if "jindang" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(
            TTFont(
                "jindang",
                str(next(path for path in FONTS if "noto" not in path and Path(path).exists())),
                subfontIndex=0,
            )
        )
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(595.3, 841.9), invariant=1)
    if picture is not None:
        sheet.drawImage(ImageReader(picture), 0, 0, 595.3, 841.9)
    text = sheet.beginText()
    text.setTextRenderMode(3 if picture is not None else 0)
    text.setFont("jindang", 16)
    for row, line in enumerate(lines):
        text.setTextOrigin(74, 841.9 - 90 - 28 * row)
        text.textOut(line)
    sheet.drawText(text)
    sheet.showPage()
    sheet.save()
    if not turn:
        return out.getvalue()
    writer, turned = PdfWriter(io.BytesIO(out.getvalue())), io.BytesIO()
    writer.pages[0].rotate(turn)
    writer.write(turned)
    return turned.getvalue()


def worn(image: Image.Image, quality: str, seed: int = 1, turn: float | None = None) -> Image.Image:
    """The page as a scanner gives it: `clean`; `scan` (0.8° skew, noise, blur, shading); `poor` (1.6°, strong noise, pale). `turn` overrides the skew."""
    if quality == "clean" and not turn:
        return image
    g = np.random.default_rng(seed)
    skew = turn if turn is not None else {"scan": 0.8, "poor": 1.6, "clean": 0.0}[quality]
    image = image.rotate(-skew, Image.Resampling.BICUBIC, fillcolor="white")
    if quality == "clean":
        return image
    noise, blur, contrast = (9, 0.8, 0.92) if quality == "scan" else (22, 1.1, 0.65)
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(blur)), np.float32)
    height, width = pixels.shape[:2]
    shade = (
        238
        - 26
        * np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
        * np.linspace(1, 0.4, height, dtype=np.float32)[:, None, None]
    )
    pixels = (
        shade - (255 - pixels) * contrast * (shade / 255) + g.normal(0, noise, (height, width, 1)).astype(np.float32)
    )
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: str = "clean", dpi: int = 300) -> bytes:
    """As a file: quality 90, 75 or 60."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality={"clean": 90, "scan": 75, "poor": 60}[quality], dpi=(dpi, dpi))
    return out.getvalue()


_FOLD = {ord(a): b for a, b in zip("，。；：、“”‘’（）—–－⋯…·•", ",.;:,\"\"''()---..··", strict=True)}


_VARIANTS = str.maketrans("强産决户税爲鎭内徴説", "強產決戶稅為鎮內徵說")
"""Two forms of one character that fonts of one script differ in."""


def folded(text: str) -> str:
    """Text as it is compared: NFKC, one width of punctuation, no blanks, one form of a character."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).translate(_FOLD))
    return "".join(plain.translate(_VARIANTS).split())


def distance(one: str, other: str) -> int:
    """Edits from one text to another."""
    before = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
        before = row
    return before[-1]


def errors(read: str, written: str) -> tuple[int, int]:
    """(edits, characters) after folding."""
    truth = folded(written)
    return distance(folded(read), truth), len(truth)
