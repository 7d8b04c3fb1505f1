#!/usr/bin/env python3
"""Opens a report of `limen trace --format html` in headless Chromium, uses it, and says what it saw.

    tests/trace/browser.py REPORT.html [SCREENSHOT.png]

Speaks the DevTools protocol over a pipe (descriptors 3 and 4), so nothing but Chromium is needed. Run by tests/run-trace where
there is a chromium.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="limen-browser-")
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()

        def wire():
            a, b = os.dup(to_read), os.dup(to_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,900",
             "--user-data-dir=" + self.profile, "--remote-debugging-pipe", "about:blank"],
            preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.rest, self.number, self.session, self.errors = b"", 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")
        self.ask("Runtime.enable")

    def read(self):
        while b"\0" not in self.rest:
            data = os.read(self.back, 1 << 20)
            if not data:
                sys.exit("browser: it has gone")
            self.rest += data
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.read()
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(answer["params"]["exceptionDetails"].get("exception", {}).get("description", "?"))
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit("browser: %s: %s" % (method, answer["error"]))
                return answer["result"]

    def run(self, script):
        return self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)["result"].get("value")

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def click_on(self, selector, nth=0):
        box = self.run("(() => { const b = document.querySelectorAll(%r)[%d].getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] })()" % (selector, nth))
        self.click(*box)

    def screenshot(self, file):
        with open(file, "wb") as out:
            out.write(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def main():
    report = os.path.abspath(sys.argv[1])
    browser = Browser()
    problems = []

    def expect(what, right):
        if not right:
            problems.append(what)

    shown = "document.getElementById('sum').textContent"
    count = lambda: int(browser.run(shown).split(" of ")[0].replace(",", ""))
    started = time.monotonic()
    browser.ask("Page.navigate", url="file://" + report)
    while browser.run("document.body && document.body.dataset.ready") != "1":
        if time.monotonic() - started > 60:
            sys.exit("browser: the report is not ready after a minute: %s" % browser.errors)
        time.sleep(0.1)
    ready = time.monotonic() - started
    total = count()
    expect("no events", total > 0)
    expect("rows are drawn", browser.run("document.querySelectorAll('.r').length") > 0)
    expect("calls are listed", browser.run("document.querySelectorAll('#pane tbody tr').length") > 3)

    browser.click_on("#pane tbody tr")
    one = count()
    expect("a click on a call filters", 0 < one < total)
    expect("and shows how long its calls took", browser.run("document.querySelectorAll('#histo rect').length") > 0)
    browser.click_on("#chips button")
    expect("a click on the chip takes it away", count() == total)

    for nth, name in enumerate(["Calls", "Errors", "Processes", "Files", "Sockets"]):
        browser.click_on("nav button", nth)
        expect("tab " + name, browser.run("document.querySelector('nav [aria-selected=true]').textContent") == name)
        expect("tab %s is filled" % name, name == "Sockets" or browser.run("document.getElementById('pane').textContent.length") > 10)
    browser.click_on("nav button", 0)

    browser.run("document.getElementById('find').focus()")
    browser.ask("Input.insertText", text="ENOENT")
    time.sleep(0.6)
    expect("search finds", 0 < count() < total)
    browser.run("{ const f = document.getElementById('find'); f.value = ''; f.dispatchEvent(new Event('input')) }")
    time.sleep(0.6)
    browser.click_on("#bad")
    expect("errors only", 0 < count() < total)
    browser.click_on("#bad")

    before = browser.run("view.b - view.a")
    browser.ask("Input.dispatchMouseEvent", type="mouseWheel", x=600, y=100, deltaX=0, deltaY=-400)
    time.sleep(0.2)
    expect("the wheel zooms", browser.run("view.b - view.a") < before)
    browser.run("document.querySelector('#list').scrollTop = 1e9")
    time.sleep(0.2)
    expect("the list scrolls to its end", browser.run("+[...document.querySelectorAll('.r')].at(-1).dataset.i") == browser.run("shown[shown.length - 1]"))
    browser.run("view.a = 0, view.b = D.span")
    frame = browser.run("(() => { const t = performance.now(); draw(); rows(); return performance.now() - t })()")
    expect("errors of the script: %s" % browser.errors, not browser.errors)
    if len(sys.argv) > 2:
        browser.screenshot(sys.argv[2])
    browser.close()
    print("%d events: ready after %.1f s, a frame takes %.0f ms" % (total, ready, frame))
    for problem in problems:
        print("browser: " + problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
