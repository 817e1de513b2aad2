"""`./run screenshots`: every page, light and dark, on a phone and on a large screen, into .run/screenshots."""

import sys
from pathlib import Path

DIRECTORY = Path(__file__).parents[2] / ".run" / "screenshots"


def main() -> int:
    try:
        from tests.browser import chromium, served  # noqa: PLC0415  playwright may be missing
    except ImportError as error:
        sys.stderr.write(f"screenshots: {error}; pip install playwright\n")
        return 1
    if not chromium.PROGRAM:
        sys.stderr.write("screenshots: there is no chromium; apt install chromium\n")
        return 1
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with served.page() as page, chromium.browser() as browser:
        for scheme in chromium.SCHEMES:
            for width in chromium.WIDTHS:
                with chromium.window(browser, width=width, scheme=scheme) as window:
                    tab = window.new_page()
                    for name, path in chromium.paths(page.redis).items():
                        tab.goto(page.at(path))
                        tab.screenshot(path=str(DIRECTORY / f"{name}-{scheme}-{width}.png"), full_page=True)
    sys.stdout.write(f"{DIRECTORY}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
