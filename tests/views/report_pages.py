"""What tests of reports share: a page read with the standard library's parser, and hostile names."""

from html.parser import HTMLParser

import numpy as np
import soundfile

from whence.labels import Events, dcase_text

VOID = {"meta", "br", "hr", "img", "link", "source"}
KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "a", "header", "nav", "main", "section", "article", "footer"),
    *("h1", "h2", "h3", "p", "ul", "ol", "li", "table", "caption", "thead", "tbody", "tr", "th", "td", "div", "span"),
    *("figure", "details", "summary", "audio", "script"),
    *("svg", "desc", "text", "line", "rect", "circle", "path", "polygon", "polyline", "g", "image"),
}
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "two\nlines",
    "red\x1b[31m",
    "quote\"s and 'more' & <b>",
    "=HYPERLINK(1)",
    "-rf",
    "$a$ $\\frac{$",
    "‮turned",
    "x" * 240,
)


class Page(HTMLParser):
    """Reads a page strictly: every element known, closed in order, and only pointing beside itself."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.places, self.ids, self.words, self.svgs, self.tags = [], [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        assert tag in KNOWN, tag
        self.tags.append(tag)
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href"):
                assert ":" not in value, value
                assert not value.startswith("/"), value
                self.places.append(value)
            if name == "id":
                self.ids.append(value)
        if tag == "svg":
            self.svgs.append({"hidden": ("aria-hidden", "true") in attrs, "inside": set()})
        elif "svg" in self.stack:
            self.svgs[-1]["inside"].add(tag)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if not self.stack or self.stack[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


def events(rows):
    """A table of (frame, class, azimuth, metres)."""
    frame, class_index, azimuth_deg, distance_m = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Events.from_columns(
        {"frame": frame, "class_index": class_index, "azimuth_deg": azimuth_deg, "distance_m": distance_m}
    )


def write_labels(folder, tables):
    """A folder of CSV files."""
    folder.mkdir()
    for name, table in tables.items():
        (folder / f"{name}.csv").write_text(dcase_text(table))
    return folder


def write_sound(path, seconds=1.0, rate=24_000, channels=2):
    """A tone that moves from left to right."""
    time = np.arange(round(seconds * rate)) / rate
    tone, pan = 0.3 * np.sin(2 * np.pi * 440 * time), time / max(seconds, 1e-9)
    soundfile.write(path, np.stack([tone * (1 - pan), tone * pan], axis=1)[:, :channels], rate)
    return path
