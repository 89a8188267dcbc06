"""Topical forms of search 民生专题: marriage, land, social insurance and a site's own, filled in as a visitor tells it; the results are those of search."""

from __future__ import annotations

from typing import Final

from holdings.errors import NotFound
from holdings.language import mark
from hub.reading_room import Wish
from hub.web_frame import Visit
from hub.web_route import Reply, Route, Turned
from hub.web_search import READERS, Asked

HOWS: Final = {"sound": mark("同音"), "fuzzy": mark("连近音"), "words": mark("字要相同")}
_FIELDS: Final = (
    mark("婚姻"), mark("土地"), mark("社会保险"), mark("登记类别"), mark("男方姓名"), mark("女方姓名"), mark("登记机关"), mark("权利人"), mark("坐落"),
    mark("姓名"), mark("险种"), mark("业务类型"), mark("单位名称"), mark("经办机构"),
)  # fmt: skip
"""Names of the shipped forms and their fields, marked here so that they can be read in English; a site's own stand as it wrote them."""
_CHOICES: Final = (
    mark("结婚"), mark("离婚"), mark("补发结婚证"), mark("补发离婚证"), mark("撤销婚姻"), mark("复婚"), mark("结婚登记"), mark("离婚登记"),
    mark("养老"), mark("医疗"), mark("失业"), mark("工伤"), mark("生育"), mark("养老保险"), mark("医疗保险"), mark("失业保险"), mark("工伤保险"),
    mark("生育保险"), mark("城乡居民养老"), mark("城乡居民医疗"),
)  # fmt: skip
"""What their choices say; the value that is searched for is always the Chinese one."""
NONE: Final = mark("没有这个专题。")


def topics(visit: Visit) -> Reply:
    """The forms there are."""
    from holdings import topical_search

    return visit.page("topics.html", forms=topical_search.forms(visit.frame.home.site))


def topic(visit: Visit) -> Reply:
    """One form; filled in, it goes on to its results."""
    from holdings import topical_search

    try:
        form = topical_search.form(visit.ask.parts["name"], visit.frame.home.site)
    except NotFound as fault:
        raise Turned(404, NONE) from fault
    said = visit.ask.query
    how = next((one for one in topical_search.How if one.value == said.get("how")), topical_search.How.SOUND)
    query, years = topical_search.query_of(form, said, how)
    if query:
        return visit.to(Asked(Wish(query), {"year": (years,)} if years else {}).address())
    return visit.page("topic.html", form=form, hows=HOWS, missing=bool(said))


ROUTES: Final = (
    Route("GET", "/topics", topics, roles=READERS),
    Route("GET", "/topics/{name}", topic, roles=READERS),
)
