// SPDX-License-Identifier: GPL-2.0-or-later
// The treemap: the bytes that each directory and file takes in the image.
"use strict";

const STRIP = 20, INSIDE_WIDTH = 44, INSIDE_HEIGHT = 44, LEAST_AREA = 36; // pixels

// Squarified: fills rows along the shorter side as long as that makes squares squarer.
function squarify(nodes, x, y, width, height, place) {
  let total = nodes.reduce((sum, node) => sum + node.bytes, 0);
  let from = 0;
  while (from < nodes.length && total > 0 && width > 0 && height > 0) {
    const side = Math.min(width, height), scale = width * height / total;
    let row = 0, to = from, worst = Infinity;
    while (to < nodes.length) {
      const thick = (row + nodes[to].bytes) * scale / side;
      const large = nodes[from].bytes * scale / thick, small = nodes[to].bytes * scale / thick;
      const ratio = Math.max(large / thick, thick / small);
      if (ratio > worst)
        break;
      worst = ratio;
      row += nodes[to++].bytes;
    }
    const thick = row * scale / side;
    let along = 0;
    for (; from < to; from++) {
      const length = nodes[from].bytes * scale / thick;
      if (width >= height)
        place(nodes[from], x, y + along, thick, length);
      else
        place(nodes[from], x + along, y, length, thick);
      along += length;
    }
    if (width >= height) {
      x += thick;
      width -= thick;
    } else {
      y += thick;
      height -= thick;
    }
    total -= row;
  }
}

const DATA = ["xip", "compressed", "stored"]; // as they lie in a box from its top

// What kind most of the file's data is.
const placement = (entry, kind) =>
  DATA.reduce((best, name) => entry.kinds[kind[name]] > entry.kinds[kind[best]] ? name : best);

// Each kind has its share of the box.
function shares(entry, kind) {
  const whole = DATA.reduce((sum, name) => sum + entry.kinds[kind[name]], 0) || 1;
  let at = 0;
  const stops = DATA.map((name) => {
    const from = at;
    at += entry.kinds[kind[name]] * 100 / whole;
    return `var(--${name}) ${from.toFixed(1)}% ${at.toFixed(1)}%`;
  });
  return `linear-gradient(${stops.join(",")})`;
}

class Treemap {
  constructor(box, crumbs, app) {
    Object.assign(this, { box, crumbs, app, directory: app.model.image.root, boxes: [] });
    box.setAttribute("role", "group");
    box.addEventListener("pointerover", (event) => this.app.preview(this.targetOf(event.target)));
    box.addEventListener("pointerleave", () => this.app.preview(null));
    box.addEventListener("click", (event) => this.click(this.boxOf(event.target)));
    box.addEventListener("focusin", (event) => this.moveTo(event.target));
    box.addEventListener("keydown", (event) => this.key(event));
  }

  boxOf(element) {
    return element.closest("#tree button");
  }

  targetOf(element) {
    const entry = this.boxOf(element)?.entry;
    return entry ? { image: this.app.model.image, entry, piece: null } : null;
  }

  click(button) {
    if (!button)
      return;
    if (button.entry.directory && button.entry !== this.directory)
      this.app.open(button.entry);
    else
      this.app.select({ image: this.app.model.image, entry: button.entry, piece: null });
  }

  // The largest first; those too small to be hit make one box together.
  nodesOf(directory, area) {
    const all = directory.children.filter((node) => node.bytes > 0)
      .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
    const least = directory.bytes * LEAST_AREA / area;
    const shown = all.filter((node) => node.bytes >= least);
    const rest = all.slice(shown.length);
    if (rest.length < 2)
      return all;
    const bytes = rest.reduce((sum, node) => sum + node.bytes, 0);
    const was = rest.reduce((sum, node) => sum + node.was, 0);
    return [...shown, { rest, bytes, change: bytes > was ? "grew" : bytes < was ? "shrank" : "same", entry: directory }];
  }

  draw() {
    const width = this.box.clientWidth, height = this.box.clientHeight;
    const focused = this.box.contains(document.activeElement) ? document.activeElement.entry : null;
    const at = (value, whole) => (value * 100 / whole).toFixed(3) + "%";
    // A box comes after that of its directory, and so lies over it. Each level takes a strip off
    // the height, so there are few.
    const fill = (directory, left, top, wide, high) =>
      squarify(this.nodesOf(directory, wide * high), left, top, wide, high, (node, x, y, w, h) => {
        const button = this.make(node, w, h);
        button.style.cssText += `left:${at(x, width)};top:${at(y, height)};width:${at(w, width)};height:${at(h, height)}`;
        this.boxes.push(button);
        if (!button.classList.contains("frame"))
          return;
        fill(node, x + 3, y + STRIP, w - 6, h - STRIP - 3);
      });
    this.boxes = [];
    fill(this.directory, 0, 0, width, height);
    if (!this.boxes.length)
      this.box.replaceChildren(make("p", { className: "quiet" }, "No file here takes any bytes."));
    else
      this.box.replaceChildren(...this.boxes);
    this.box.setAttribute("aria-label", `Files in ${this.directory.path}, the largest first; the arrow keys move, Enter opens, Escape goes up`);
    this.settle(focused, focused);
    this.drawCrumbs();
  }

  // The box of an entry, or the first, becomes the stop for the tab key.
  settle(entry, focus) {
    const box = this.boxes.find((button) => button.entry === entry) || this.boxes[0];
    if (!box)
      return;
    this.moveTo(box, true);
    if (focus)
      box.focus({ preventScroll: true });
  }

  make(node, width, height) {
    const entry = node.rest ? node.entry : node, { kind, kinds } = this.app.model;
    const name = node.rest ? count(node.rest.length, "smaller file") : node.name + (node.directory ? "/" : "");
    const button = make("button", { type: "button", tabIndex: -1 });
    // a directory without room for what is in it shows the colours of its contents, pale
    const look = node.rest ? "rest" : !node.directory ? placement(node, kind)
      : width > INSIDE_WIDTH && height > INSIDE_HEIGHT ? "frame" : "closed";
    button.className = `${look} ${look !== "frame" && this.app.model.before ? `change-${node.change}` : ""}`;
    button.entry = entry;
    if (look !== "rest" && look !== "frame")
      button.style.setProperty("--shares", shares(entry, kind));
    button.rest = node.rest ? new Set(node.rest) : null;
    const what = button.rest ? "too small to show" : entry.directory ? count(entry.below, "entry", "entries")
      : DATA.filter((one) => entry.kinds[kind[one]]).map((one) => `${short(entry.kinds[kind[one]])} ${kinds[kind[one]].text}`).join(", ");
    const change = !button.rest && entry.change ? `, ${changeText(entry)}` : "";
    button.setAttribute("aria-label", `${button.rest ? name + " in " + entry.path : entry.path}: ${short(node.bytes)}, ${what}${change}`);
    button.title = `${button.rest ? name : entry.path}\n${exact(node.bytes)}`;
    button.setAttribute("aria-pressed", "false");
    if (width > 46 && height > 15) {
      const grown = this.app.model.before && !button.rest && entry.change !== "same" ? ` (${signed(entry.bytes - entry.was)})` : "";
      button.append(make("span", { className: "name" }, name));
      // A size is shown whole or not at all.
      const size = short(node.bytes) + grown;
      if (entry.directory && !button.rest ? width > 76 + name.length * 8 : height > 34 && width > 12 + size.length * 7)
        button.append(make("small", {}, size));
    }
    return button;
  }

  drawCrumbs() {
    const trail = [];
    for (let up = this.directory; ; up = this.app.model.image.entries[up.parent]) {
      trail.unshift(up);
      if (up.parent < 0)
        break;
    }
    const items = trail.map((entry) => {
      const last = entry === this.directory;
      const link = make("button", { type: "button", className: "name" }, entry.name || "/");
      link.addEventListener("click", () => this.app.open(entry));
      if (last)
        link.setAttribute("aria-current", "true");
      return make("li", {}, link, last ? sizeNode(entry.bytes) : null);
    });
    this.crumbs.replaceChildren(make("ol", {}, ...items));
    if (trail.length > 1)
      this.crumbs.append(make("span", { className: "quiet hint" }, "Esc or Back goes up"));
  }

  // @home: the entry whose box gets the focus first, if it has one
  show(directory, home) {
    const inside = this.box.contains(document.activeElement) || this.crumbs.contains(document.activeElement);
    this.directory = directory;
    if (inside)
      document.activeElement.blur();
    this.draw();
    this.settle(home, inside);
    this.app.say(`${directory.path}, ${short(directory.bytes)}, ${count(directory.below, "entry", "entries")}`);
  }

  // One stop for the tab key, as the map is. What has the focus is chosen.
  moveTo(button, quietly) {
    if (this.stop)
      this.stop.tabIndex = -1;
    this.stop = button;
    button.tabIndex = 0;
    if (!quietly)
      this.app.select({ image: this.app.model.image, entry: button.entry, piece: null });
  }

  key(event) {
    const at = this.boxes.indexOf(event.target), last = this.boxes.length - 1;
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (at < 0 || next === undefined)
      return;
    event.preventDefault();
    this.boxes[Math.max(0, Math.min(last, next))].focus();
  }

  mark(chosen, hits) {
    const image = this.app.model.image, path = chosen && chosen.entry ? chosen.entry.path : null;
    const inside = within(image, path);
    this.box.classList.toggle("searching", Boolean(hits));
    for (const button of this.boxes) {
      const linked = button.rest ? [...button.rest].some((one) => inside[one.index]) && !inside[button.entry.index]
        : button.entry.path === path;
      const hit = hits && (button.rest ? [...button.rest].some((one) => hits.has(one.path)) : hits.has(button.entry.path));
      button.classList.toggle("linked", linked);
      button.classList.toggle("hit", Boolean(hit));
      button.setAttribute("aria-pressed", String(linked));
    }
  }
}
