"""Names of keys, and which keys type which character on a US keyboard."""

_PLAIN = {
    " ": "spc", "\n": "ret", "\r": "ret", "\t": "tab", "\b": "backspace", "\x7f": "backspace", "\x1b": "esc",
    "-": "minus", "=": "equal", "[": "bracket_left", "]": "bracket_right", ";": "semicolon", "'": "apostrophe",
    "`": "grave_accent", "\\": "backslash", ",": "comma", ".": "dot", "/": "slash",
}
_SHIFTED = dict(zip('_+{}:"~|<>?', ("minus", "equal", "bracket_left", "bracket_right", "semicolon", "apostrophe",
                                    "grave_accent", "backslash", "comma", "dot", "slash")))
_SHIFTED |= dict(zip("!@#$%^&*()", "1234567890"))

# What a person calls a key, where QEMU calls it something else.
ALIASES = {"enter": "ret", "space": "spc", "escape": "esc", "del": "delete", "control": "ctrl", "pageup": "pgup",
           "pagedown": "pgdn", "capslock": "caps_lock"}


def chord(key: str) -> list[str]:
    """The QEMU key codes of one key: a character ("A"), a name ("up", "f1") or a chord ("ctrl-c").

    They are in the order in which to press them; they are released in the opposite order.
    """
    if len(key) == 1:
        if key.isascii() and key.isalnum():
            return ["shift", key.lower()] if key.isupper() else [key]
        if key in _PLAIN:
            return [_PLAIN[key]]
        if key in _SHIFTED:
            return ["shift", _SHIFTED[key]]
        raise ValueError(f"no key types {key!r}")
    *modifiers, last = key.split("-")
    return [ALIASES.get(name, name) for name in modifiers] + (chord(last) if len(last) == 1
                                                              else [ALIASES.get(last, last)])


def sequence(keys: str | list[str]) -> list[list[str]]:
    """The chords of a text, typed character by character, or of a list of key names and characters."""
    return [chord(key) for key in keys]
