"""Tables and the picture of a bench run."""
import math

COLOURS = {"native": "#444444", "Limen": "#d62728", "gVisor": "#1f77b4", "proot": "#9467bd", "bwrap": "#2ca02c",
           "strace -f": "#ff7f0e"}


def figure(value):
    """Three significant digits, thousands separated."""
    if value is None:
        return "-"
    digits = max(0, 2 - int(math.floor(math.log10(value)))) if value > 0 else 0
    return "{:,.{}f}".format(round(value, 2 - int(math.floor(math.log10(value)))) if value > 0 else 0, digits)


def ratio(value, native):
    return "x%s" % figure(value / native) if value and native else ""


def table(title, unit, rows, systems, crossings):
    """Markdown: a row for each benchmark; figures, and ratios to native."""
    with_crossings = any(crossings.get(name) is not None for name in rows)
    head = ["%s, %s" % (title, unit), *systems] + (["crossings per system call"] if with_crossings else [])
    out = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for name, cells in rows.items():
        native = cells.get("native")
        line = [name]
        for system in systems:
            value = cells.get(system)
            extra = " (%s)" % ratio(value, native) if system != "native" and ratio(value, native) else ""
            line.append(figure(value) + extra)
        if with_crossings:
            count = crossings.get(name)
            line.append("-" if count is None else "%.3f" % count)
        out.append("| " + " | ".join(line) + " |")
    return "\n".join(out)


def svg(sections, systems, caption):
    """Ratios to native on a logarithmic axis, one dot for each system, one line for each benchmark."""
    left, width, line, top = 250, 640, 22, 70
    shown = [s for s in systems if s != "native"]
    ratios = [c[s] / c["native"] for _, rows in sections for c in rows.values() for s in shown
              if c.get(s) and c.get("native")]
    least = min([0.5, *ratios])
    most = max([10, *ratios])
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))

    def x_of(value):
        return left + width * (math.log10(value) - low) / (high - low)

    body, y = [], top
    for title, rows in sections:
        y += line
        body.append('<text x="%d" y="%d" font-weight="bold">%s</text>' % (10, y, title))
        for name, cells in rows.items():
            y += line
            body.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (left - 12, y + 4, escape(name)))
            body.append('<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#eee"/>' % (left, y, left + width, y))
            for system in shown:
                if cells.get(system) and cells.get("native"):
                    body.append('<circle cx="%.1f" cy="%d" r="5" fill="%s"><title>%s: x%s</title></circle>' % (
                        x_of(cells[system] / cells["native"]), y, COLOURS.get(system, "#888"), escape(system),
                        figure(cells[system] / cells["native"])))
        y += line // 2
    axis = []
    for power in range(low, high + 1):
        x = x_of(10 ** power)
        axis.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/>' % (
            x, top, x, y + 8, "#888" if power == 0 else "#ddd"))
        axis.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (
            x, top - 8, "native" if power == 0 else "x%g" % 10 ** power))
    legend = []
    for i, system in enumerate(shown):
        legend.append('<circle cx="%d" cy="24" r="5" fill="%s"/><text x="%d" y="28">%s</text>' % (
            left + 110 * i, COLOURS.get(system, "#888"), left + 110 * i + 10, escape(system)))
    height = y + 60
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">\n'
            '<rect width="100%%" height="100%%" fill="white"/>\n%s\n<text x="10" y="%d" fill="#666">%s</text>\n</svg>\n'
            % (left + width + 40, height, "\n".join(axis + body + legend), height - 16, escape(caption)))


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
