"""Keys and passwords: sent to their servers alone, and hidden in whatever comes back."""

import base64
import re
from typing import Any

# What stands in place of a key.
HIDDEN = "[key]"
# Of a shorter part in base64, chance would find too many (assumed).
_MIN_BASE64_CHARACTERS = 8


class Secret:
    """A key that no representation, log or traceback shows."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._spellings = _spellings(key)

    def __repr__(self) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self._key)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a key is not stored")

    def reveal(self) -> str:
        """Return the key, to be sent to its server alone."""
        return self._key

    def hide(self, content: Any) -> Any:
        """Return what a server sent, JSON or text, with the key replaced wherever it occurs.

        It is found in any case of letters; with any of its characters escaped as in URLs, JSON,
        HTML or Python; and in base64, alone or within a longer text such as Basic authentication.

        >>> Secret("sk-1").hide({"echo": ["Bearer sk-1", "key=%73k%2D1"]})
        {'echo': ['Bearer [key]', 'key=[key]']}
        """
        if isinstance(content, str):
            return self._spellings.sub(HIDDEN, content) if self._key else content
        if isinstance(content, dict):
            return {self.hide(name): self.hide(value) for name, value in content.items()}
        if isinstance(content, list):
            return [self.hide(item) for item in content]
        return content


def _spellings(key: str) -> re.Pattern[str]:
    """Return what matches a key in every spelling."""
    plain = "".join(map(_character, key))
    return re.compile("|".join([plain, *map(re.escape, _in_base64(key))]), re.IGNORECASE)


def _character(character: str) -> str:
    """Return what matches one character: itself, or its number as URLs, JSON or HTML write it."""
    code = ord(character)
    in_url = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    spellings = [
        re.escape(character),
        in_url,
        rf"\\u{code:04x}",
        rf"\\x{code:02x}",
        rf"\\{re.escape(character)}",
        rf"&\#0*{code};?",
        rf"&\#x0*{code:x};?",
    ]
    return f"(?:{'|'.join(spellings)})"


def _in_base64(key: str) -> set[str]:
    """Return what base64 shows of a key, whatever stands before and after it.

    Base64 packs three bytes at a time, so a key has three forms. At both ends of each, the
    characters that depend on neighbours are left out.
    """
    content = key.encode("utf-8", "surrogatepass")
    forms: set[str] = set()
    for n_before in range(3):
        packed = base64.b64encode(bytes(n_before) + content).decode()
        start = -(-n_before * 8 // 6)
        end = (n_before + len(content)) * 8 // 6
        forms |= {packed[start:end], packed[start:end].translate(str.maketrans("+/", "-_"))}
    return {form for form in forms if len(form) >= _MIN_BASE64_CHARACTERS}
