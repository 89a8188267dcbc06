"""Draws the sample scans that ship in jindang/samples: invented documents of our own for two districts.

Run by hand when the samples shall change: `python tests/make_samples.py`. Only then Debian's fonts-wqy-zenhei is
needed. What it draws stands in tests/samples.toml. The same Pillow and font give the same bytes: nothing here asks
for the time or for chance.
"""

import csv
import io
import math
import shutil
import time
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

FONT = "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"
SAMPLES = Path(__file__).resolve().parent.parent / "jindang" / "samples"
COLUMNS = ["档号", "全宗号", "目录号", "案卷号", "件号", "年度", "题名", "责任者", "文号",
           "成文日期", "保管期限", "密级", "页数", "开放状态"]
SHEET = "案卷目录"
WIDTH, HEIGHT = 744, 1052  # A4 at 90 dpi: legible, and small enough to ship
EPOCH = (2023, 1, 1, 0, 0, 0)
QUALITY = 33
PAPER, INK, RED = 236, 48, (196, 44, 38)


@dataclass(frozen=True)
class Document:
    """One record to draw: its row, its text page by page, and how it is stored (jpg, colour, tif or pdf)."""

    district: str
    code: str
    year: int
    title: str
    author: str
    number: str
    date: str
    retention: str
    kind: str
    pages: tuple[str, ...]
    level: str = ""
    opening: str = "开放"
    truncated: int = 0

    def sheet_row(self) -> list[str]:
        """Return the cells of the record's row in the order of COLUMNS."""
        parts = self.code.split("-")
        old = len(parts) == 4
        volume = parts[2] if old else ""
        return [self.code, parts[0], parts[1], volume, parts[-1], str(self.year), self.title, self.author, self.number,
                self.date, self.retention, self.level, str(len(self.pages)), self.opening]


def documents() -> list[Document]:
    """Return what to draw, as tests/samples.toml has it."""
    table = tomllib.loads(Path(__file__).with_name("samples.toml").read_text("utf-8"))
    return [Document(**{**entry, "pages": tuple(entry["pages"])}) for entry in table["document"]]


def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the one font of the samples at a size in pixels."""
    return ImageFont.truetype(FONT, size)


def wrapped(text: str, per_line: int) -> list[str]:
    """Return the lines of a text, paragraphs indented by two characters."""
    lines = []
    for number, paragraph in enumerate(text.split("\n")):
        body = paragraph if number == 0 and paragraph.endswith("：") else "　　" + paragraph
        while body:
            end = per_line + (body[per_line:per_line + 1] in {"，", "。", "、", "；", "："})  # none begins a line
            lines.append(body[:end])
            body = body[end:]
    return lines


def sheet_of_paper(shade: int) -> Image.Image:
    """Return an empty page: paper lit a little unevenly, with the shadow of the spine."""
    light = Image.linear_gradient("L").resize((WIDTH, HEIGHT)).point(lambda value: PAPER - shade - value // 16)
    spine = Image.linear_gradient("L").rotate(90).resize((36, HEIGHT)).point(lambda value: 255 - (255 - value) // 5)
    light.paste(ImageChops.multiply(light.crop((0, 0, 36, HEIGHT)), spine), (0, 0))
    return light


def page_image(document: Document, number: int, scan: int) -> tuple[Image.Image, Image.Image]:
    """Return one page as (black ink on paper, mask of red ink); another `scan` lies a little differently."""
    paper, red = sheet_of_paper(4 * number + 2 * scan), Image.new("L", (WIDTH, HEIGHT), 0)
    ink = Image.new("L", (WIDTH, HEIGHT), 0)
    black, colour = ImageDraw.Draw(ink), ImageDraw.Draw(red)
    top = 120
    if number == 1:
        if document.kind == "colour":
            colour.text((WIDTH / 2, 130), document.author + "文件", 255, font(46), anchor="mm")
            colour.line([(70, 205), (WIDTH - 70, 205)], 255, 3)
        black.text((WIDTH / 2, 178), document.number, 255, font(19), anchor="mm")
        for at, line in enumerate(wrapped(document.title, 18)):
            black.text((WIDTH / 2, 262 + 40 * at), line.strip(), 255, font(28), anchor="mm")
        top = 340
    for at, line in enumerate(wrapped(document.pages[number - 1], 22)):
        black.text((92, top + 40 * at), line, 255, font(25))
    if number == len(document.pages):
        black.text((WIDTH - 120, HEIGHT - 240), document.author, 255, font(23), anchor="rm")
        date = f"{document.date[:4]}年{int(document.date[4:6])}月{int(document.date[6:])}日"
        black.text((WIDTH - 120, HEIGHT - 200), date, 255, font(23), anchor="rm")
        if document.kind == "colour":
            draw_seal(colour, WIDTH - 210, HEIGHT - 222, 74)
    black.text((WIDTH / 2, HEIGHT - 62), f"— {number} —", 255, font(18), anchor="mm")
    black.text((WIDTH - 60, 46), f"{number:03d}", 150, font(17), anchor="rm")
    angle = (0.35, -0.25, 0.15)[(number + scan) % 3]
    soft = ImageFilter.GaussianBlur(0.4)
    ink, red = (layer.rotate(angle, Image.Resampling.BICUBIC).filter(soft) for layer in (ink, red))
    paper.paste(INK, mask=ink)
    return paper, red


def draw_seal(draw: ImageDraw.ImageDraw, x: int, y: int, radius: int) -> None:
    """Draw a round seal with a star and no name: these offices do not exist."""
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=200, width=4)
    reach = [(radius * (0.36 if corner % 2 == 0 else 0.15), corner * math.pi / 5) for corner in range(10)]
    draw.polygon([(x + r * math.sin(angle), y - r * math.cos(angle)) for r, angle in reach], fill=190)


def encoded(document: Document, number: int, scan: int = 0) -> bytes:
    """Return the bytes of one page file as the document's kind asks."""
    paper, red = page_image(document, number, scan)
    out = io.BytesIO()
    if document.kind == "tif":
        large = paper.resize((WIDTH * 2, HEIGHT * 2), Image.Resampling.BICUBIC)
        bitonal = large.point(lambda value: 255 if value > 150 else 0, "1")
        bitonal.save(out, "TIFF", compression="group4", dpi=(180, 180))
    elif document.kind == "colour":
        page = Image.merge("RGB", [paper.point(lambda value, k=k: min(255, value + k)) for k in (4, 0, -10)])
        page.paste(RED, mask=red)
        page.save(out, "JPEG", quality=QUALITY, dpi=(90, 90))
    else:
        paper.save(out, "JPEG", quality=QUALITY, dpi=(90, 90))
    return out.getvalue()


def pdf_of(document: Document) -> bytes:
    """Return all pages as one PDF without a clock in it."""
    out = io.BytesIO()
    first, *rest = (page_image(document, number, 0)[0] for number in range(1, len(document.pages) + 1))
    moment = time.gmtime(1672531200)
    first.save(out, "PDF", save_all=True, append_images=rest, resolution=90, quality=QUALITY,
               creationDate=moment, modDate=moment)
    return out.getvalue()


def write_record(folder: Path, document: Document) -> None:
    """Write the folder of one record."""
    folder.mkdir(parents=True)
    if document.kind == "pdf":
        (folder / "0001.pdf").write_bytes(pdf_of(document))
        return
    suffix = "tif" if document.kind == "tif" else "jpg"
    for number in range(1, len(document.pages) + 1):
        data = encoded(document, number)
        if number == document.truncated:
            data = data[:len(data) * 3 // 5]
        (folder / f"{number:04d}.{suffix}").write_bytes(data)


def workbook_parts(rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the XML files of a one-sheet workbook with inline strings (ECMA-376 part 1)."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "application/vnd.openxmlformats"
    spread = f"{kind}-officedocument.spreadsheetml"
    lines = []
    for number, row in enumerate(rows, 1):
        cells = [f'<c r="{chr(65 + at)}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
                 for at, text in enumerate(row)]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return {
        "[Content_Types].xml": f"""<Types xmlns="{package}/content-types">
<Default Extension="rels" ContentType="{kind}-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{spread}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{spread}.worksheet+xml"/></Types>""",
        "_rels/.rels": f"""<Relationships xmlns="{package}/relationships">
<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
        "xl/workbook.xml": f"""<workbook xmlns="{main}" xmlns:r="{office}">
<sheets><sheet name="{SHEET}" sheetId="1" r:id="rId1"/></sheets></workbook>""",
        "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{package}/relationships">
<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>""",
        "xl/worksheets/sheet1.xml": f"""<worksheet xmlns="{main}"><sheetData>
{"".join(lines)}</sheetData></worksheet>""",
    }


def xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    """Return the workbook as a zip with fixed times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in workbook_parts(rows).items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + text)
    return out.getvalue()


def main() -> None:
    """Write jindang/samples anew and print what it weighs."""
    shutil.rmtree(SAMPLES, ignore_errors=True)
    drawn = documents()
    for document in drawn:
        write_record(SAMPLES / document.district / document.code, document)
    rows = [COLUMNS, *(document.sheet_row() for document in drawn if document.district == "和平区")]
    (SAMPLES / "和平区" / f"{SHEET}.xlsx").write_bytes(xlsx(rows))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(
        [COLUMNS, *(document.sheet_row() for document in drawn if document.district == "河西区")])
    (SAMPLES / "河西区" / f"{SHEET}.csv").write_bytes(text.getvalue().encode("gb18030"))
    again, number = drawn[0], 2  # the page that the demo scans again; page 1 of the record stays as it is
    target = SAMPLES / "返工重扫" / again.code / f"{number:04d}.jpg"
    target.parent.mkdir(parents=True)
    target.write_bytes(encoded(again, number, scan=1))
    files = [path for path in SAMPLES.rglob("*") if path.is_file()]
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files):,} bytes")


if __name__ == "__main__":
    main()
