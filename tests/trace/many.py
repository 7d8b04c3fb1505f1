#!/usr/bin/env python3
"""How a report with very many events behaves in headless Chromium: tests/trace/many.py REPORT.html [CALL]

Prints what was measured, in milliseconds. What is right or wrong is only what is shown, never how long it took.
"""
import json
import os
import sys
import time

from browser import Browser


def main():
    report, call = os.path.abspath(sys.argv[1]), (sys.argv[2:] or ["write"])[0]
    browser, wrong = Browser(), []
    start = time.monotonic()
    browser.ask("Page.navigate", url="file://" + report)
    while not browser.run("document.body && document.body.dataset.ready === '1'"):
        if time.monotonic() - start > 300:
            sys.exit("many: the page is not ready after five minutes")
        time.sleep(0.05)
    took = {"ready": round(1000 * (time.monotonic() - start))}
    total = browser.run("n")

    def timed(name, script):
        value, ms = browser.run("(async () => { const t = performance.now(); %s; const w = performance.now() - t; return [r, w] })()" % script)
        took[name] = round(ms)
        return value

    timed("draw", "draw(); const r = 0")
    timed("rows", "rows(); const r = 0")
    # Sixty frames of zooming in and of scrolling: how long the slowest took.
    for name, step in (("zoom_frame", "view.b = view.a + (view.b - view.a) * .93; draw()"),
                       ("scroll_frame", "$('list').scrollTop += 9973 * 20; rows()")):
        took[name] = round(browser.run("(() => { let most = 0; for (let k = 0; k < 60; k++) { const t = performance.now(); %s; "
                                       "most = Math.max(most, performance.now() - t) } return most })()" % step))
    browser.run("view.a = 0; view.b = D.span; draw()")
    took["hover"] = round(browser.run("(() => { const b = cv.getBoundingClientRect(), t = performance.now(); "
                                      "under({clientX: b.left + b.width / 2, clientY: b.top + top0 + 5}); return performance.now() - t })()"))
    last = timed("end", "$('list').scrollTop = 1e9; rows(); const r = $('rows').lastChild.dataset.i")
    if int(last) != total - 1:
        wrong.append("the list ends with event %s of %d" % (last, total))
    some = timed("by_call", "f.call = D.names.indexOf(%s); pass(); const r = shown.length" % json.dumps(call))
    if not 0 < some < total:
        wrong.append("%s: %s of %s" % (call, some, total))
    found = timed("search", "f.call = -1; f.find = %s; pass(); const r = shown.length" % json.dumps(call + "("))
    if found < some:
        wrong.append("searching finds %s, the filter %s" % (found, some))
    browser.run("f.find = ''; pass()")
    if browser.run("shown.length") != total:
        wrong.append("not all events are back")
    wrong += ["script: " + error for error in browser.errors]
    browser.close()
    print(json.dumps({"events": total, "megabytes": os.path.getsize(report) >> 20, "ms": took}))
    for line in wrong:
        print("many: " + line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
