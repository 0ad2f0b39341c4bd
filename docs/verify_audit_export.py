#!/usr/bin/env python3
"""Verifies an export of a Rollcall audit log, by docs/audit-log-format.md alone.

    verify_audit_export.py EXPORT [--checkpoint FILE]... [--key NAME+ID+KEY]...

A second opinion beside `rollcall audit verify`: it shares no line with it, needs nothing but Python 3.9, and is slow. Exits with 0 when
the export holds, and with 1, saying why, when it does not.
"""

import argparse
import base64
import hashlib
import json
import sys


def sha256(data):
    return hashlib.sha256(data).digest()


def node(left, right):
    return sha256(b"\x01" + left + right)


class Wrong(Exception):
    """The export does not hold."""


# Ed25519 (RFC 8032 section 6, in Python as it stands there, with points in extended coordinates).
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def add(a, b):
    x = (a[1] - a[0]) * (b[1] - b[0]) % P
    y = (a[1] + a[0]) * (b[1] + b[0]) % P
    z, t = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = y - x, t - z, t + z, y + x
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(key, signature, message):
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    return same(times(s, BASE), add(r, times(int.from_bytes(digest, "little") % ORDER, a)))


def read_key(text):
    """A key as `name+id+key`: its name, its id and its public part."""
    name, key_id, key = text.split("+", 2)
    key = base64.b64decode(key, validate=True)
    expected = sha256(name.encode() + b"\n" + key)[:4]
    if key[:1] != b"\x01" or expected.hex() != key_id:
        raise Wrong(f"{text} is no key")
    return name, expected, key[1:]


def read_checkpoint(note, origin, keys):
    """The size and the root that a signed note says, once it is certain that it was signed for this log."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if lines[0] != origin:
        raise Wrong(f"a checkpoint is of another log, {lines[0]}")
    good = False
    for line in signatures.strip("\n").split("\n"):
        dash, name, blob = line.split(" ")
        blob = base64.b64decode(blob, validate=True)
        for known, key_id, key in keys:
            if dash == "\u2014" and (known, key_id) == (name, blob[:4]):
                if not signed_by(key, blob[4:], text.encode()):
                    raise Wrong("the signature of a checkpoint does not hold")
                good = True
    if not good:
        raise Wrong("a checkpoint is not signed with a known key")
    return int(lines[1]), base64.b64decode(lines[2], validate=True)


class Tree:
    """The roots of the full subtrees of a tree that grows to the right."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def append(self, level, digest):
        if self.size % (1 << level):
            raise Wrong("the hashes beside the events do not fit")
        self.size += 1 << level
        while self.peaks and self.peaks[-1][0] == level:
            digest, level = node(self.peaks.pop()[1], digest), level + 1
        self.peaks.append((level, digest))

    def root(self):
        if not self.peaks:
            return sha256(b"")
        digest = self.peaks[-1][1]
        for _, left in reversed(self.peaks[:-1]):
            digest = node(left, digest)
        return digest


def subtrees(start, end):
    """The heights of the full subtrees between two places, from the left to the right."""
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level
        start += 1 << level


def grow(tree, start, end, hashes, name):
    levels = list(subtrees(start, end))
    if len(levels) != len(hashes):
        raise Wrong(f"{name} has {len(hashes)} hashes instead of {len(levels)}")
    for level, digest in zip(levels, hashes):
        tree.append(level, base64.b64decode(digest, validate=True))


def read(line):
    """Which of two values counts that have the same name, readers do not agree on."""
    def unique(pairs):
        if len(dict(pairs)) != len(pairs):
            raise Wrong("a name stands twice in a line")
        return dict(pairs)

    return json.loads(line, object_pairs_hook=unique)


def check_personal(index, leaf, personal):
    for field in personal:
        if field not in leaf["personal"]:
            raise Wrong(f"event {index}: {field} beside it was not logged")
    for field, commitment in leaf["personal"].items():
        opened = personal.get(field)
        if opened is not None:
            data = b"rollcall/audit/personal/v1\0" + bytes.fromhex(opened["salt"])
            data += field.encode() + b"\0" + opened["value"].encode()
            if sha256(data).hex() != commitment:
                raise Wrong(f"event {index}: {field} beside it is not what was logged")


def verify(lines, keys, seen):
    begin = read(next(lines))
    if begin["type"] != "begin" or begin["format_version"] != 1:
        raise Wrong("it is no export, or of another version")
    if begin["origin"].rsplit("/", 1)[-1] != begin["log"]:
        raise Wrong("its log is not the one that its origin names")
    keys = [read_key(key) for key in keys or begin["keys"]]
    size, root = read_checkpoint(begin["checkpoint"], begin["origin"], keys)
    wanted = {}
    for note in seen:
        seen_size, seen_root = read_checkpoint(note, begin["origin"], keys)
        if seen_size > size:
            raise Wrong(f"the log has {size} events, and had {seen_size}")
        if wanted.setdefault(seen_size, seen_root) != seen_root:
            raise Wrong(f"two checkpoints of {seen_size} events contradict each other")
    wanted.setdefault(size, root)

    tree, end = Tree(), begin["first"] + begin["events"]
    compared = 0

    def compare():
        nonlocal compared
        if tree.size in wanted:
            if wanted.pop(tree.size) != tree.root():
                raise Wrong(f"the events do not lead to the checkpoint of {tree.size} events")
            compared += 1

    grow(tree, 0, begin["first"], begin["left"], "left")
    if tree.size < end or tree.size == size:
        compare()
    for line in lines:
        line = read(line)
        if line["type"] == "event":
            index, leaf = line["index"], line["leaf"]
            if index != tree.size or leaf is None:
                raise Wrong(f"event {min(index, tree.size)} is missing, or not where it belongs")
            # The canonical form of RFC 8785: there is one way to write a leaf.
            text = json.dumps(leaf, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            digest = sha256(b"\0" + text.encode())
            if line["hash"] is not None and base64.b64decode(line["hash"]) != digest:
                raise Wrong(f"event {index} was altered")
            if leaf["log"] != begin["log"] or leaf["v"] != 1:
                raise Wrong(f"event {index} is of another log, or of another version")
            check_personal(index, leaf, line["personal"])
            tree.append(0, digest)
            compare()
        elif line["type"] == "checkpoint":
            before, before_root = read_checkpoint(line["note"], begin["origin"], keys)
            if (before, before_root) != (tree.size, tree.root()):
                raise Wrong(f"the events do not lead to the checkpoint of {before} events that was given out")
        elif line["type"] == "end":
            if (line["events"], tree.size) != (begin["events"], end):
                raise Wrong(f"event {tree.size} is missing")
            break
    else:
        raise Wrong(f"it is cut off before event {tree.size}")
    if end < size:
        grow(tree, end, size, begin["right"], "right")
        compare()
    if wanted:
        raise Wrong(f"it cannot be compared with the checkpoint of {min(wanted)} events")
    return begin, size, compared


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("export")
    parser.add_argument("--checkpoint", action="append", default=[], help="a checkpoint that was seen before")
    parser.add_argument("--key", action="append", default=[], help="a key that checkpoints may be signed with")
    arguments = parser.parse_args()
    seen = []
    for path in arguments.checkpoint:
        with open(path, encoding="utf-8", newline="") as file:
            seen.append(file.read())
    try:
        with open(arguments.export, encoding="utf-8", newline="\n") as file:
            begin, size, compared = verify(iter(file), arguments.key, seen)
    except (Wrong, StopIteration, ValueError, KeyError, TypeError, AttributeError) as problem:
        print(f"{arguments.export}: {problem or 'it is empty'}")
        return 1
    print(f"{arguments.export}: {begin['events']} events of {begin['log']} lead to {compared} checkpoints, of up to {size} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
