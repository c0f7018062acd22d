"""Numbers in sentences: singular and plural, and separators of thousands."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun.

    >>> counted(1, "recording"), counted(12345, "frame"), counted(2, "copy", "copies")
    ('1 recording', '12,345 frames', '2 copies')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
