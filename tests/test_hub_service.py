"""The hub as a service: asked to end while nodes upload, hub.toml read again, lines that programs read (hub/app.py, reload.py, log_lines.py)."""

import io
import json
import logging
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hub_in_thread import running
from soak_programs import Programs, wait_for
from soak_site import Site, digests

from holdings import alarm_rule
from holdings.journal import Filter, Outcome
from hub import log_lines
from hub.config import FILE, HubConfig, PeopleConfig
from hub.errors import ConfigurationWrong
from hub.log_lines import Form

SETTLED = "market of Tianjin 1958"


@pytest.mark.timeout(900)
def test_asked_to_end_while_nodes_upload_a_hub_loses_nothing(tmp_path: Path) -> None:
    """SIGTERM twice into a running upload: each end is orderly and in time, the node goes on by itself, every byte arrives once, no line of the service
    tells a title, a token or a key, and SIGHUP changes what it may."""
    with Programs(tmp_path / "said") as programs:
        site = Site(tmp_path, programs, Random(5))
        # On a crawling line an upload is met for certain, however slow this machine is.
        _line(site, 0.5)
        with (site.node_home / "node.toml").open("a", encoding="utf-8") as config:
            config.write('windows = ["mon-sun 00:00-24:00"]\n')
        for _ in range(5):
            site.corpus.step()
        listen = site._listen

        def start():  # type: ignore[no-untyped-def]
            hub = programs.start("hub", "run", "--home", site.hub_home, "--listen", listen, "--log", "json")
            hub.ready()
            return hub

        hub, ends = start(), list[float]()
        # The daemon, for it never gives up: `run --once` does after six tries, and how long those last is a matter of the machine's load.
        node = programs.start("node", "run", "--home", site.node_home)
        for _ in range(2):
            _on_their_way(site)
            ends.append(stopped(hub))
            hub = start()
        assert node.running
        toml = site.hub_home / FILE
        toml.write_text(toml.read_text("utf-8") + "retry_after_s = 7\nconnections = 3\ndecoders = 1\n", "utf-8")
        os.kill(hub.process.pid, signal.SIGHUP)
        wait_for("hub.toml read again", lambda: "retry_after_s" in hub.said)
        assert node.stop() == 0, node.said
        assert hub.stop() == 0
        _line(site, 100.0)
        site.bring_home()
        programs.run("hub", "export", tmp_path / "export", "--home", site.hub_home)
        assert digests(tmp_path / "export") == digests(site.scans.root)
        assert programs.run("hub", "doctor", "--deep", "--home", site.hub_home)["findings"] == []
        assert max(ends) < 45, "systemd gives a minute"
        lines = [line for path in (tmp_path / "said").glob("*.err") for line in path.read_text("utf-8").splitlines() if '"logger"' in line]
        said = [json.loads(line) for line in lines]
        assert any("须重启才生效 decoders" in one["text"] and "connections" in one["text"] for one in said)
        secrets = [title for record in site.corpus.records.values() for title in (record.history[-1].title,)]
        secrets += [(site.hub_home / "unlock.key").read_bytes().hex(), "jd1-"]
        assert not [secret for secret in secrets if any(secret in line for line in lines)]


def _line(site: Site, mbit: float) -> None:
    """Bound the node's line in its node.toml."""
    config = site.node_home / "node.toml"
    config.write_text(re.sub(r"(?m)^cap_mbit = .*", f"cap_mbit = {mbit}", config.read_text("utf-8")), "utf-8")


def _arrived(site: Site) -> int:
    """Bytes of objects at the hub, of whole ones and of parts."""
    size = 0
    for folder in ("uploads", "objects"):
        for path in (site.hub_home / folder).rglob("*"):
            with suppress(FileNotFoundError):
                size += path.stat().st_size
    return size


def _on_their_way(site: Site) -> None:
    """Wait until more bytes come than are there."""
    before = _arrived(site)
    wait_for("bytes on their way", lambda: _arrived(site) > before, 300.0)


def stopped(hub) -> float:  # type: ignore[no-untyped-def]
    """SIGTERM; how long its end took."""
    began = hub.lasted()
    assert hub.stop() == 0, hub.said
    return float(hub.lasted() - began)


def test_hub_toml_is_read_again(tmp_path: Path) -> None:
    """Bounds and rules of signing in hold at once, for what is open too; addresses and keys wait for a restart and are named; a wrong file changes nothing."""
    people = PeopleConfig(listen="127.0.0.1:0")
    with running(tmp_path / "hub", config=HubConfig("市级中心", "127.0.0.1:0", "keyfile", min_free_gib=0.0, people=people)) as hub:
        toml, desk = hub.path / FILE, hub.hub.desk
        parts = hub.hub.people.parts()
        before = toml.read_text("utf-8")
        toml.write_text(before.replace("min_free_gib = 0.0", "min_free_gib = 1000000.0") + "idle_minutes = 7\n", "utf-8")
        toml.write_text(toml.read_text("utf-8").replace("127.0.0.1:0", "127.0.0.1:1"), "utf-8")
        told = desk.call("reload")
        assert told == {"applied": ["min_free_gib", "people.idle_minutes"], "needs_restart": ["listen", "people.listen"]}
        assert parts.sign_in._idle_s == 420
        assert hub.hub.home.config.people.listen == "127.0.0.1:0"
        node = hub.node()
        delta = node.delta({"J001-WS·2020·Y-0001": {"a.txt": b"one"}})
        node.offer(delta.entry)
        name, data = next(iter(delta.objects.items()))
        assert node.put(name, data).status == 507
        toml.write_text("nmae = 1\n", "utf-8")
        with pytest.raises(ConfigurationWrong, match="name"):
            desk.call("reload")
        assert hub.hub.home.config.people.idle_minutes == 7
        toml.write_text(before, "utf-8")
        assert desk.call("reload")["needs_restart"] == []
        assert node.put(name, data).status in (200, 201, 204)
        acts = parts.journal.find(Filter(verb="reload"), 0, 9)
        assert [act.deed.outcome for act in acts] == [Outcome.DONE, Outcome.REFUSED, Outcome.DONE]
        alarms = hub.path / "site" / "alarms.toml"
        alarms.parent.mkdir(exist_ok=True)
        alarms.write_text("many = 7\n", "utf-8")
        assert desk.call("reload") == {"applied": ["site/alarms.toml"], "needs_restart": []}
        assert alarm_rule.rule(hub.hub.home.site).many == 7
        (hub.path / "site" / "targets.toml").write_text("", "utf-8")
        assert desk.call("reload") == {"applied": [], "needs_restart": ["site/targets.toml"]}
        alarms.write_text("many = 1\n", "utf-8")
        with pytest.raises(ConfigurationWrong, match="alarms"):
            desk.call("reload")
        assert alarm_rule.rule(hub.hub.home.site).many == 7


@pytest.mark.parametrize("form", list(Form))
def test_lines_tell_where_and_never_what(form: Form) -> None:
    """A fault of ours that quotes a title and a password is told by its type and place; each line of JSON is one object."""
    root, out = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    try:
        log_lines.begin(form, out)
        logging.getLogger("jindang.hub").info("节点“%s”已联络", "和平区")
        try:
            raise ValueError(f"题名 {SETTLED!r}, password hunter2")
        except ValueError:
            logging.getLogger("jindang.hub").exception("%s %s", "GET", "/records")
    finally:
        root.handlers[:], root.level = before, level
    text = out.getvalue()
    assert SETTLED not in text
    assert "hunter2" not in text
    assert "ValueError" in text
    assert "test_lines_tell_where_and_never_what" in text
    if form is Form.JSON:
        first, second = map(json.loads, text.splitlines())
        assert (first["level"], first["logger"], first["text"]) == ("info", "jindang.hub", "节点“和平区”已联络")
        assert first["time"].endswith("Z")
        assert second["fault"] == "ValueError"
