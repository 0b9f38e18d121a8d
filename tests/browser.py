"""Drive headless Chromium over its DevTools protocol, with the network off.

Used as a fixture: ``from browser import find_browser, Browser``. Only loopback sockets are opened.
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    # Whatever a page asks for beyond this machine fails at once.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@cache
def _axe() -> str:
    """Return axe-core's script, from the installed package that carries it."""
    spec = find_spec("axe_playwright_python")
    folder = Path(next(iter(spec.submodule_search_locations)))
    return (folder / "axe.min.js").read_text(encoding="utf-8")


def find_browser() -> str | None:
    """Return the path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One headless Chromium; ``with Browser() as browser: page = browser.open(path)``."""

    def __init__(self, binary: str | None = None, *, patience: float = 30.0) -> None:
        self.binary = binary or find_browser()
        self.patience = patience

    def __enter__(self) -> Self:
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        self.process = subprocess.Popen(
            [self.binary, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port_file = Path(self.profile) / "DevToolsActivePort"
        end = time.monotonic() + self.patience
        while not (port_file.exists() and port_file.read_text().count("\n")):
            if time.monotonic() > end or self.process.poll() is not None:
                self.__exit__()
                raise RuntimeError("chromium did not start")
            time.sleep(0.05)
        self.port = int(port_file.read_text().split()[0])
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, path: Path | str, *, width: int = 1280, height: int = 900, **media: str) -> Page:
        """Open a file and wait until its map (if it has one) is drawn or has failed.

        Keywords are media features, for example ``prefers_reduced_motion="reduce"``.
        """
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/new", method="PUT")
        with urllib.request.urlopen(request) as answer:
            target = json.load(answer)
        page = Page(target["webSocketDebuggerUrl"], self.patience)
        page.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        page.send("Page.bringToFront")
        page.send("Emulation.setFocusEmulationEnabled", enabled=True)
        if media:
            features = [{"name": k.replace("_", "-"), "value": v} for k, v in media.items()]
            page.send("Emulation.setEmulatedMedia", features=features)
        page.go(Path(path).resolve().as_uri())
        return page


class Page:
    """One open page and everything it complained about or asked for."""

    def __init__(self, address: str, patience: float) -> None:
        self.socket = websocket.create_connection(address, timeout=patience)
        self.patience = patience
        self.numbers = itertools.count(1)
        self.requests: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, method: str, **params: object) -> dict:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _note(self, message: dict) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            detail = params["exceptionDetails"]
            self.errors.append(detail.get("exception", {}).get("description") or detail["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in (
            "error",
            "warning",
            "assert",
        ):
            self.errors.append(
                " ".join(str(a.get("value", a.get("description"))) for a in params["args"])
            )
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])

    def go(self, url: str) -> None:
        self.send("Page.navigate", url=url)
        self.until(
            "document.readyState === 'complete' && "
            "[...document.querySelectorAll('.eq-map')].every(f => f.dataset.state)"
        )

    def until(self, condition: str) -> None:
        """Wait until a JavaScript condition holds."""
        end = time.monotonic() + self.patience
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise TimeoutError(f"never true: {condition}; errors: {self.errors}")
            time.sleep(0.05)

    def run(self, script: str) -> object:
        """Evaluate JavaScript (a promise is awaited) and return its value."""
        result = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def press(self, key: str) -> None:
        codes = {
            "Escape": 27,
            "Tab": 9,
            "Enter": 13,
            "ArrowDown": 40,
            "ArrowRight": 39,
            "Space": 32,
        }
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=" " if key == "Space" else key,
                code=key,
                text={"Enter": "\r", "Space": " "}.get(key, "") if kind == "keyDown" else "",
                windowsVirtualKeyCode=codes[key],
            )

    def type(self, text: str) -> None:
        """Put text where the focus is."""
        self.send("Input.insertText", text=text)

    def touch(self, x: float, y: float) -> None:
        """Touch the screen and let go."""
        self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def point(self, x: float, y: float, *, click: bool = False) -> None:
        """Move the mouse; press and let go if asked."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        if click:
            for kind in ("mousePressed", "mouseReleased"):
                self.send(
                    "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
                )

    def axe(self) -> list[str]:
        """Return what axe-core finds, of any level and with nothing left out."""
        self.run(_axe())
        found = self.run(
            "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.flatMap(v =>"
            "v.nodes.map(n => `${v.id} (${v.impact}): ${n.html.slice(0, 160)}`)))"
        )
        return list(found)

    def settle(self) -> None:
        """Let pending drawing and events finish, then collect what they said."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    @property
    def outside(self) -> list[str]:
        """Requests that were not for a local file or for data inside the page."""
        self.settle()
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]

    def screenshot(self, path: Path | str, *, whole: bool = False) -> Path:
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(shot["data"]))
        return Path(path)

    def print(self, path: Path | str) -> Path:
        made = self.send("Page.printToPDF", printBackground=True, paperWidth=8.5, paperHeight=11)
        Path(path).write_bytes(base64.b64decode(made["data"]))
        return Path(path)
