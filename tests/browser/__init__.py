"""The page in a real browser: Debian's Chromium, driven by playwright, where both are there.

apt install chromium; pip install playwright (the extra `browser`, which `./run screenshots` installs).
"""
