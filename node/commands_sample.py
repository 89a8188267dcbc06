"""`jindang node sample …`: acceptance sampling 抽检 of a delivery."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from node.commands_delivery import BY
from node.commands_shell import HOME, JSON, exits, give, reach

NUMBER = click.argument("number", type=click.IntRange(1), metavar="抽检单")
_VERDICTS = {True: "合格", False: "不合格", None: "未检完"}


@click.group()
def sample() -> None:
    """抽检：抽取、填结论、打印、读回。"""


@sample.command("draw")
@HOME
@JSON
@click.argument("name", metavar="批次")
@BY
@click.option("--seed", default="", help="抽检种子，如当众掷出的数字；缺省由本机随机产生并记录")
@click.option("--unit", type=click.Choice(["pages", "records"]), default="pages", show_default=True, help="按页或按件抽")
@click.option("--rate", default="", help="抽检率，如 5% 或 0.1；缺省按规则，不得更低")
@click.option("--minimum", type=click.IntRange(1), default=None, help="至少抽多少")
@click.option("--changed", is_flag=True, help="只抽上一轮之后整改过的件，上轮不合格的页必查")
@exits
def sample_draw(
    home: Path, as_json: bool, name: str, by: str, seed: str, unit: str, rate: str, minimum: int | None, changed: bool
) -> None:
    """抽取本轮的页。同一批次、同一种子，抽出的总是同样的页。"""
    with reach(home) as node:
        result = node.sample_draw(
            name=name, by=by, seed=seed, unit=unit, rate=rate, minimum=minimum, scope="changed" if changed else "all"
        )
    give(
        as_json,
        result,
        f"抽检单 {result['id']}：{result['population_records']} 件 {result['population_pages']} 页中抽 {result['pages']} 页，"
        f"种子 {result['seed']}。\n打印：jindang node sample export {result['id']} 抽检单.xlsx",
    )


@sample.command("list")
@HOME
@JSON
@click.argument("name", metavar="[批次]", required=False)
@exits
def sample_list(home: Path, as_json: bool, name: str | None) -> None:
    """列出抽检单。"""
    with reach(home) as node:
        result = node.sample_list(name=name)
    lines = [
        f"抽检单 {one['id']}  {one['delivery']} 第 {one['round']} 轮  已检 {one['judged']}/{one['pages']}  "
        f"合格率 {one['pass_rate'] or '—'}  {_VERDICTS[one['passed']]}"
        for one in result["samples"]
    ]
    give(as_json, result, "\n".join(lines) or "还没有抽检单。")


@sample.command("show")
@HOME
@JSON
@NUMBER
@exits
def sample_show(home: Path, as_json: bool, number: int) -> None:
    """一张抽检单的页与结论。"""
    with reach(home) as node:
        result = node.sample_show(number=number)
    lines = [
        f"{page['position']:>5}  {page['ref']}  {page['page']}  {page['verdict_label']}  {page['fault']} {page['remark']}".rstrip()
        for page in result["list"]
    ]
    give(as_json, result, "\n".join(lines))


@sample.command("verdict")
@HOME
@JSON
@NUMBER
@click.argument("positions", nargs=-1, type=click.IntRange(1), metavar="[序号]…")
@click.option("--pass", "verdict", flag_value="passed", help="合格")
@click.option("--fail", "verdict", flag_value="failed", help="不合格，须写 --fault")
@click.option("--clear", "verdict", flag_value="none", help="撤销结论")
@click.option("--rest", is_flag=True, help="其余未检的全部如此")
@click.option("--fault", default="", help="问题代码，见 sample faults")
@click.option("--remark", default="", help="说明")
@BY
@exits
def sample_verdict(
    home: Path,
    as_json: bool,
    number: int,
    positions: tuple[int, ...],
    verdict: str | None,
    rest: bool,
    fault: str,
    remark: str,
    by: str,
) -> None:
    """填结论。"""
    if verdict is None:
        raise click.UsageError("请写明 --pass、--fail 或 --clear")
    if bool(positions) == rest:
        raise click.UsageError("请写明序号，或用 --rest 指其余未检的全部（二者取一）")
    with reach(home) as node:
        result = node.sample_verdict(
            number=number, positions=list(positions), verdict=verdict, by="" if verdict == "none" else by, fault=fault,
            remark=remark,
        )  # fmt: skip
    give(as_json, result, _standing(result))


@sample.command("faults")
@HOME
@JSON
@exits
def sample_faults(home: Path, as_json: bool) -> None:
    """问题代码表。"""
    with reach(home) as node:
        result = node.sample_faults()
    give(as_json, result, "\n".join(f"{code}  {one['name']}（{one['clause']}）" for code, one in result["faults"].items()))


@sample.command("export")
@HOME
@JSON
@NUMBER
@click.argument("destination", type=click.Path(dir_okay=False, path_type=Path), metavar="文件.xlsx")
@click.option("--failed", is_flag=True, help="整改通知单：只列不合格的页")
@exits
def sample_export(home: Path, as_json: bool, number: int, destination: Path, failed: bool) -> None:
    """写出可打印、可填写的抽检单（xlsx）。"""
    with reach(home) as node:
        result = node.sample_export(number=number, destination=str(destination.absolute()), only_failed=failed)
    give(as_json, result, f"已写入 {destination}，{result['pages']} 页。")


@sample.command("import")
@HOME
@JSON
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="文件.xlsx")
@exits
def sample_import(home: Path, as_json: bool, file: Path) -> None:
    """读回填好的抽检单。"""
    with reach(home) as node:
        result = node.sample_import(file=str(file.absolute()))
    give(as_json, result, _standing(result))
    sys.exit(1 if result["passed"] is False else 0)


def _standing(result: dict[str, object]) -> str:
    """How a drawing stands, in a line."""
    passed = result["passed"]
    assert passed is None or isinstance(passed, bool)
    return (
        f"抽检单 {result['id']}：已检 {result['judged']}/{result['pages']}，不合格 {result['failed']}，"
        f"合格率 {result['pass_rate'] or '—'}，{_VERDICTS[passed]}"
    )
