#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""probe.py NAME PAGE: uses a page of xipfs-dump --html as a reader would. Prints a line for each
thing that is not as it should be and ends with 1, or prints "fine"."""
import subprocess
import sys
import time

from browser import SHIFT, Browser

FAULTS = []
# What the scripts of the page leave in its scope is not looked at: only what a reader can see is.
CHOSEN = "document.querySelector('#details h2').textContent"
LEAF = "#tree button:is(.xip, .compressed, .stored)"
PATH = "getAttribute('aria-label').split(': ')[0]"


def claim(holds, what):
    if not holds:
        FAULTS.append(what)


def equal(got, want, what):
    claim(got == want, f"{what}: {got!r}, not {want!r}")


def linked(browser):
    """The paths that each part shows as chosen."""
    return browser.run(f"""({{
        tree: [...document.querySelectorAll('#tree .linked')].map((one) => one.{PATH}),
        map: [...document.querySelectorAll('#map .linked[role]')].map((one) => one.{PATH}),
        table: [...document.querySelectorAll('#ram tr.linked button')].map((one) => one.textContent) }})""")


def strip(browser):
    """Where the name of the first directory stands."""
    return browser.run("""(({ left, top }) => [left + 8, top + 8])(
        document.querySelector('#tree .frame').getBoundingClientRect())""")


def pointer(browser):
    """A mouse at the middle of leaves: what lies under it is the leaf, and it is what gets named."""
    leaves = browser.run(f"""[...document.querySelectorAll('{LEAF}')].map((one) => {{
        const box = one.getBoundingClientRect();
        return [one.{PATH}, box.width * box.height]; }}).filter(([, area]) => area > 150)""")
    claim(len(leaves) > 3, "there are hardly any leaves")
    for path, _ in leaves:
        browser.run(f"[...document.querySelectorAll('{LEAF}')].find((one) => one.{PATH} === {path!r}).id = 'leaf'")
        x, y = browser.centre("#leaf")
        # by way of its directory's strip: what is pointed at may not rise above its content
        browser.point(*strip(browser))
        browser.point(x, y)
        equal(browser.run(CHOSEN), path, f"pointing at {path} names")
        equal(browser.run(f"document.elementFromPoint({x}, {y}).closest('button').{PATH}"), path, "under the mouse is")
        browser.click(x, y)
        equal(linked(browser)["tree"], [path], f"a click on {path} chooses")
        browser.run("document.getElementById('leaf').removeAttribute('id')")
    browser.point(2, 2)
    equal(browser.run(CHOSEN), leaves[-1][0], "what was clicked stays when the mouse leaves")


def pieces(browser):
    """The flash: pieces follow each other without gaps, to scale, in at most twelve rows."""
    parts = browser.run("""[...document.querySelectorAll('#map [role=option]')].map((one) => {
        const range = /0x([0-9a-f]+) to 0x([0-9a-f]+)/.exec(one.getAttribute('aria-label'));
        const bits = [...document.querySelectorAll(`#map [data-piece="${one.dataset.piece}"]`)];
        return [parseInt(range[1], 16), parseInt(range[2], 16) + 1,
            bits.reduce((sum, bit) => sum + bit.getBoundingClientRect().width, 0)]; })""")
    rows = browser.run("[...document.querySelectorAll('#map .address')].map((one) => parseInt(one.textContent, 16))")
    width = browser.run("document.querySelector('#map .room').getBoundingClientRect().width")
    claim(len(parts) > 2, "there are hardly any pieces")
    claim(6 <= len(rows) <= 12, f"{len(rows)} rows")
    end = rows[0]
    for start, stop, drawn in parts:
        equal(start, end, "a gap or overlap: a piece begins at")
        want = (stop - start) * width / (rows[1] - rows[0])
        claim(abs(drawn - want) < 1, f"0x{start:x}: {drawn} pixels, not {want}")
        end = stop
    print("bytes", end - rows[0])
    print("pieces", len(parts))


def linking(browser):
    """One choice in map, treemap and table, wherever it was made."""
    program = "/bin/fdpic"
    ways = {"the treemap": f'{LEAF}[aria-label^="{program}:"]', "the table": "#ram tbody tr:first-child td",
            "the map": f'#map [role=option].xip[aria-label^="{program}:"]'}
    browser.click_on("#ram thead th:first-child button")  # by name
    for name, selector in ways.items():
        browser.press("Escape")
        equal(linked(browser), {"tree": [], "map": [], "table": []}, "chosen after Escape")
        browser.click_on(selector)
        got = linked(browser)
        equal(got["tree"], [program], f"a click in {name}, the treemap shows")
        equal(got["table"], [program], f"a click in {name}, the table shows")
        claim(program in got["map"], f"a click in {name} does not show in the map")
        equal(browser.run(CHOSEN), program, f"a click in {name}, the details are of")
    browser.click_on("#map [role=option].free")
    equal(browser.run(CHOSEN), "free", "a click on free room names")
    equal(linked(browser)["tree"], [], "free room belongs to")
    # the details stay in view however far one scrolls in the pictures
    browser.click_on(LEAF)
    top = browser.run("document.getElementById('details').getBoundingClientRect().top")
    claim(0 <= top < browser.size[1] - 100, f"the details are not in view: top {top}")


def going_up(browser):
    """A click opens a directory; Escape, the browser's Back and the breadcrumb go up."""
    where = "document.querySelector('#crumbs [aria-current]').textContent"
    for name, way in (("Escape", lambda: browser.press("Escape")), ("Back", browser.back_button),
                      ("the breadcrumb", lambda: browser.click_on("#crumbs li:first-child button"))):
        browser.centre("#tree")
        path = browser.run(f"document.querySelector('#tree .frame').{PATH}")
        browser.click(*strip(browser))
        equal("/" + browser.run(where), path, "a click opens")
        claim(browser.run(f"[...document.querySelectorAll('#tree button')].every((one) => one.{PATH}.includes({path + '/'!r}))"),
              f"{path} shows what is not below it")
        claim(browser.run("document.getElementById('tree').contains(document.activeElement)"), "the focus is lost on the way down")
        way()
        equal(browser.run(where), "/", f"{name} goes up to")


def searching(browser):
    """/ finds; what is found stands out; Enter chooses it; Escape ends it."""
    browser.press("/")
    browser.type("TEXT")
    equal(browser.run("document.getElementById('found').textContent"), "1 entry found", "the count is")
    equal(browser.run("[...document.querySelectorAll('#results .name')].map((one) => one.textContent)"), ["/etc/text"], "found is")
    lit = f"[...document.querySelectorAll('#tree button:not(.frame)')].filter((one) => getComputedStyle(one).opacity === '1').map((one) => one.{PATH})"
    equal(browser.run(lit), ["/etc/text"], "what stands out in the treemap")
    claim(browser.run("[...document.querySelectorAll('#map .bit.hit')].length > 0"), "nothing stands out in the map")
    claim(browser.run("[...document.querySelectorAll('#map .bit:not(.hit)')].every((one) => getComputedStyle(one).opacity < 1)"),
          "all stands out in the map")
    browser.press("Enter")
    equal(browser.run(CHOSEN), "/etc/text", "Enter chooses")
    equal(linked(browser)["tree"], ["/etc/text"], "the treemap shows")
    browser.press("Escape")
    equal(browser.run("document.getElementById('search').value"), "", "Escape leaves in the search")
    equal(browser.run("document.querySelectorAll('.searching').length"), 0, "parts that still search")
    browser.type("no such file")
    equal(browser.run("document.getElementById('found').textContent"), "0 entries found", "the count is")
    claim(browser.run("document.getElementById('results').hidden"), "an empty list shows")


def table(browser):
    """The programs: by savings, the first twenty, until asked for all; sorted and filtered; totals."""
    rows = "[...document.querySelectorAll('#ram tbody tr')]"
    names = f"{rows}.map((row) => row.querySelector('button').textContent)"
    saved = f"{rows}.map((row) => parseInt(row.cells[1].querySelector('.size').title.replaceAll(',', '')))"
    count = int(browser.run("/[0-9]+/.exec(document.querySelector('#ram > button').textContent)[0]"))
    claim(count > 20, "the image has too few programs for this test")
    equal(browser.run(f"{rows}.length"), 20, "rows at first")
    bytes_saved = browser.run(saved)
    equal(bytes_saved, sorted(bytes_saved, reverse=True), "rows by savings")
    claim(browser.run(f"{rows}[0].querySelector('.bar').getBoundingClientRect().width > 20"), "there are no bars")
    claim(browser.run("document.querySelectorAll('#ram tfoot .size').length === 4"), "there are no totals")
    browser.click_on("#ram > button")
    equal(browser.run(f"{rows}.length"), count, "rows of all")
    browser.click_on("#ram thead th:first-child button")
    claim(browser.run(names) == sorted(browser.run(names)), "a click on the head does not sort by name")
    equal(browser.run("document.querySelector('#ram thead th').getAttribute('aria-sort')"), "ascending", "aria-sort")
    browser.click_on("#ram-filter")
    browser.type("prog7")
    claim(all("prog7" in name for name in browser.run(names)), "the filter lets others through")
    claim(0 < browser.run(f"{rows}.length") < count, "the filter does nothing")


def narrow(browser):
    """At 400 pixels: nothing to scroll sideways, no text below 10 pixels, no column of one letter."""
    for selector in (None, LEAF):
        if selector:
            browser.click_on(selector)
        equal(browser.run("document.documentElement.scrollWidth"), 400, "the page is as wide as")
        wide = browser.run("""[...document.querySelectorAll('body *')].filter((one) => {
            const box = one.getBoundingClientRect();
            return box.width && box.right > 401; }).map((one) => `${one.tagName} ${one.className} ${one.id}`)""")
        equal(wide, [], "what sticks out on the right")
        texts = """[...document.querySelectorAll('body *')].filter((one) => one.checkVisibility() &&
            !one.closest('script, noscript, .unseen') && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))"""
        small = browser.run(f"{texts}.filter((one) => parseFloat(getComputedStyle(one).fontSize) < 10).map((one) => one.outerHTML.slice(0, 80))")
        equal(small, [], "text of fewer than 10 pixels")
        # several lines of one or two letters each
        thin = browser.run(f"""{texts}.filter((one) => {{
            const box = one.getBoundingClientRect(), size = parseFloat(getComputedStyle(one).fontSize);
            return one.textContent.trim().length > 3 && box.width < size * 2 && box.height > size * 4;
            }}).map((one) => one.outerHTML.slice(0, 80))""")
        equal(thin, [], "columns of one letter")
    claim(browser.run("document.querySelectorAll('#map .name').length > 0"), "the map has no names")
    box = browser.run("(({ top, bottom }) => [top, bottom])(document.getElementById('details').getBoundingClientRect())")
    claim(box[0] >= 0 and box[1] <= 801, f"the details are out of view: {box}")


def keyboard(browser):
    """All of it without a mouse. The pictures are one stop each, and what has the focus shows."""
    focus = "document.activeElement"
    stops = []
    for _ in range(60):
        browser.press("Tab")
        stop = browser.run(f"{focus}.id || {focus}.parentNode.id || {focus}.closest('[id]')?.id || ''")
        if not stop or stops and stop == stops[0] == "search":
            break
        stops.append(stop)
        claim(browser.run(f"""(() => {{ const style = getComputedStyle({focus});
            return style.outlineStyle !== 'none' && style.outlineWidth !== '0px' || style.boxShadow !== 'none'; }})()"""),
              f"the focus on {stop} does not show")
    for part in ("search", "map", "tree", "ram-filter", "ram"):
        claim(part in stops, f"Tab does not reach {part}: {stops}")
    equal(stops.count("tree"), 1, "stops in the treemap")
    equal(browser.run("document.querySelectorAll('#map [tabindex=\"0\"]').length"), 1, "stops in the map")
    map_keys(browser, focus)
    browser.run("document.querySelector('#tree [tabindex=\"0\"]').focus()")
    first = browser.run(f"{focus}.{PATH}")
    equal(browser.run(CHOSEN), first, "focus in the treemap chooses")
    browser.press("ArrowRight")
    claim(browser.run(f"{focus}.{PATH}") != first, "ArrowRight does not move in the treemap")
    browser.press("Home")
    equal(browser.run(f"{focus}.{PATH}"), first, "Home goes to")
    equal(browser.run("document.querySelectorAll('#tree [tabindex=\"0\"]').length"), 1, "stops in the treemap")
    browser.press("Enter")
    equal(browser.run("document.querySelector('#crumbs [aria-current]').textContent"), first[1:], "Enter opens")
    claim(browser.run(f"{focus}.closest('#tree') !== null"), "the focus is lost when a directory opens")
    browser.press("Escape")
    equal(browser.run(f"{focus}.{PATH}"), first, "the focus after Escape is on")
    browser.press("Tab", SHIFT)
    claim(browser.run(f"{focus}.closest('#crumbs') !== null"), "Shift and Tab do not go back")


def map_keys(browser, focus):
    browser.run("document.querySelector('#map [tabindex=\"0\"]').focus()")
    number = f"Number({focus}.dataset.piece)"
    last = browser.run("document.querySelectorAll('#map [role=option]').length") - 1
    for key, want in (("Home", 0), ("ArrowRight", 1), ("ArrowLeft", 0), ("ArrowLeft", 0), ("End", last)):
        browser.press(key)
        equal(browser.run(number), want, f"{key} goes to piece")
        claim(browser.run("document.querySelectorAll('#map .chosen').length > 0"), f"{key} chooses nothing")
    before = browser.run(number)
    browser.press("ArrowUp")
    claim(browser.run(number) < before, "ArrowUp does not move")
    browser.press("ArrowDown")
    claim(browser.run(number) > 0, "ArrowDown does not move")


def names(browser):
    """What a screen reader is told: each thing to act on has a name, and says its state."""
    tree = browser.reader_tree()
    nameless = [role for role, name in tree if role in ("button", "option", "searchbox", "radio", "listbox", "group",
                "region", "table", "columnheader", "rowheader") and not name.strip()]
    equal(nameless, [], "without a name")
    roles = {role for role, _ in tree}
    for role in ("main", "navigation", "listbox", "option", "button", "searchbox", "table", "status", "heading", "complementary"):
        claim(role in roles or role == "complementary" and "region" in roles, f"there is no {role}: {sorted(roles)}")
    claim(any(role == "option" and "/bin/fdpic: executes in place, " in name for role, name in tree), "a piece does not say what it is")
    claim(any(role in ("button", "ToggleButton") and name.startswith("/bin/fdpic: ") and "KiB" in name for role, name in tree),
          "a leaf does not say how large it is")
    browser.click_on(LEAF)
    equal(browser.run("document.querySelectorAll('#tree [aria-pressed=true]').length"), 1, "leaves that say they are chosen")
    claim(browser.run("document.querySelectorAll('#map [aria-selected=true]').length > 0"), "no piece says that it is chosen")
    browser.centre("#tree")
    browser.click(*strip(browser))
    claim(browser.run("document.getElementById('status').textContent.length > 3"), "nothing is said when a directory opens")


def legends(browser):
    """Every shade that is drawn stands in the legend of its picture."""
    for part, key in (("#map .bit", "#legend"), ("#tree button", "#tree-legend"), ("#old-map .bit", "#legend")):
        missing = browser.run(f"""(() => {{
            const colours = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility())
                .flatMap((one) => {{ const style = getComputedStyle(one);
                    return (style.backgroundImage + style.backgroundColor).match(/rgba?\\([^)]*\\)( [\\d.]+%)*/g)
                        .filter((text) => !/, 0\\)/.test(text) && !empty(text)).map((text) => text.replace(/\\).*/, ')')); }});
            const empty = (text) => {{ const [from, to] = text.match(/[\\d.]+(?=%)/g) || [0, 1]; return from === to; }};
            const known = new Set(colours('{key} .swatch'));
            const drawn = [...new Set(colours('{part}'))];
            return drawn.length < 2 && document.querySelector('{part}') || !known.size ? ["nothing is coloured"]
                : drawn.filter((colour) => !known.has(colour)); }})()""")
        equal(missing, [], f"colours of {part} that {key} lacks")


def differences(browser):
    """What grew is coloured, in the treemap, both maps and the table, and adds up."""
    look = f"Object.fromEntries([...document.querySelectorAll('{LEAF}')].map((one) => [one.{PATH}, getComputedStyle(one).backgroundColor]))"
    colours = browser.run(look)
    swatch = lambda name: browser.run(f"getComputedStyle(document.querySelector('#legend .change-{name}')).backgroundColor")
    for path, change in (("/etc/grown", "grew"), ("/etc/shrunk", "shrank"), ("/etc/added", "new"), ("/etc/text", "same")):
        equal(colours.get(path), swatch(change), f"the colour of {path}")
    gone = browser.run("""[...document.querySelectorAll('#old-map [role=option]')].filter((one) =>
        one.getAttribute('aria-label').startsWith('/etc/removed:')).map((one) => getComputedStyle(one).backgroundColor)""")
    claim(gone and set(gone) == {swatch("gone")}, f"the colour of what is gone: {gone}")
    rows = browser.run("""[...document.querySelectorAll('#changes tbody tr')].map((row) =>
        [row.cells[0].textContent, ...[1, 2, 3].map((i) => parseInt(row.cells[i].querySelector('.size').title.replaceAll(',', '')))])""")
    equal({row[0] for row in rows}, {"/etc/grown", "/etc/shrunk", "/etc/added", "/etc/removed"}, "files that changed")
    for name, change, was, now in rows:
        equal(change, now - was, f"the change of {name}")
    total = browser.run("parseInt(document.querySelector('#changes tfoot .size').title.replaceAll(',', ''))")
    equal(total, sum(row[1] for row in rows), "the total of changes")
    print("change", total)
    browser.click_on("#colours button:nth-child(2)")
    claim(browser.run(look)["/etc/grown"] != colours["/etc/grown"], "the other colours do not show")
    legends(browser)
    browser.click_on("#colours button:nth-child(1)")
    equal(browser.run(look), colours, "the colours are back")
    legends(browser)
    browser.click_on('#old-map [aria-label^="/etc/removed:"]')
    equal(browser.run(CHOSEN), "/etc/removed", "what is gone can be chosen")


def first_screen(browser):
    """Without scrolling: how full, who, what runs in place, what RAM it saves, and the whole map."""
    tiles = browser.run("[...document.querySelectorAll('.tile')].map((one) => [one.querySelector('h2').textContent, one.getBoundingClientRect().bottom])")
    equal([name for name, _ in tiles][:4], ["How full", "What takes the space", "Runs in place", "RAM saved"], "the tiles are")
    bottom = browser.run("document.getElementById('legend').getBoundingClientRect().bottom")
    claim(bottom <= browser.size[1], f"the map ends at {bottom}")
    unit = browser.run(r"[...document.querySelectorAll('.size')].filter((one) => !/^[+\u2212]?[\d.]+(\u00a0(B|KiB|MiB|GiB))?$/.test(one.textContent) || !/^-?[\d,]+ bytes?$/.test(one.title)).map((one) => one.outerHTML)")
    equal(unit, [], "sizes without a unit, or without bytes on hover")
    claim(browser.run(r"[...document.querySelectorAll('.bit, #tree button')].every((one) => /\n[\d,]+ bytes?$/.test(one.title))"),
          "a piece or a file does not tell its bytes on hover")
    claim(browser.run("[...document.querySelectorAll('#map .name')].length > 0"), "no name stands in the map")
    claim(browser.run("document.getElementById('ram').textContent.includes('KiB')"), "the RAM has no unit")


def whole_sizes(browser):
    """A size in the treemap is shown whole or not at all."""
    sizes = "[...document.querySelectorAll('#tree small')]"
    claim(browser.run(f"{sizes}.length > 3"), "hardly any box shows its size")
    equal(browser.run(f"{sizes}.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"), [], "sizes that are cut")


def quick(browser):
    """A large image: what a reader does takes less than a second each."""
    steps = [("drawing it again", lambda: browser.run("dispatchEvent(new Event('beforeprint')); 0")),
             ("searching", lambda: (browser.press("/"), browser.type("file1"))),
             ("choosing", lambda: browser.press("Enter")),
             ("pointing", lambda: browser.point(*browser.centre(LEAF))),
             ("clicking", lambda: browser.click_on(LEAF)),
             ("going up", lambda: browser.press("Escape"))]
    for name, step in steps:
        begin = time.monotonic()
        step()
        print(f"{name}: {time.monotonic() - begin:.2f} s")
        claim(time.monotonic() - begin < 1, f"{name} took {time.monotonic() - begin:.1f} s")
    print("boxes", browser.run("document.querySelectorAll('#tree button').length"))
    claim(browser.run("document.querySelectorAll('*').length < 20000"), "more elements than a browser likes")


def pagewise(browser):
    """Details, table and summary tell hot and cold pages, the table for which kernel."""
    browser.click_on("#ram tbody button")
    details = browser.run("document.getElementById('details').textContent")
    claim("Hot pages2, in placeCold pages2, compressed" in details, f"the pages are not told: {details!r}")
    tiles = browser.run("document.getElementById('tiles').textContent")
    claim("2 hot pages in place, 2 cold ones compressed" in tiles, f"the pages together are not told: {tiles!r}")
    for name in "hot", "cold":
        equal(browser.run(f"""document.querySelector('#ram tbody td[data-name="{name} pages"]').textContent"""), "2",
              f"{name} pages in the table:")
    claim("an MMU that maps page by page" in browser.run("document.getElementById('ram').textContent"),
          "the table does not name the kernel")


def hostile(browser):
    """Names are text, whatever they look like."""
    equal(browser.run("document.querySelectorAll('body b, body img, #tree script').length"), 0, "elements made of names")
    equal(browser.run("typeof pwned"), "undefined", "a name was run as a script:")
    claim(browser.run("document.body.textContent.includes('<b>\"&')"), "a name does not show as it is")


def screenshot(browser):
    browser.screenshot("shot.png")


def paper(browser):
    browser.paper("page.pdf")
    subprocess.run(["pdftotext", "-layout", "page.pdf", "page.txt"], check=True)


SIZES = {"narrow": (400, 800)}


def main():
    what, page = sys.argv[1].split("@"), sys.argv[2]
    probe = globals()[what[0]]
    with Browser(page, *SIZES.get(what[0], (1400, 900)), dark="dark" in what) as browser:
        try:
            probe(browser)
        except RuntimeError as error:
            FAULTS.append(str(error))
    for fault in FAULTS + browser.faults:
        print(fault)
    if FAULTS or browser.faults:
        raise SystemExit(1)
    print("fine")


main()
