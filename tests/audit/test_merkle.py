"""The tree against RFC 6962's published vectors, its own recursive definition, and every wrong proof."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    EMPTY_ROOT,
    Levels,
    Tree,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The reference inputs and roots of Certificate Transparency's own tests of RFC 6962.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [hashlib.sha256(b"\x00" + bytes.fromhex(data)).digest() for data in INPUTS]


def numbered(count: int) -> list[bytes]:
    return [hashlib.sha256(b"\x00" + str(i).encode()).digest() for i in range(count)]


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return hashlib.sha256(b"\x01" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


def path_by_definition(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1, word for word."""
    n = len(leaves)
    if n == 1:
        return []
    k = largest_power_below(n)
    if m < k:
        return [*path_by_definition(m, leaves[:k]), by_definition(leaves[k:])]
    return [*path_by_definition(m - k, leaves[k:]), by_definition(leaves[:k])]


def subproof_by_definition(m: int, leaves: list[bytes], *, b: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2; PROOF(m, D[n]) is SUBPROOF(m, D[n], true)."""
    n = len(leaves)
    if m == n:
        return [] if b else [by_definition(leaves)]
    k = largest_power_below(n)
    if m <= k:
        return [*subproof_by_definition(m, leaves[:k], b=b), by_definition(leaves[k:])]
    return [*subproof_by_definition(m - k, leaves[k:], b=False), by_definition(leaves[:k])]


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Tree().root() == EMPTY_ROOT
    assert Levels([]).root() == EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(
    ("leaf", "size", "path"),
    [
        (1, 1, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            2,
            5,
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_published_inclusion_proofs(leaf: int, size: int, path: list[str]) -> None:
    found = Levels(LEAVES[:size]).inclusion(leaf - 1)
    assert [step.hex() for step in found] == path
    assert verify_inclusion(LEAVES[leaf - 1], leaf - 1, size, found, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(
    ("old", "size", "path"),
    [
        (1, 1, []),
        (8, 8, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_published_consistency_proofs(old: int, size: int, path: list[str]) -> None:
    found = Levels(LEAVES[:size]).consistency(old)
    assert [step.hex() for step in found] == path
    assert verify_consistency(old, size, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[size - 1]), found)


@given(size=st.integers(1, 200), data=st.data())
def test_roots_and_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    levels = Levels(leaves)
    assert levels.size == size
    assert levels.root() == by_definition(leaves)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert levels.inclusion(index) == path_by_definition(index, leaves)
    assert levels.consistency(old) == subproof_by_definition(old, leaves, b=True)


def test_growing_gives_the_defined_root_at_every_size() -> None:
    leaves, tree = numbered(130), Tree()
    for size, leaf in enumerate(leaves, 1):
        tree.append(leaf)
        assert tree.size == size
        assert tree.root() == by_definition(leaves[:size])


def test_every_inclusion_proof_up_to_40_leaves_holds_and_for_no_other_place() -> None:
    for size in range(1, 41):
        leaves = numbered(size)
        root = root_of(leaves)
        for index in range(size):
            proof = Levels(leaves).inclusion(index)
            assert verify_inclusion(leaves[index], index, size, proof, root)
            assert not verify_inclusion(leaves[index], index + 1, size, proof, root)
            assert not verify_inclusion(hashlib.sha256(b"x").digest(), index, size, proof, root)
            assert not verify_inclusion(leaves[index], index, size, [*proof, root], root)
            if proof:
                assert not verify_inclusion(leaves[index], index, size, proof[:-1], root)


def test_every_consistency_proof_up_to_40_leaves_holds_and_for_no_other_history() -> None:
    for size in range(1, 41):
        leaves = numbered(size)
        root = root_of(leaves)
        for old in range(1, size + 1):
            old_root, proof = root_of(leaves[:old]), Levels(leaves).consistency(old)
            assert verify_consistency(old, size, old_root, root, proof)
            rewritten = root_of([b"\x01" * 32, *leaves[1:old]])
            assert not verify_consistency(old, size, rewritten, root, proof)
            assert not verify_consistency(old, size, old_root, b"\x02" * 32, proof)
            assert not verify_consistency(old, size, old_root, root, [*proof, root])
            if proof:
                assert not verify_consistency(old, size, old_root, root, proof[:-1])


@given(size=st.integers(1, 300), data=st.data())
def test_an_inclusion_proof_with_one_bit_flipped_fails(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    index = data.draw(st.integers(0, size - 1))
    proof = Levels(leaves).inclusion(index)
    if not proof:
        return
    step, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(proof[step], "big") ^ (1 << bit)).to_bytes(32, "big")
    proof[step] = flipped
    assert not verify_inclusion(leaves[index], index, size, proof, root_of(leaves))


@given(size=st.integers(2, 300), data=st.data())
def test_a_consistency_proof_with_one_bit_flipped_fails(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    old = data.draw(st.integers(1, size - 1))
    proof = Levels(leaves).consistency(old)
    step, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    proof[step] = (int.from_bytes(proof[step], "big") ^ (1 << bit)).to_bytes(32, "big")
    assert not verify_consistency(old, size, root_of(leaves[:old]), root_of(leaves), proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_no_proof_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        Levels(numbered(size)).inclusion(index)
    assert not verify_inclusion(b"\0" * 32, index, size, [], b"\0" * 32)


@pytest.mark.parametrize("old", [-1, 0, 5])
def test_no_consistency_with_what_never_was(old: int) -> None:
    with pytest.raises(ValueError, match="no earlier tree"):
        Levels(numbered(4)).consistency(old)
    assert not verify_consistency(old, 4, EMPTY_ROOT, root_of(numbered(4)), [])
