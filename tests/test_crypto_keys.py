"""Key files and their three locks (format.md §12)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import given
from hypothesis import strategies as st
from nacl.pwhash import argon2id

from crypto import cbor, keys, locks
from crypto.aead import open_aead
from crypto.errors import BadFormat, CryptoError, Damaged, LockedOut, WrongKey
from crypto.keys import Credential, KeyFile, Lock, LockKind, Passphrase, Role, Secrets

VECTORS = json.loads((Path(__file__).parent / "vectors" / "key_file.json").read_text("utf-8"))
SECRETS = Secrets(*(bytes.fromhex(VECTORS[part]) for part in ("signing_seed", "identity", "database_key")))
KEY_FILE_BYTES = bytes.fromhex(VECTORS["files"][0]["file"])


def passphrase(text: str) -> Passphrase:
    """Return a passphrase with the lowest costs that a key file may have."""
    return Passphrase(text, argon2id.OPSLIMIT_INTERACTIVE, argon2id.MEMLIMIT_INTERACTIVE)


@pytest.fixture
def key_lock(tmp_path: Path) -> KeyFile:
    """Return a lock by the key file of the vectors."""
    path = tmp_path / "unlock.key"
    path.write_bytes(bytes.fromhex(VECTORS["files"][0]["secret"]))
    path.chmod(0o600)
    return KeyFile(path)


@pytest.fixture
def credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Credential:
    """Return a lock by a credential as systemd shows it: read-only, its access list seen as group bits."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "jindang").write_bytes(os.urandom(32))
    (folder / "jindang").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return Credential("jindang")


@pytest.fixture
def every_lock(key_lock: KeyFile, credential: Credential) -> list[Lock]:
    """Return one lock of each kind."""
    return [passphrase("津档 passphrase"), key_lock, credential]


@pytest.mark.parametrize("role", Role)
def test_every_lock_gives_the_secrets_back(role: Role, every_lock: list[Lock], tmp_path: Path) -> None:
    """What create() seals load() opens, for both roles and all locks; public parts need no lock."""
    for number, (lock, kind) in enumerate(zip(every_lock, LockKind, strict=True)):
        path, secrets_ = tmp_path / f"{number}.jdk", keys.generate(role)
        keys.create(path, role, secrets_, lock)
        assert keys.load(path, lock) == secrets_
        assert keys.public_parts(path) == (role, kind, secrets_.signing_key().public, secrets_.recipient())
        assert path.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".key-*"))


def test_a_hub_gets_a_tls_key_and_a_node_none() -> None:
    """generate() makes a TLS key that libraries read, for the hub alone; all secrets differ."""
    hub, node = keys.generate(Role.HUB), keys.generate(Role.NODE)
    assert hub.tls_key is not None
    load_der_private_key(hub.tls_key, None)
    assert node.tls_key is None
    assert len({node.signing_seed, node.identity, node.database_key, hub.signing_seed, hub.identity}) == 5


@pytest.mark.parametrize("vector", VECTORS["files"], ids=lambda vector: str(vector["lock"]))
def test_key_files_are_frozen(vector: dict[str, str], key_lock: KeyFile, tmp_path: Path) -> None:
    """Stored key files open, and the same secrets, lock and nonce give the same bytes."""
    lock = passphrase(vector["secret"]) if vector["lock"] == "passphrase" else key_lock
    path = tmp_path / "key.jdk"
    path.write_bytes(bytes.fromhex(vector["file"]))
    assert keys.load(path, lock) == SECRETS
    fields = locks.lock_map(lock, bytes(range(16)))
    kek = locks.key_encryption_key(lock, fields)
    sealed = keys.seal(Role.NODE, SECRETS, fields, kek, bytes.fromhex(VECTORS["nonce"]))
    assert sealed.hex() == vector["file"]


def test_wrong_locks_are_told_apart(every_lock: list[Lock], tmp_path: Path) -> None:
    """A lock of another kind, another passphrase, another key file, another credential: WrongKey, which names no
    secret.
    """
    other = tmp_path / "other.key"
    other.write_bytes(bytes(32))
    other.chmod(0o600)
    wrong: list[Lock] = [passphrase("another one"), KeyFile(other), Credential("somebody")]
    for number, lock in enumerate(every_lock):
        path = tmp_path / f"{number}.jdk"
        keys.create(path, Role.NODE, SECRETS, lock)
        for one in (*every_lock, *wrong):
            if one is not lock:
                with pytest.raises(WrongKey) as caught:
                    keys.load(path, one)
                assert "passphrase" not in str(caught.value)
                assert "another" not in str(caught.value)


def test_a_passphrase_is_the_same_from_every_keyboard(tmp_path: Path) -> None:
    """Composed and decomposed spellings of one passphrase unlock alike."""
    path = tmp_path / "key.jdk"
    keys.create(path, Role.NODE, SECRETS, passphrase("caf\u00e9 12345"))
    assert keys.load(path, passphrase("cafe\u0301 12345")) == SECRETS


def test_a_key_file_is_never_overwritten(key_lock: KeyFile, tmp_path: Path) -> None:
    """create() refuses an existing path, link or folder and leaves it alone, and leaves no scrap behind."""
    taken, dangling = tmp_path / "key.jdk", tmp_path / "link.jdk"
    taken.write_bytes(b"precious")
    dangling.symlink_to(tmp_path / "nowhere")
    for path in (taken, dangling, tmp_path):
        with pytest.raises(LockedOut, match="不会覆盖"):
            keys.create(path, Role.NODE, SECRETS, key_lock)
    with pytest.raises(LockedOut, match="无法写入"):
        keys.create(tmp_path / "missing" / "key.jdk", Role.NODE, SECRETS, key_lock)
    assert taken.read_bytes() == b"precious"
    assert {path.name for path in tmp_path.iterdir()} == {"key.jdk", "link.jdk", "unlock.key"}


def test_another_lock_keeps_the_secrets_and_a_refusal_keeps_the_file(every_lock: list[Lock], tmp_path: Path) -> None:
    """Each lock follows each other one over one file, whose old lock then opens nothing; a wrong old or a weak new one changes no byte and leaves no other file."""
    path, locks_ = tmp_path / "home" / "key.jdk", [*every_lock, passphrase("另一句 passphrase")]
    path.parent.mkdir()
    keys.create(path, Role.HUB, SECRETS, locks_[-1])
    for old, new in zip([locks_[-1], *locks_[:-1]], locks_, strict=True):
        keys.relock(path, old, new)
        assert keys.load(path, new) == SECRETS
        assert keys.public_parts(path).role is Role.HUB
        with pytest.raises(WrongKey):
            keys.load(path, old)
    before = path.read_bytes()
    for old, new, refused in ((locks_[0], locks_[-1], WrongKey), (locks_[-1], passphrase("short"), LockedOut), (locks_[-1], KeyFile(tmp_path / "no"), LockedOut)):
        with pytest.raises(refused):
            keys.relock(path, old, new)
    assert (path.read_bytes(), [one.name for one in path.parent.iterdir()], path.stat().st_mode & 0o777) == (before, ["key.jdk"], 0o600)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_key_file_others_may_touch_is_refused(mode: int, key_lock: KeyFile, tmp_path: Path) -> None:
    """Group or world bits on the lock's key file are refused with the command that mends them."""
    key_lock.path.chmod(mode)
    with pytest.raises(LockedOut, match="chmod 600"):
        keys.create(tmp_path / "key.jdk", Role.NODE, SECRETS, key_lock)


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(64 * 1024 + 1)], ids=len)
def test_a_key_file_of_odd_size_is_refused(content: bytes, key_lock: KeyFile, tmp_path: Path) -> None:
    """Less than 32 bytes, or more than 64 KiB, is no key."""
    key_lock.path.write_bytes(content)
    with pytest.raises(LockedOut, match="32"):
        keys.create(tmp_path / "key.jdk", Role.NODE, SECRETS, key_lock)


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder and a fifo are refused, without waiting."""
    os.mkfifo(tmp_path / "fifo", 0o600)
    for name in ("missing", "fifo", ".", "nul\0"):
        with pytest.raises(LockedOut):
            keys.create(tmp_path / "key.jdk", Role.NODE, SECRETS, KeyFile(tmp_path / name))
    for function in (keys.public_parts, lambda path: keys.load(path, passphrase("whatever"))):
        with pytest.raises(LockedOut):
            function(tmp_path / "missing.jdk")
        with pytest.raises(LockedOut):
            function(tmp_path)


def test_credentials_come_from_systemd_alone(
    credential: Credential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder set, a name that is a path, a credential the world may read: refused."""
    (tmp_path / "credentials" / credential.name).chmod(0o444)
    for name in ("", "..", "a/b", "../x", "nul\0", "absent", credential.name):
        with pytest.raises(LockedOut):
            keys.create(tmp_path / "key.jdk", Role.NODE, SECRETS, Credential(name))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(LockedOut, match="systemd"):
        keys.create(tmp_path / "key.jdk", Role.NODE, SECRETS, credential)


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    """A passphrase has at least eight characters."""
    with pytest.raises(LockedOut, match="8"):
        keys.create(tmp_path / "key.jdk", Role.NODE, SECRETS, passphrase("1234567"))


@pytest.mark.parametrize(
    ("key", "value"),
    [(1, 2), (2, 3), (2, 0), (3, {1: 4, 2: bytes(16)}), (3, {1: 2, 2: bytes(15)}), (3, {}), (3, []), (4, bytes(31)),
     (6, bytes(11)), (7, b"short"), (8, b"more"), (64, b"more"), (3, {1: 3, 2: bytes(16)}),
     (3, {1: 3, 2: bytes(16), 3: b""}),
     (3, {1: 1, 2: bytes(16), 3: 0, 4: 1 << 26}), (3, {1: 1, 2: bytes(16), 3: 17, 4: 1 << 26}),
     (3, {1: 1, 2: bytes(16), 3: 2, 4: 1 << 13}), (3, {1: 1, 2: bytes(16), 3: 2, 4: 1 << 40})],
)  # fmt: skip
def test_odd_key_files_are_refused(key: int, value: Any, key_lock: KeyFile, tmp_path: Path) -> None:
    """Other versions, roles, locks, costs, sizes and keys raise BadFormat before any work is done."""
    path = tmp_path / "key.jdk"
    path.write_bytes(cbor.encode({**cbor.decode(KEY_FILE_BYTES, limit=4096), key: value}))
    with pytest.raises(BadFormat):
        keys.load(path, key_lock)
    with pytest.raises(BadFormat):
        keys.public_parts(path)


def test_secrets_that_belong_elsewhere_are_damage(key_lock: KeyFile, tmp_path: Path) -> None:
    """Sealed secrets that do not give the public keys beside them are refused, though the seal holds."""
    fields = locks.lock_map(key_lock, bytes(16))
    kek = locks.key_encryption_key(key_lock, fields)
    head = {key: value for key, value in cbor.decode(KEY_FILE_BYTES, limit=4096).items() if key != 7}
    head[3] = fields
    plain = cbor.encode({1: bytes(32), 2: SECRETS.identity, 3: SECRETS.database_key})
    sealed = bytearray(len(plain) + 16)
    open_aead(kek).encrypt_into(head[6], plain, sealed, cbor.encode(head))
    (tmp_path / "key.jdk").write_bytes(cbor.encode({**head, 7: bytes(sealed)}))
    with pytest.raises(Damaged):
        keys.load(tmp_path / "key.jdk", key_lock)


@pytest.mark.fuzz
@given(st.binary(max_size=300) | st.builds(lambda place, patch, removed: KEY_FILE_BYTES[:place] + patch +
       KEY_FILE_BYTES[place + removed:], st.integers(0, 300), st.binary(max_size=3), st.integers(0, 3)))  # fmt: skip
def test_changed_key_files_never_open(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Arbitrary and changed key files raise this room's errors alone, and what parses encodes to the same bytes."""
    folder = tmp_path_factory.getbasetemp()
    lock = KeyFile(folder / "fuzz.key")
    lock.path.write_bytes(bytes.fromhex(VECTORS["files"][0]["secret"]))
    lock.path.chmod(0o600)
    (folder / "fuzz.jdk").write_bytes(data)
    try:
        head, _, sealed = keys._parse(data)
        assert cbor.encode({**head, 7: sealed}) == data
        secrets_ = keys.load(folder / "fuzz.jdk", lock)
    except CryptoError:
        return
    assert data == KEY_FILE_BYTES
    assert secrets_ == SECRETS


def test_no_secret_shows() -> None:
    """Neither secrets nor passphrases are in any repr."""
    assert repr(SECRETS) == "Secrets(…)"
    assert repr(passphrase("津档 passphrase")) == "Passphrase(…)"


def test_secrets_of_other_sizes_are_refused() -> None:
    """Every secret is 32 bytes, a TLS key at most 8 KiB."""
    for bad in ((bytes(31), bytes(32), bytes(32), None), (bytes(32), bytes(32), bytes(32), b"")):
        with pytest.raises(BadFormat):
            Secrets(*bad)
    with pytest.raises(BadFormat):
        Secrets(bytes(32), bytes(32), bytes(32), bytes(8193))
