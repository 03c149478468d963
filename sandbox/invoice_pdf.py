"""An invoice as a PDF of one plain page: enough that the link of `invoice_pdf` leads to a real document."""

import textwrap

from sandbox.bill import Bill, Row

_ROWS = 24
_LEFT, _RIGHT, _TOP, _LEADING = 56, 539, 780, 18
_LETTERS = 80
_SIZE = 11
# Advance widths of Helvetica in 1/1000 of the size, for the characters of that column.
_CAPITALS = "667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611"
_WIDTHS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", map(int, _CAPITALS.split()), strict=True))
_WIDTHS |= {" ": 278, ".": 278, ",": 278, "-": 333, "m": 833, "t": 278}
_DIGIT = 556


def document(bill: Bill) -> bytes:
    """A PDF 1.4 file."""
    return _assemble(_content(bill))


def _content(bill: Bill) -> bytes:
    page = _Page()
    page.write("Sandbox: a test document. No real card, no real money.")
    page.skip()
    page.write(f"{bill.title} {bill.number}", size=18, bold=True)
    page.skip()
    page.write(f"For {bill.customer}")
    for name, date in bill.dates:
        page.write(f"{name} {date}")
    page.write(bill.standing, bold=True)
    page.skip()
    page.row(Row("Description", "Amount"))
    page.rule()
    for row in bill.lines[:_ROWS]:
        page.row(row)
    if len(bill.lines) > _ROWS:
        page.write(f"and {len(bill.lines) - _ROWS} more lines")
    page.rule()
    for row in bill.sums:
        page.row(row, bold=row is bill.sums[-1])
    return b"\n".join(page.operators)


class _Page:
    """Operators of the page from its top down; positions in points."""

    def __init__(self) -> None:
        self.operators: list[bytes] = []
        self._y = _TOP

    def skip(self) -> None:
        self._y -= _LEADING

    def write(self, text: str, *, size: int = _SIZE, bold: bool = False) -> None:
        self._put(_LEFT, text, size, bold)
        self.skip()

    def row(self, row: Row, *, bold: bool = False) -> None:
        self._put(_LEFT, textwrap.shorten(row.text, _LETTERS, placeholder=" ..."), _SIZE, bold)
        self._put(_RIGHT - _width(row.amount), row.amount, _SIZE, bold)
        self.skip()

    def rule(self) -> None:
        at = self._y + _LEADING - 5
        self.operators.append(b"0.5 w %d %d m %d %d l S" % (_LEFT, at, _RIGHT, at))
        self._y -= 2

    def _put(self, x: float, text: str, size: int, bold: bool) -> None:
        font = 2 if bold else 1
        self.operators.append(b"BT /F%d %d Tf %.1f %d Td (%b) Tj ET" % (font, size, x, self._y, _escaped(text)))


def _width(text: str) -> float:
    """Points; close enough for bold too."""
    return sum(_WIDTHS.get(letter, _DIGIT) for letter in text) * _SIZE / 1000


def _escaped(text: str) -> bytes:
    # The standard fonts know Latin-1 (WinAnsi) only.
    raw = text.encode("cp1252", "replace")
    return raw.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")


def _assemble(content: bytes) -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    file = bytearray(b"%PDF-1.4\n")
    offsets: list[int] = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(file)
