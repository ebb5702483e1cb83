#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Photographs page.html and diff.html of the working directory; called by make.sh."""
from browser import Browser

LEAF = '#tree button[aria-label^="/usr/bin/sqlite3:"]'

with Browser("page.html") as browser:
    browser.click_on(LEAF)
    browser.run("scrollTo(0, 0)")
    browser.point(1, 1)
    browser.screenshot("page.png")
with Browser("diff.html", height=1000, dark=True) as browser:
    browser.screenshot("diff.png")
with Browser("page.html", width=400, height=800) as browser:
    browser.screenshot("phone.png")
