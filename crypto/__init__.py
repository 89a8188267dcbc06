"""The room that seals: digests, signatures, sealing in the age v1 format, RFC 6962 trees, key files and the self-test
of all of them.

May import the standard library, PyNaCl, cryptography and cbor2; nothing of ours. Touches no file but key files, and is
synchronous throughout.
"""
