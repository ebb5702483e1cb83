// SPDX-License-Identifier: GPL-2.0-or-later
// What the page knows: the image, and the one it is compared with, read from the JSON in it.
"use strict";

const FILE_TYPES = { 1: "p", 2: "c", 4: "d", 6: "b", 8: "-", 10: "l", 12: "s" };

// An element with properties, attributes (names with a dash, and role) and children.
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties || {}))
    if (key in element && key !== "role")
      element[key] = value;
    else
      element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const exact = (bytes) => bytes.toLocaleString("en") + (Math.abs(bytes) === 1 ? " byte" : " bytes");

// "1.22 MiB": three digits are enough to compare by.
function short(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let value = Math.abs(bytes), unit = 0;
  for (; value >= 1023.5 && unit < units.length - 1; unit++)
    value /= 1024;
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return (bytes < 0 ? "\u2212" : "") + value.toFixed(digits) + "\u00a0" + units[unit];
}

const signed = (bytes) => (bytes > 0 ? "+" : "") + (bytes ? short(bytes) : "0");
const percent = (part, whole) => {
  const value = whole ? part * 100 / whole : 0;
  return (value > 0 && value < 1 ? "under 1" : value > 99 && value < 100 ? "over 99" : Math.round(value)) + " %";
};

// A size as people read it; the bytes show on hover.
const sizeNode = (bytes, text = short) => make("span", { className: "size", title: exact(bytes) }, text(bytes));

const count = (number, one, many = one + "s") => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

const hex = (number, digits = 8) => "0x" + number.toString(16).padStart(digits, "0");

function modeText(mode) {
  let text = FILE_TYPES[mode >> 12] || "?";
  for (let bit = 8; bit >= 0; bit--)
    text += mode >> bit & 1 ? "xwr"[bit % 3] : "-";
  const marks = [[0o4000, 3, "s"], [0o2000, 6, "s"], [0o1000, 9, "t"]];
  for (const [mask, at, mark] of marks)
    if (mode & mask)
      text = text.slice(0, at) + (text[at] === "x" ? mark : mark.toUpperCase()) + text.slice(at + 1);
  return text;
}

// Gives each entry its path, children and bytes, and each extent its start. Parents come first.
function readImage(raw, kinds) {
  const entries = raw.entries.map(([parent, name, mode, size, first], index) => ({
    index, name, mode, size, parent: index ? parent : -1, first: first - 1, path: "/", children: [],
    extents: [], bytes: 0, kinds: new Array(kinds.length).fill(0), directory: mode >> 12 === 4, below: 0, was: 0 }));
  for (const entry of entries.slice(1)) {
    const parent = entries[entry.parent];
    entry.path = (parent.path === "/" ? "" : parent.path) + "/" + entry.name;
    parent.children.push(entry);
  }
  let start = 0;
  const extents = raw.extents.map(([length, kind, owner, block, blocks, sharers]) => {
    const extent = { start, length, kind, owner: owner ? entries[owner - 1] : null, block, blocks, sharers };
    start += length;
    extent.owner?.extents.push(extent);
    return extent;
  });
  const image = { ...raw, entries, extents, root: entries[0], kinds: new Array(kinds.length).fill(0), hot: 0, cold: 0,
    byPath: new Map(entries.map((entry) => [entry.path, entry])) };
  for (const extent of extents) {
    image.kinds[extent.kind] += extent.length;
    if (extent.owner && kinds[extent.kind].name !== "directory") {
      extent.owner.bytes += extent.length;
      extent.owner.kinds[extent.kind] += extent.length;
    }
  }
  for (let i = entries.length - 1; i > 0; i--) {
    const parent = entries[entries[i].parent];
    parent.bytes += entries[i].bytes;
    parent.below += 1 + entries[i].below;
    entries[i].kinds.forEach((bytes, kind) => { parent.kinds[kind] += bytes; });
  }
  for (const [entry, why, segments, hot, cold] of raw.programs) {
    entries[entry].program = { why, segments, hot, cold };
    image.hot += hot;
    image.cold += cold;
  }
  for (const [entry, flash, first, further, plain, block, missing] of raw.ram.programs)
    entries[entry].ram = { entry: entries[entry], flash, first, further, plain, block, missing, saved: plain - first };
  return image;
}

// How an entry differs from the one of the same path in the other image: by bytes, not by content.
function compare(image, other, absent) {
  for (const entry of image.entries) {
    const twin = other.byPath.get(entry.path);
    entry.was = twin ? twin.bytes : 0;
    entry.change = !twin || twin.directory !== entry.directory ? absent
      : entry.bytes === twin.bytes ? "same" : (entry.bytes > twin.bytes) === (absent === "new") ? "grew" : "shrank";
  }
}

function readModel() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const kinds = data.kinds.map(([name, text]) => ({ name, text }));
  const model = { kinds, flash: data.flash, partition: data.partition, image: readImage(data.image, kinds),
    before: data.before ? readImage(data.before, kinds) : null };
  model.kind = Object.fromEntries(kinds.map((kind, index) => [kind.name, index]));
  if (model.before) {
    compare(model.image, model.before, "new");
    compare(model.before, model.image, "gone");
  }
  return model;
}

// True for each entry of the image that is at or below the path.
function within(image, path) {
  const marks = new Uint8Array(image.entries.length);
  const top = path === null ? undefined : image.byPath.get(path);
  if (top)
    for (let i = top.index; i < marks.length; i++)
      marks[i] = i === top.index || (i > 0 && marks[image.entries[i].parent]) ? 1 : 0;
  return marks;
}

const CHANGES = { new: "new", grew: "grew", shrank: "shrank", gone: "gone", same: "as large as before" };

const changeText = (entry) => entry.change === "same" ? "as large as before"
  : entry.change === "new" ? "new" : entry.change === "gone" ? "gone"
    : `${entry.change} from ${short(entry.was)}`;
