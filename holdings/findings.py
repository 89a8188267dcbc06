"""Findings 问题: the closed list of what can be wrong, with severity, rule and remedy for the technician; pure.

A finding about a classified row names sheet and row number only, never a code's title or a file's content (DESIGN §3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final


class Severity(IntEnum):
    """错误 stops the record, 警告 asks to look, 提示 informs."""

    HINT = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("提示", "警告", "错误")[self.value - 1]


_E, _W, _H = Severity.ERROR, Severity.WARNING, Severity.HINT
_ORIGINAL: Final = "DA/T 70-2018 GD-3-4：内容数据可读性"
_SCAN: Final = "DA/T 31-2017 10.5.2"
_LINK: Final = "DA/T 31-2017 11.2"
_SECRECY: Final = "保守国家秘密法；档案数字化外包安全管理规范：联网设备不得处理国家秘密"


class FindingCode(Enum):
    """What can be wrong: (slug, severity, may be waived, rule, remedy). The slug is what JSON and the database carry."""

    EMPTY_FILE = ("empty-file", _E, False, f"{_ORIGINAL}。文件为 0 字节", "重新扫描或重新复制该页")
    TRUNCATED = ("truncated", _E, False, f"{_ORIGINAL}。文件不完整（缺少结尾）", "重新扫描或重新复制该页")
    UNREADABLE = ("unreadable", _E, False, f"{_ORIGINAL}。打不开（无读取权限、磁盘错误或文件损坏）", "检查权限和磁盘，或重新扫描该页")
    GROWING = ("growing", _H, False, "文件仍在写入", "无需处理：写完后自动继续；长时间不变请查扫描软件")
    VANISHED_IN_READING = ("vanished-in-reading", _H, False, "读取过程中文件消失或改变", "无需处理：文件稳定后自动重来")
    NAME_NOT_UTF8 = ("name-not-utf8", _E, False, "文件名不是 UTF-8 编码", "在来源系统中用中文正常显示后重新命名并复制")
    NAME_TOO_LONG = ("name-too-long", _E, False, "文件名超过 1,024 字节", "缩短文件名")
    NAME_TWIN = ("name-twin", _E, False, "两个文件名只在 Unicode 组合形式或大小写上不同", "删除或改名其中之一")
    SYMLINK = ("symlink", _E, False, "符号链接不予跟随", "删除链接，放入文件本身")
    NOT_A_FILE = ("not-a-file", _E, False, "不是普通文件（管道、设备、套接字）", "删除该项，放入扫描文件")
    BOMB = ("bomb", _E, False, "解压或解码后的体积远超文件大小，疑为压缩炸弹", "核实来源；确为大幅面的，分幅后重新扫描")
    TOO_LARGE = ("too-large", _E, False, "图像超过 5 亿像素或文件超过 1 TiB", "分幅扫描，或请信息中心处理")
    TYPE_UNKNOWN = ("type-unknown", _W, True, "DA/T 70-2018 GD-3-3：不识别的内容数据格式", "核对格式；应为 TIFF、JPEG、PDF、OFD 等")
    EXTENSION_DIFFERS = ("extension-differs", _W, True, "DA/T 70-2018 GD-1-10：扩展名与实际格式不符", "已按实际格式处理；可请加工单位改正扩展名")
    SUPERFLUOUS = ("superfluous", _H, True, "DA/T 70-2018 GD-4-3：多余文件", "无需处理：不会加封；可删除")
    EMPTY_FOLDER = ("empty-folder", _W, True, f"{_LINK}：文件夹内没有图像", "补扫，或删除空文件夹")
    NO_ROW = ("no-row", _E, False, f"{_LINK}：有图无目（待目录）", "导入含此档号的目录表；或改正文件夹名，使与档号一致")
    NO_FOLDER = ("no-folder", _W, True, f"{_LINK}：有目无图", "补扫；或核对文件夹名是否与档号一致")
    NO_MARK_COLUMN = ("no-mark-column", _E, False, "目录表没有“密级”列，不能判断是否涉密", "补上“密级”列（非密的留空或写“公开”）后重新导入")
    NOT_CLEARED = ("not-cleared", _E, False, "待保密审查：批次尚无两人签署的“不含国家秘密”审查意见", "审查后执行 node clear 批次 --by 姓名 --by 姓名")
    CLASSIFIED = ("classified", _E, False, f"{_SECRECY}。目录标为涉密", "移到涉密机处理，并报保密办；从本机彻底删除该文件夹")
    VOLUME_CLASSIFIED = ("volume-classified", _E, False, f"{_SECRECY}。同卷有涉密文件，整卷暂停", "移到涉密机处理，并报保密办")
    MARK_UNREADABLE = ("mark-unreadable", _E, False, "密级写法无法识别，按涉密处理", "核对原件，把密级改为公开、内部、秘密、机密、绝密之一后重新导入")
    CLASSIFIED_SEALED = ("classified-sealed", _E, False, f"{_SECRECY}。已加封的档案现标为涉密（误传）", "立即报保密办和市级中心信息人员，按误传处置；不得自行删除")
    PAGE_COUNT_DIFFERS = ("page-count-differs", _W, True, f"{_LINK}：页数不符", "补扫或删去多余页；目录有误的改正“页数”后重新导入")
    PAGE_MISSING = ("page-missing", _W, True, f"{_SCAN}、DA/T 70-2018 GD-2-6：页号不连续（缺页）", "补扫缺页；原件本就跳号的说明后放行")
    DUPLICATE_PAGE = ("duplicate-page", _W, True, f"{_SCAN}：重页（两页内容相同）", "删去重复页；确为两页的说明后放行")
    PAGE_VANISHED = ("page-vanished", _W, True, "已加封的页从扫描文件夹消失", "误删的请补回原文件；确应删除的说明后放行")
    ROW_DUPLICATE = ("row-duplicate", _E, False, "DA/T 70-2018 GD-1-8：重号（同一档号有内容不同的两行）", "在目录表中改正其中一行的档号后重新导入")
    ROW_REPEATED = ("row-repeated", _H, True, "同一行在表中重复出现", "无需处理：按一行计；可在表中删去")
    ROW_REFUSED = ("row-refused", _E, False, "目录行未通过检查，未导入", "按所列原因改正后重新导入")
    ROW_GONE = ("row-gone", _W, True, "上次导入时有此行，本次的目录表中没有", "误删的请补回后重新导入；确应删除的说明后放行")
    ROW_REPAIRED = ("row-repaired", _H, True, "单元格中的换行、控制字符已替换为空格", "无需处理；可在目录表中改正")
    FORMULA_TEXT = ("formula-text", _H, True, "单元格以 = + - @ 开头，按文字保存，不作公式", "核对内容；不是题名的请改正")
    MOJIBAKE = ("mojibake", _W, True, "DA/T 70-2018 GD-1-6：疑为乱码（编码转换错误）", "在来源系统中以正确编码重新导出，改正后重新导入")
    DATE_DOUBTFUL = ("date-doubtful", _W, True, "DA/T 70-2018 GD-1-5：日期不合理", "核对成文日期（1899 年 12 月底多为表格软件的空日期）")
    DATE_MISSING = ("date-missing", _H, True, "DA/T 18-2022：日期为必著项，此行为空", "补填成文日期；无法考证的可留空")
    CODE_NONSTANDARD = ("code-nonstandard", _H, True, "DA/T 13-2022：档号不合规则（档号规范性 GD-1-7）", "无需处理：以印在盒上的档号为准；要改请走改号")
    DIGITS_LOST = ("digits-lost", _W, True, "数值过大，表格软件可能已丢失末位数字", "把该列设为文本格式，重新录入")
    COLUMN_UNKNOWN = ("column-unknown", _H, True, "不识别的列，按原列名保存", "无需处理；或把列名改为著录项目名称")
    COLUMN_AMBIGUOUS = ("column-ambiguous", _W, True, "列名含义不明（如“编号”“序号”“张数”），按原列名保存", "核对含义，改为档号、件号、页数等名称后重新导入")
    TAB_UNREAD = ("tab-unread", _W, True, "工作簿中另有工作表没有读入", "需要导入的，另存为单独的文件")
    SHEET_UNREADABLE = ("sheet-unreadable", _E, False, "目录表打不开或没有表头", "另存为 .xlsx 或 UTF-8 的 .csv 后重新放入")
    FORK = ("fork", _E, False, "日志分叉：同一序号有两个不同条目", "停用该节点并联系市级中心信息人员，核对是否从旧备份恢复")

    def __init__(self, slug: str, severity: Severity, waivable: bool, rule: str, remedy: str) -> None:  # noqa: FBT001
        self.slug, self.severity, self.waivable, self.rule, self.remedy = slug, severity, waivable, rule, remedy

    @classmethod
    def of(cls, slug: str) -> FindingCode:
        """The code with this slug; KeyError when there is none."""
        return _BY_SLUG[slug]


_BY_SLUG: Final = {code.slug: code for code in FindingCode}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `subject` is what is stopped or meant (a match key, a folder, a sheet), `path` where it shows (file, or `sheet#row`), `ref` the code as printed or empty,
    `detail` a Chinese remark with numbers (found, declared, row), never content.
    """

    code: FindingCode
    subject: str
    path: str
    ref: str = ""
    detail: str = ""

    @property
    def rule(self) -> str:
        """The rule with this finding's particulars."""
        return f"{self.code.rule}（{self.detail}）" if self.detail else self.code.rule

    @property
    def remedy(self) -> str:
        """What a person has to do."""
        return self.code.remedy


def display_path(name: bytes | str) -> str:
    """A path as text that any database and screen can hold: bytes that are not UTF-8 are shown as `\\xNN`."""
    raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\0")
