// SPDX-License-Identifier: GPL-2.0-or-later
// The flash to scale: rows of equal numbers of bytes.
"use strict";

const ROWS_MOST = 12, ROWS_NARROW = 24, NARROW = 600;

// 1, 1.5, 2, 3, 4... KiB: the first with which there are few enough rows.
function rowBytes(total, rows) {
  for (let bytes = 1024; ; bytes *= 2)
    for (const step of [bytes, bytes * 1.5])
      if (step * rows >= total)
        return step;
}

// Extents too small to be seen one by one are gathered until they make a piece, or a larger one comes.
function gather(extents, least) {
  const pieces = [];
  let first = 0, gathered = 0;
  const add = (from, to) => {
    if (from < to)
      pieces.push({ start: extents[from].start, length: extents[to - 1].start + extents[to - 1].length - extents[from].start,
        extents: extents.slice(from, to) });
    first = to;
    gathered = 0;
  };
  extents.forEach((extent, i) => {
    if (extent.length >= least) {
      add(first, i);
      add(i, i + 1);
    } else if ((gathered += extent.length) >= least)
      add(first, i + 1);
  });
  add(first, extents.length);
  return pieces;
}

// What most bytes of the extents are, by a key.
function most(extents, key) {
  const sums = new Map();
  for (const extent of extents)
    sums.set(key(extent), (sums.get(key(extent)) || 0) + extent.length);
  return [...sums].reduce((best, one) => one[1] > best[1] ? one : best)[0];
}

class FlashMap {
  // @total: bytes drawn, the partition when it is larger than the image; @scale: of the row width
  constructor(box, app, image, total, scale) {
    Object.assign(this, { box, app, image, total, scale, current: 0, pieces: [] });
    box.classList.add("map");
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", `Flash of ${image.path}, piece by piece; the arrow keys move`);
    box.addEventListener("pointerover", (event) => this.app.preview(this.targetOf(event.target)));
    box.addEventListener("pointerleave", () => this.app.preview(null));
    box.addEventListener("click", (event) => {
      const target = this.targetOf(event.target);
      if (target)
        this.choose(this.pieces.indexOf(target.piece), true);
    });
    box.addEventListener("focusin", (event) => this.choose(Number(event.target.dataset.piece), false));
    box.addEventListener("keydown", (event) => this.key(event));
  }

  targetOf(element) {
    const piece = this.pieces[element.closest("[data-piece]")?.dataset.piece];
    return piece ? { image: this.image, entry: piece.owner, piece } : null;
  }

  draw() {
    const gutter = Math.ceil(hex(this.app.model.flash + this.total).length * 7.3) + 8; // letters of 12 pixels
    const width = Math.max(100, this.box.clientWidth - gutter);
    this.box.style.setProperty("--gutter", gutter + "px");
    const narrow = innerWidth < NARROW;
    this.row = rowBytes(this.scale, narrow ? ROWS_NARROW : ROWS_MOST);
    this.pieces = gather(this.image.extents, this.row * 2 / width);
    if (this.total > this.image.size)
      this.pieces.push({ start: this.image.size, length: this.total - this.image.size, extents: [] });
    this.pieces.forEach((piece, index) => this.describe(piece, index));
    const strips = [];
    for (let start = 0; start < this.total; start += this.row) {
      const strip = make("div", { className: "strip" });
      strips.push(strip);
      // the last row is as long as what is left
      strip.style.width = Math.min(1, (this.total - start) / this.row) * 100 + "%";
      strip.length = Math.min(this.row, this.total - start);
    }
    for (const piece of this.pieces)
      this.place(piece, strips, width);
    this.box.replaceChildren(...strips.map((strip, i) => make("div", { className: "row", role: "presentation" },
      make("span", { className: "address", "aria-hidden": "true" }, hex(this.app.model.flash + i * this.row)),
      make("div", { className: "room", role: "presentation" }, strip))));
    this.current = Math.min(this.current, this.pieces.length - 1);
    this.pieces[this.current].bits[0].tabIndex = 0;
  }

  describe(piece, index) {
    const owners = new Set(piece.extents.map((extent) => extent.owner));
    const free = this.app.model.kinds.length - 1;
    piece.index = index;
    piece.kind = piece.extents.length ? most(piece.extents, (extent) => extent.kind) : free;
    piece.owner = owners.size === 1 ? [...owners][0] : null;
    piece.change = piece.extents.length ? most(piece.extents, (extent) => extent.owner?.change || "none") : "none";
    const kind = this.app.model.kinds[piece.kind].text;
    piece.name = piece.owner ? piece.owner.name || "/" : owners.size > 1 ? `${piece.extents.length} small pieces` : kind;
    const end = this.app.model.flash + piece.start + piece.length - 1;
    piece.label = `${piece.owner ? piece.owner.path + ": " : owners.size > 1 ? piece.name + ", mostly " : ""}${kind}, ` +
      `${short(piece.length)}, ${hex(this.app.model.flash + piece.start)} to ${hex(end)}` +
      (piece.owner?.change ? ", " + changeText(piece.owner) : "");
  }

  // One bit for each row that the piece touches. The name goes into those that have room for it.
  place(piece, strips, width) {
    const end = piece.start + piece.length;
    let named = false;
    piece.bits = [];
    for (let start = piece.start; start < end;) {
      const row = Math.floor(start / this.row), stop = Math.min(end, (row + 1) * this.row);
      const strip = strips[row];
      const bit = make("div", { className: `bit ${this.app.model.kinds[piece.kind].name} change-${piece.change}` });
      const pixels = (stop - start) / this.row * width;
      bit.dataset.piece = piece.index;
      bit.title = `${piece.name}\n${exact(piece.length)}`;
      bit.style.left = (start - row * this.row) / strip.length * 100 + "%";
      bit.style.width = (stop - start) / strip.length * 100 + "%";
      if (start === piece.start && pixels >= 3)
        bit.classList.add("begins");
      if (pixels >= 48 && (!named || piece.owner)) {
        bit.append(make("span", { className: named ? "name again" : "name" }, piece.name));
        if (pixels >= 190 && !named)
          bit.append(make("small", {}, short(piece.length)));
        named = true;
      }
      if (piece.bits.length)
        bit.setAttribute("aria-hidden", "true");
      strip.append(bit);
      piece.bits.push(bit);
      start = stop;
    }
    const main = piece.bits[0];
    main.setAttribute("role", "option");
    main.setAttribute("aria-label", piece.label);
    main.setAttribute("aria-selected", "false");
    main.tabIndex = -1;
  }

  choose(index, focus) {
    const piece = this.pieces[index];
    if (!piece)
      return;
    this.pieces[this.current].bits[0].tabIndex = -1;
    this.current = index;
    piece.bits[0].tabIndex = 0;
    if (focus)
      piece.bits[0].focus({ preventScroll: true });
    this.app.select({ image: this.image, entry: piece.owner, piece });
  }

  key(event) {
    const piece = this.pieces[this.current];
    const at = (address) => this.pieces.findIndex((one) => address < one.start + one.length);
    const last = this.pieces.length - 1;
    const next = { ArrowRight: this.current + 1, ArrowLeft: this.current - 1, Home: 0, End: last,
      ArrowDown: at(piece.start + this.row), ArrowUp: at(piece.start - this.row) }[event.key];
    if (next === undefined)
      return;
    event.preventDefault();
    if (next >= 0 && next <= last) {
      this.choose(next, true);
      this.pieces[next].bits[0].scrollIntoView({ block: "nearest" });
    }
  }

  // Marks what is chosen, and what was searched for.
  mark(chosen, hits) {
    const inside = within(this.image, chosen && chosen.entry ? chosen.entry.path : null);
    this.box.classList.toggle("searching", Boolean(hits));
    for (const piece of this.pieces) {
      const exactly = chosen && chosen.piece ? chosen.piece === piece : false;
      const linked = piece.extents.some((extent) => extent.owner && inside[extent.owner.index]);
      const hit = hits && piece.extents.some((extent) => extent.owner && hits.has(extent.owner.path));
      for (const bit of piece.bits) {
        bit.classList.toggle("chosen", exactly);
        bit.classList.toggle("linked", linked);
        bit.classList.toggle("hit", Boolean(hit));
      }
      piece.bits[0].setAttribute("aria-selected", String(exactly || linked));
    }
  }
}
