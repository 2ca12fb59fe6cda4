"""What a file says of its own origin: words for people, JSON for programs, and IPTC's terms in XMP for everyone else.

XMP properties are those of the IPTC Photo Metadata Standard 2025.1: DigitalSourceType with a term of
http://cv.iptc.org/newscodes/digitalsourcetype/, AISystemUsed and AISystemVersionUsed.

| | PNG | JPEG and WebP |
| --- | --- | --- |
| XMP | iTXt `XML:com.adobe.xmp` | APP1, or the chunk XMP |
| words | iTXt `Description` and `Software` | EXIF ImageDescription and Software |
| JSON | iTXt `Saddlepoint` | EXIF UserComment |
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from saddlepoint.errors import ConfigError
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.version import __version__

Form = Literal["png", "jpeg", "webp"]
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""where IPTC's terms for the origin of an image live"""
TERMS = {"generated": "trainedAlgorithmicMedia", "modified": "compositeWithTrainedAlgorithmicMedia"}
MOST_SETTINGS = 50_000
"""bytes of settings as JSON; a JPEG segment holds 64 KiB"""

_MOST_WORDS = 1000  # letters of settings in a sentence
_KEYWORD = "Saddlepoint"
_DESCRIPTION, _SOFTWARE, _EXIF, _COMMENT = 0x010E, 0x0131, 0x8769, 0x9286  # EXIF tags
_BEGINNING = b'{"made": "'  # of every record
_ASCII = b"ASCII\0\0\0"  # how a UserComment says its coding
_QUALITY = 95
_PNG_LEVEL = 3  # of photographs, in half the time of 6, files that are one percent larger
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{rdf}">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:Iptc4xmpExt="{iptc}">
   <xmp:CreatorTool>{tool}</xmp:CreatorTool>
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{words}</rdf:li></rdf:Alt></dc:description>
   <Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>
   <Iptc4xmpExt:AISystemUsed>{model}</Iptc4xmpExt:AISystemUsed>
   <Iptc4xmpExt:AISystemVersionUsed>{version}</Iptc4xmpExt:AISystemVersionUsed>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True)
class Disclosure:
    """Where a picture comes from."""

    made: Literal["generated", "modified"]
    """whole by a model, or from a given picture"""
    model: str
    """what made it"""
    version: str
    """which one of that name"""
    settings: Mapping[str, Any]
    """what it was asked for, as JSON has it; at most 50 kB"""

    @property
    def source_type(self) -> str:
        """IPTC's term for the origin, as an address."""
        return SOURCE_TYPES + TERMS[self.made]

    @property
    def words(self) -> str:
        """One sentence for people, which ends early where the settings are long."""
        settings = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        settings = settings if len(settings) <= _MOST_WORDS else f"{settings[:_MOST_WORDS]} ..."
        return f"{self.made} by {self.model}, {self.version}{': ' if settings else ''}{settings}"


@dataclass(frozen=True)
class Said:
    """What the metadata of a file say."""

    disclosure: Disclosure | None
    """Saddlepoint's own, whole"""
    source_type: str | None
    """IPTC's term, whoever wrote it"""

    @property
    def discloses(self) -> bool:
        """Whether they say that a trained model had a part in the picture."""
        return self.disclosure is not None or (self.source_type or "").rpartition("/")[2] in TERMS.values()


def encoded(picture: Image.Image, disclosure: Disclosure, form: Form = "png", words: str = "") -> bytes:
    """The picture as a file that says where it comes from; JPEG and WebP have quality 95.

    words: what the file says to people, where that is more than `disclosure.words`.
    Raises ConfigError for settings that are no JSON or more than 50 kB of it.
    """
    content, tool = io.BytesIO(), f"Saddlepoint {__version__}"
    try:
        record = json.dumps(asdict(disclosure), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the settings of a disclosure must be JSON: {error}.") from error
    if len(record) > MOST_SETTINGS:
        raise ConfigError(f"a disclosure of {len(record):,} bytes does not fit; it may have {MOST_SETTINGS:,}.")
    words = words or disclosure.words
    xmp = _xmp(disclosure, tool, words)
    if form == "png":
        info = PngInfo()
        for keyword, text in (("Description", words), ("Software", tool), (_KEYWORD, record)):
            info.add_itxt(keyword, text)
        info.add_itxt("XML:com.adobe.xmp", xmp)
        picture.save(content, "PNG", pnginfo=info, compress_level=_PNG_LEVEL)
    else:
        exif = Image.Exif()
        exif[_DESCRIPTION], exif[_SOFTWARE] = _ascii(words), tool
        exif.get_ifd(_EXIF)[_COMMENT] = _ASCII + record.encode("ascii")
        picture.save(content, form.upper(), quality=_QUALITY, exif=exif.tobytes(), xmp=xmp.encode())
    return content.getvalue()


def _xmp(disclosure: Disclosure, tool: str, words: str) -> str:
    texts = {
        "tool": tool, "words": words, "source": disclosure.source_type, "model": disclosure.model,
        "version": disclosure.version,
    }  # fmt: skip
    return _XMP.format(rdf=_RDF, iptc=_IPTC, **{name: escape(_printable(text)) for name, text in texts.items()})


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def read(picture: Image.Image) -> Said:
    """What the metadata of an opened file say; parts that are damaged count as absent, and nothing in them is run."""
    picture.load()  # a PNG may have its text after the pixels
    return Said(_disclosure(_record(picture)), _source_type(picture.info.get("xmp")))


def disclosure_in(content: bytes) -> Disclosure | None:
    """The disclosure in the bytes of a file, or in those of its start and end, without decoding an image."""
    start = content.find(_BEGINNING)
    if start < 0:
        return None
    text = content[start : start + MOST_SETTINGS].decode("ascii", "replace")
    try:
        return _disclosure(documents.first(text, "the record"))
    except Unfit:
        return None


def _record(picture: Image.Image) -> str:
    text = picture.info.get(_KEYWORD)
    if isinstance(text, str):
        return text
    try:
        comment = picture.getexif().get_ifd(_EXIF).get(_COMMENT)
    except Exception:  # malformed tags make Pillow raise nearly anything
        return ""
    return comment.removeprefix(_ASCII).decode("ascii", "replace") if isinstance(comment, bytes) else ""


def _disclosure(record: str) -> Disclosure | None:
    try:
        value = documents.as_table(record, "the record")
        origin, model, version, settings = (value[name] for name in ("made", "model", "version", "settings"))
    except (Unfit, KeyError):
        return None
    whole = (
        origin in tuple(TERMS) and isinstance(model, str) and isinstance(version, str) and isinstance(settings, dict)
    )
    return Disclosure(origin, model, version, settings) if whole else None


def _source_type(xmp: object) -> str | None:
    """IPTC's term from an XMP packet, as an element or an attribute. One that declares entities is not read."""
    if not isinstance(xmp, bytes) or b"<!" in xmp:
        return None
    name = f"{{{_IPTC}}}DigitalSourceType"
    try:
        root = ElementTree.fromstring(xmp)
    except ElementTree.ParseError:
        return None
    for node in root.iter():
        text = node.get(name) or (node.text if node.tag == name else None) or node.get(f"{{{_RDF}}}resource", "")
        if text and (node.tag == name or name in node.attrib):
            return text.strip()
    return None
