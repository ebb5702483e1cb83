# SPDX-License-Identifier: GPL-2.0-or-later
"""Headless Chromium as a reader's hands and eyes: a real pointer, real keys, screenshots, paper and
what a screen reader is told. Speaks the DevTools protocol over a pipe."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe",
         "--host-resolver-rules=MAP * ~NOTFOUND"]
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38,
        "ArrowRight": 39, "ArrowDown": 40, " ": 32, "/": 191}
SHIFT = 8


class Browser:
    """with Browser(page, width, height, dark) as browser: ..."""

    def __init__(self, page, width=1400, height=900, dark=False):
        self.url = Path(page).resolve().as_uri()
        self.size, self.dark = (width, height), dark
        self.number, self.faults, self.events = 0, [], []

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="profile.")
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()
        # Chromium reads commands from descriptor 3 and writes answers to 4
        script = f'exec chromium "$@" 3<&{to_read} 4>&{back_write}'
        self.process = subprocess.Popen(
            ["bash", "-c", script, "chromium", *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            pass_fds=(to_read, back_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(back_write)
        self.answers = os.fdopen(self.back, "rb")
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.resize(*self.size)
        scheme = "dark" if self.dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=self.url)
        self.wait_for("Page.loadEventFired")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        self.answers.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def read(self):
        """One message; what the page complains of, and what it asks the network for, are faults."""
        raw = bytearray()
        while not raw.endswith(b"\0"):
            byte = self.answers.read(1)
            if not byte:
                raise SystemExit("Chromium has ended")
            raw += byte
        message = json.loads(raw[:-1])
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            detail = params["exceptionDetails"]
            self.faults.append(detail.get("exception", {}).get("description", detail["text"]))
        elif method in ("Runtime.consoleAPICalled", "Log.entryAdded"):
            self.faults.append(json.dumps(params))
        elif method == "Network.requestWillBeSent" and params["request"]["url"] != self.url:
            self.faults.append("asks for " + params["request"]["url"])
        return message

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer.get("method"))

    def wait_for(self, event):
        while event not in self.events:
            self.events.append(self.read().get("method"))
        self.events.clear()

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def run(self, script):
        """The value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def settle(self):
        """Waits until what was asked for is on the screen."""
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")

    def centre(self, selector):
        """The middle of an element, brought into view, as one would point at it."""
        return self.run(f"""(() => {{
            const one = document.querySelector({json.dumps(selector)});
            one.scrollIntoView({{ block: "center" }});
            const box = one.getBoundingClientRect();
            return [box.left + box.width / 2, box.top + box.height / 2]; }})()""")

    def point(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.settle()

    def click(self, x, y):
        self.point(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.settle()

    def click_on(self, selector):
        self.click(*self.centre(selector))

    def press(self, key, modifiers=0):
        common = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key], "modifiers": modifiers}
        text = {"Enter": "\r", " ": " ", "/": "/"}.get(key)
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **common, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)
        self.settle()

    def type(self, text):
        self.call("Input.insertText", text=text)
        self.settle()

    def back_button(self):
        history = self.call("Page.getNavigationHistory")
        entry = history["entries"][history["currentIndex"] - 1]
        self.call("Page.navigateToHistoryEntry", entryId=entry["id"])
        for _ in range(5):
            self.settle()

    def screenshot(self, file):
        Path(file).write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def paper(self, file):
        pdf = self.call("Page.printToPDF", printBackground=True, paperWidth=8.27, paperHeight=11.69)
        Path(file).write_bytes(base64.b64decode(pdf["data"]))

    def reader_tree(self):
        """(role, name) of all that a screen reader is told of."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", ""))
                for node in nodes if not node["ignored"]]
