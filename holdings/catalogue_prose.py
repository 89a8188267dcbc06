"""The answer to an import of catalogue sheets in Chinese lines for a person; pure."""

from __future__ import annotations

from typing import Any, Final

SHOWN: Final = 40  # lines of each kind for a person; `--json` has up to 10,000


def lines_of(result: dict[str, Any], *, dry_run: bool) -> list[str]:
    """What a technician reads of an answer (holdings/catalogue_answer.py), the figures last."""
    lines = [_read_as(sheet) for sheet in result["sheets"]]
    lines += _some([f"第 {r['row']} 行 {r['field']}：{r['rule']} → {r['remedy']}" for r in result["refusals"]])
    if dry_run:
        lines += _some(
            [
                f"修改  {c['ref']}  {c['field']}：{c['old'] or '（空）'} → {c['new'] or '（空）'}"
                for c in result["changes"]
            ]
        )
        lines += _some(
            [f"消失  {d['ref']}  {d['title']}（原第 {d['row']} 行）：是删去，还是漏了？" for d in result["disappeared"]]
        )
    lines += _some(
        [
            f"移交清册第 {c['row']} 行：{c['sentence']}"
            for c in result["declared"]
            if not c["agrees"]
        ]
    )
    for question in result["questions"]:
        told = f"，例：{'、'.join(question['samples'][:3])}" if question["samples"] else ""
        lines.append(
            f"{'须先回答' if question['blocking'] else '请回答'}：{question['text']}{told}  →  {question['answer']}"
        )
    if proposal := result.get("proposal"):
        lines.append(
            f"挂接 {proposal['linked']} 件；页数口径：{proposal['text']}（node profile propose {proposal['delivery']}）"
        )
    lines += [f"{r['text']}" + ("" if r["agreed"] else f"  →  {r['answer']}") for r in result["repairs"]]
    if register := result.get("fonds"):
        lines.append(f"全宗名册 {register['rows']} 行：新增 {register['added']}，修改 {register['changed']}，未导入 {register['refused']}")
    lines.append(
        f"{result['rows']} 行：新增 {result['added']}，修改 {result['changed']}，不变 {result['unchanged']}，消失 {result['gone']}，"
        f"未导入 {result['refused']}" + ("（空跑，未写入）" if dry_run else "")
    )
    return lines


def wants_a_person(result: dict[str, Any]) -> bool:
    """Whether something of it needs a person: exit code 1."""
    blocked = any(sheet["blocked"] for sheet in result["sheets"])
    differs = any(not one["agrees"] for one in result["declared"])
    return bool(result["refused"] or result["gone"] or blocked or differs)


def _read_as(sheet: dict[str, Any]) -> str:
    """How a sheet was read: what a person compares with what was meant."""
    told = [sheet["format"], f"编码 {sheet['encoding']}" if sheet["encoding"] else ""]
    told.append({"\t": "以制表符分隔", "": ""}.get(sheet["delimiter"], f"以“{sheet['delimiter']}”分隔"))
    told += [f"标为删除 {sheet['deleted']} 行，未导入" if sheet["deleted"] else ""]
    told += [f"挂接 {sheet['links']} 行" if sheet["links"] else ""]
    told += [f"没有必著项的列：{'、'.join(sheet['lacking'])}（DA/T 18）" if sheet["lacking"] else ""]
    return f"{sheet['name']}：{'，'.join(word for word in told if word)}"


def _some(lines: list[str]) -> list[str]:
    return [*lines[:SHOWN], *([f"……另有 {len(lines) - SHOWN} 项，见 --json"] if len(lines) > SHOWN else [])]
