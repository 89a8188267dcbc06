#!/bin/sh
# Installs 津档 from the unpacked bundle, without a network.
#
#     ./install.sh [--prefix /opt/jindang] [--python python3.11] [--programs-only]
#
# Programs go to a new folder PREFIX-VERSION, and PREFIX is a link to it: an upgrade is one changed link; to step back,
# point the link at the old folder. --programs-only leaves users, units and /etc alone (for a trial).
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
prefix=/opt/jindang
python=python3.11
system=yes
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=$2; shift 2 ;;
        --python) python=$2; shift 2 ;;
        --programs-only) system=no; shift ;;
        *) sed -n '2,8p' "$0"; exit 2 ;;
    esac
done
fail() { echo "安装中止：$*" >&2; exit 2; }

# ---- before anything is changed
cd "$here"
sha256sum --quiet --check SHA256SUMS || fail "安装包已损坏，请重新复制后再试"
architecture=$(uname -m)
[ -d "wheels/$architecture" ] || fail "安装包不含本机架构 $architecture 的程序库"
command -v "$python" >/dev/null || fail "没有找到 $python；请先安装 Python 3.11（含 venv），或用 --python 指明"
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || fail "$python 不是 Python 3.11"
if awk -F '\t' -v a="$architecture" '$1 == a && $3 ~ /^必需/ { print "  " $2; found = 1 } END { exit !found }' MISSING; then
    fail "以上必需的程序库没有 $architecture 版本"
fi
[ ! -e "$prefix" ] || [ -L "$prefix" ] || fail "$prefix 已存在且不是链接；请先移开"
wheel=$(basename jindang-*.whl)
version=${wheel#jindang-}
version=${version%%-*}
target=$prefix-$version
again=1
while [ -e "$target" ]; do  # the same version once more: the folder in use stays as it is
    again=$((again + 1))
    target=$prefix-$version.$again
done

# ---- the programs, in a new folder; one that could not be finished is taken away again
lock=$(mktemp)
unfinished=$target
trap 'rm -f "$lock"; [ -z "$unfinished" ] || rm -rf "$unfinished"' EXIT
trap 'exit 130' INT TERM
awk -v a="$architecture" 'FNR == NR { split($0, row, "\t"); if (row[1] == a) missing[row[2]] = 1; next }
    /^[A-Za-z0-9]/ { split($1, part, "=="); skip = part[1] in missing } !skip' MISSING requirements.lock >"$lock"
"$python" -m venv "$target"
unset PIP_INDEX_URL PIP_EXTRA_INDEX_URL
export PIP_NO_INDEX=1 PIP_FIND_LINKS="$here/wheels/$architecture" PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1
"$target/bin/python" -m pip install --quiet --no-deps --require-hashes --requirement "$lock"
"$target/bin/python" -m pip install --quiet --no-deps "./$wheel"
mkdir "$target/share"
cp -R examples LICENSE README.md CHANGELOG.md operating.md glossary.md MISSING "$target/share/"
"$target/bin/jindang" --version
unfinished=
ln -sfn "$target" "$prefix.link"
mv -T "$prefix.link" "$prefix"  # from here on the new version is the one in use
awk -F '\t' -v a="$architecture" '$1 == a { print "本机缺少 " $2 "：" $3 }' MISSING
[ "$system" = yes ] || exit 0

# ---- the machine: one account, its folders, the units (not started: init comes first)
[ "$(id -u)" = 0 ] || fail "程序已装好；建立账号和服务需要 root"
getent group jindang >/dev/null || groupadd --system jindang
getent group jindang-scan >/dev/null || groupadd --system jindang-scan
getent passwd jindang >/dev/null || useradd --system --gid jindang --home-dir /var/lib/jindang --shell /usr/sbin/nologin jindang
install -d -o root -g root -m 0700 /etc/jindang
install -d -o jindang -g jindang -m 0750 /var/lib/jindang
install -d -o root -g jindang-scan -m 0750 /srv/jindang /srv/jindang/stations
if [ -d /etc/systemd/system ]; then
    install -m 0644 examples/jindang-node.service examples/jindang-hub.service examples/jindang-hub-scrub.service examples/jindang-hub-scrub.timer \
        /etc/systemd/system/
    systemctl daemon-reload 2>/dev/null || true
fi
echo "已安装到 $target。下一步见 $prefix/share/operating.md"
