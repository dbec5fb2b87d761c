"""Ways to spoil what was whole: bytes, text, and trees of tables and lists."""

import json
import struct

NUMBERS = (
    *(-1, 0, 1, 2, 3, 7, 255, 256, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**32),
    *(10**12, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400),
    *(0.5, -0.0, 1e-320, 1e308, -1e308),
)
TEXTS = (
    *("", " ", "a", "0", "nan", "1e999", "null", "../../x", "/dev/full", "con", "é", "数"),
    *("\0", "\n", "\x1b[2J", "\u202e", "\ud800", "\U0001f600", "<script>alert(1)</script>"),
    *("'; DROP TABLE rounds; --", "{0}", "%s", "[bold]", "os:system", "a" * 5000),
)
VALUES = (*(None, True, False, [], {}, [[]], {"": {}}, [1, 2], {"a": 1}, *NUMBERS, *TEXTS),)
DEEP = 20_000
"""Brackets within brackets: more than any parser that calls itself can follow."""


def often(random, share):
    """Tell, in about such a share of cases, that something is so; in the simplest one it is not."""
    return random.randrange(1000) >= 1000 * (1 - share)


def damaged(content, random, *, within=None):
    """Return bytes of which a few are other, gone, doubled or new.

    Args:
        content: at least one byte.
        random: draws.
        within: damage mostly the first so many bytes, a header; any if None.
    """
    spoilt = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 4))):
        near = len(spoilt) if within is None or often(random, 0.2) else within
        at = random.randrange(max(1, min(near, len(spoilt))))
        length = random.choice((1, 1, 2, 4, 8, 64, 1000))
        match random.randrange(7):
            case 0:
                spoilt[at : at + 1] = bytes((random.randrange(256),))
            case 1:
                spoilt[at : at + 1] = bytes((spoilt[at] ^ 1 << random.randrange(8),))
            case 2:
                packed = struct.pack(random.choice("<>") + "Q", random.choice(NUMBERS[:17]) % 2**64)
                width = random.choice((1, 2, 4, 8))
                spoilt[at : at + width] = random.choice((packed[:width], packed[-width:]))
            case 3:
                del spoilt[at : at + length]
            case 4:
                spoilt[at:at] = spoilt[at : at + length]
            case 5:
                spoilt[at:at] = bytes((random.randrange(256),)) * length
            case 6:
                del spoilt[at:]
        spoilt = spoilt or bytearray(1)
    return bytes(spoilt)


def reworded(text, random, words):
    """Return text of which a few stretches are other, gone, doubled or one of `words`."""
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(text) + 1)
        end = at + random.choice((0, 1, 1, 3, 10, 100))
        match random.randrange(5):
            case 0:
                text = text[:at] + text[end:]
            case 1:
                text = text[:at] + text[at:end] * 2 + text[end:]
            case 2:
                text = text[:at] + random.choice((*TEXTS, *map(_digits, NUMBERS))) + text[end:]
            case 3:
                text = text[:at] + random.choice(words) + text[end:]
            case 4:
                text = text[:at] + random.choice("[{(\"'") * random.choice((1, 3, DEEP)) + text[at:]
    return text


def _digits(number):
    return "9" * 5000 if number == 10**400 else str(number)


def altered(tree, random, values=VALUES):
    """Return a copy of nested dictionaries and lists with a few places other, gone or new."""
    tree = _copy(tree)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        holder, place = _place(tree, random)
        if holder is None:
            return _copy(random.choice(values))
        match random.randrange(6):
            case 0 | 1 | 2:
                holder[place] = _copy(random.choice(values))
            case 3:
                del holder[place]
            case 4 if isinstance(holder, dict):
                holder[random.choice((*TEXTS, *holder))] = holder.pop(place)
            case 4:
                holder.insert(place, _copy(holder[place]))
            case 5:
                other, elsewhere = _place(tree, random)
                holder[place] = _copy(random.choice(values) if other is None else other[elsewhere])
    return tree


def _copy(tree):
    if isinstance(tree, dict):
        return {name: _copy(inner) for name, inner in tree.items()}
    return [_copy(inner) for inner in tree] if isinstance(tree, list) else tree


def _place(tree, random):
    """Return one place in the tree, each level of nesting as likely as the next: holder and key."""
    found = (None, None)
    while isinstance(tree, dict | list) and tree:
        place = random.choice(list(tree)) if isinstance(tree, dict) else random.randrange(len(tree))
        found = tree, place
        tree = tree[place]
        if often(random, 0.25):
            break
    return found


def as_json(tree, random):
    """Return JSON text, also of numbers that JSON does not know, and now and then nested deeply."""
    text = json.dumps(tree, ensure_ascii=often(random, 0.5))
    if often(random, 0.02):
        mark = random.choice("[{")
        text = text.replace(random.choice(("null", "0", "1", '""')), mark * DEEP, 1)
    return text
