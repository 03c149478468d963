"""RFC 6962 Merkle trees over leaf hashes: roots, inclusion and consistency proofs, and a tree that grows.

Sources: RFC 6962 section 2.1 (definitions), RFC 9162 sections 2.1.3 and 2.1.4 (verification algorithms).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

_HASH = 32  # bytes of SHA-256
EMPTY_ROOT = hashlib.sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows by leaf hashes and keeps one hash for each complete subtree: O(log n) memory."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # roots of the complete subtrees, largest first

    def append(self, leaf: bytes) -> None:
        peak, size = leaf, self.size
        while size & 1:
            peak = node_hash(self._peaks.pop(), peak)
            size >>= 1
        self._peaks.append(peak)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """The tree hash; SHA-256 of nothing for an empty tree."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


class Levels:
    """Every hash of one tree, for many proofs: n - 1 hashes once and 64 bytes a leaf, then O(log n) a proof.

    A level holds the nodes over 2**level leaves each; a last one without a neighbour moves up as it is, which gives the
    same tree as the definition's split at the largest power of two."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        row = b"".join(leaves)
        self.size = len(row) // _HASH
        self._levels = [row]
        sha = hashlib.sha256
        while len(row) > _HASH:
            paired = len(row) // (2 * _HASH) * (2 * _HASH)
            nodes = [sha(b"\x01" + row[n : n + 2 * _HASH]).digest() for n in range(0, paired, 2 * _HASH)]
            row = b"".join([*nodes, row[paired:]])
            self._levels.append(row)

    def root(self) -> bytes:
        return self._levels[-1] or EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """PATH(index): what is needed beside leaf `index` (from 0) to reach the root. Raises IndexError."""
        if not 0 <= index < self.size:
            raise IndexError(f"No leaf {index} in a tree of {self.size}.")
        beside = [self._node(level, (index >> level) ^ 1) for level in range(len(self._levels) - 1)]
        return [node for node in beside if node]

    def consistency(self, old_size: int) -> list[bytes]:
        """PROOF(old_size): that the first `old_size` leaves are the beginning of all. Empty for equal sizes.

        Raises ValueError unless 0 < old_size <= size."""
        if not 0 < old_size <= self.size:
            raise ValueError(f"A tree of {self.size} has no earlier tree of {old_size}.")
        first, last = 0, self.size
        path: list[bytes] = []
        while old_size < last:
            middle = first + (1 << ((last - first - 1).bit_length() - 1))
            if old_size <= middle:
                path.append(self._over(middle, last))
                last = middle
            else:
                path.append(self._over(first, middle))
                first = middle
        if first:  # otherwise the old tree is a whole subtree, and its root is known already
            path.append(self._over(first, last))
        return path[::-1]

    def _over(self, first: int, last: int) -> bytes:
        """The hash over leaves `first` to `last`, as the definition splits them."""
        level = (last - first - 1).bit_length()
        return self._node(level, first >> level)

    def _node(self, level: int, index: int) -> bytes:
        """Nothing where there is no such node."""
        return self._levels[level][index * _HASH : (index + 1) * _HASH]


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The tree hash of these leaf hashes."""
    tree = Tree()
    tree.extend(leaves)
    return tree.root()


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` is leaf `index` of the tree of `size` leaves with this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old_size: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `size` begins with the tree of `old_size` (RFC 9162, 2.1.4.2)."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_found = found = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_found, found = node_hash(step, old_found), node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and old_found == old_root and found == root
