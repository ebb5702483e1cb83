# SPDX-License-Identifier: GPL-2.0-or-later
"""A flash as a picture: a bar of what lies where, to scale, as SVG."""

WIDTH, LEFT, ROW, TOP = 720, 20, 26, 64
COLORS = {"boot": "#b5523b", "dtb": "#d99a3d", "kernel": "#3b6ea5", "root": "#4f9d69", "free": "#d8d8d8"}


def shade(color, step):
    """The color, lighter the larger the step is."""
    parts = [int(color[i:i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{part + (255 - part) * min(step, 6) // 8:02x}" for part in parts)


def box(x, y, width, height, color):
    """One rectangle."""
    return (f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" fill="{color}" '
            'stroke="#ffffff" stroke-width="0.5"/>')


def text(x, y, words, extra=""):
    """One line of text."""
    return f'<text x="{x:.1f}" y="{y}"{extra}>{words.replace("&", "&amp;").replace("<", "&lt;")}</text>'


def draw(title, rows):
    """SVG of rows (part, what, bytes) in the order of their addresses; they add up to the flash."""
    total = sum(size for _, _, size in rows)
    height = TOP + 44 + ROW * len(rows)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 2 * LEFT}" height="{height}" '
             'font-family="sans-serif" font-size="14">',
             f'<rect width="{WIDTH + 2 * LEFT}" height="{height}" fill="#ffffff"/>',
             text(LEFT, 24, title, ' font-size="17"')]
    x, y, seen = float(LEFT), TOP + 44, {}
    for part, what, size in rows:
        color = shade(COLORS[part], seen.setdefault(part, 0))
        seen[part] += 1
        width = size * WIDTH / total
        lines.append(box(x, TOP - 24, max(width, 0.5), 48, color))
        lines.append(box(LEFT, y - 14, 18, 18, color))
        lines.append(text(LEFT + 28, y, what))
        lines.append(text(LEFT + WIDTH, y, f"{size:,} bytes", ' text-anchor="end"'))
        x, y = x + width, y + ROW
    return "\n".join(lines + ["</svg>"]) + "\n"
