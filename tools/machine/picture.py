"""Pictures: what QEMU dumps (PPM) as what people look at (PNG)."""
import re
import struct
import zlib


def ppm_to_png(ppm: bytes) -> bytes:
    """Convert a binary 8-bit PPM picture to PNG."""
    header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", ppm)
    if not header:
        raise ValueError("not a binary 8-bit PPM picture")
    width, height = int(header[1]), int(header[2])
    stride = 3 * width
    pixels = ppm[header.end():]
    # Each PNG line starts with its filter type; 0 is "none".
    lines = b"".join(b"\0" + pixels[n:n + stride] for n in range(0, stride * height, stride))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    eight_bit_rgb = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", eight_bit_rgb) + chunk(b"IDAT", zlib.compress(lines, 9))
            + chunk(b"IEND", b""))
