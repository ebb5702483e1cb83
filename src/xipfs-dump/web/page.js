// SPDX-License-Identifier: GPL-2.0-or-later
// Puts the parts together: one choice that all of them show, search, and the summary.
"use strict";

const RESULTS = 12;
const element = (id) => document.getElementById(id);

class App {
  constructor(model) {
    Object.assign(this, { model, chosen: null, hits: null });
    const { image, before } = model;
    const total = Math.max(model.partition, image.size), largest = Math.max(total, before ? before.size : 0);
    this.details = new Details(element("details"), this);
    this.tree = new Treemap(element("tree"), element("crumbs"), this);
    this.maps = [new FlashMap(element("map"), this, image, total, largest)];
    if (before) {
      element("old").hidden = false;
      element("old-head").textContent = `Before: ${before.path}`;
      this.maps.push(new FlashMap(element("old-map"), this, before, before.size, largest));
    }
    this.tables = [];
  }

  imageOf(entry) {
    return this.model.image.entries[entry.index] === entry ? this.model.image : this.model.before;
  }

  say(text) {
    element("status").textContent = text;
  }

  preview(target) {
    this.details.show(target || this.chosen);
  }

  select(target) {
    this.chosen = target;
    this.details.show(target);
    this.mark();
  }

  mark() {
    for (const part of [...this.maps, this.tree, ...this.tables])
      part.mark(this.chosen, this.hits);
  }

  // The directory that the treemap shows is in the address, so that Back returns to the one before.
  open(entry) {
    location.hash = encodeURIComponent(entry.path).replaceAll("%2F", "/");
  }

  follow() {
    let path = "/";
    try {
      path = decodeURIComponent(location.hash.slice(1)) || "/";
    } catch {
      // an address that was typed: not a path
    }
    const directory = this.model.image.byPath.get(path);
    if (!directory || !directory.directory || directory === this.tree.directory)
      return;
    // going up: the directory one comes from; from a search: what was found
    const { image } = this.model, from = this.tree.directory, found = this.chosen?.entry;
    const below = within(image, path);
    const entry = below[from.index] ? from : found && image.entries[found.index] === found && below[found.index] ? found : directory;
    this.tree.show(directory, entry);
    this.select({ image, entry, piece: null });
  }

  escape() {
    const directory = this.tree.directory;
    if (directory.parent >= 0)
      this.open(this.model.image.entries[directory.parent]);
    else
      this.select(null);
  }

  draw() {
    for (const map of this.maps)
      map.draw();
    this.tree.draw();
    const row = this.maps[0].row;
    element("flash-note").replaceChildren(sizeNode(row), " per row, to scale");
    this.mark();
  }
}

// --- Search

function startSearch(app) {
  const input = element("search"), list = element("results");
  const entries = app.model.image.entries.slice(1);
  const close = () => { list.hidden = true; };
  const choose = (entry) => {
    close();
    app.say(`${entry.path} is selected`);
    app.select({ image: app.model.image, entry, piece: null });
    if (!app.tree.boxes.some((box) => !box.rest && box.entry === entry))
      app.open(app.model.image.entries[entry.parent]);
  };
  const find = () => {
    const text = input.value.toLowerCase();
    const found = text ? entries.filter((entry) => entry.path.toLowerCase().includes(text)) : [];
    found.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
    app.hits = text ? new Set(found.map((entry) => entry.path)) : null;
    element("found").textContent = text ? `${count(found.length, "entry", "entries")} found` : "";
    list.replaceChildren(...found.slice(0, RESULTS).map((entry) => {
      const button = make("button", { type: "button" }, make("span", { className: "name" }, entry.path), make("small", {}, short(entry.bytes)));
      button.addEventListener("click", () => choose(entry));
      return make("li", {}, button);
    }));
    list.hidden = !found.length;
    app.mark();
  };
  input.addEventListener("input", find);
  input.addEventListener("focus", () => { list.hidden = !list.childElementCount; });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter")
      list.querySelector("button")?.click();
    else if (event.key === "ArrowDown")
      list.querySelector("button")?.focus();
    else
      return;
    event.preventDefault();
  });
  list.addEventListener("keydown", (event) => {
    const item = event.target.closest("li");
    const next = event.key === "ArrowDown" ? item.nextElementSibling : event.key === "ArrowUp" ? item.previousElementSibling || input : null;
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp")
      return;
    event.preventDefault();
    (next?.querySelector?.("button") || next)?.focus();
  });
  addEventListener("pointerdown", (event) => { if (!event.target.closest(".search")) close(); });
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && event.target.closest(".search")) {
      event.preventDefault();
      input.value = "";
      find();
      input.focus();
    } else if (event.key === "Escape" && !typing)
      app.escape();
  });
}

// --- Summary

function bar(parts, whole) {
  return make("div", { className: "stack", "aria-hidden": "true" }, ...parts.filter(([, bytes]) => bytes).map(([name, bytes]) =>
    make("i", { className: name, style: `width:${bytes * 100 / whole}%` })));
}

function tile(title, figure, ...rest) {
  return make("div", { className: "tile" }, make("h2", {}, title), make("p", { className: "figure" }, figure), ...rest);
}

// The files with the largest value, each with a bar.
function leaders(app, image, entries, value, text, look) {
  const largest = Math.max(1, ...entries.map((entry) => Math.abs(value(entry))));
  return make("ol", { className: "leaders" }, ...entries.map((entry) => {
    const button = make("button", { type: "button", title: `${entry.path}\n${exact(value(entry))}`,
      "aria-label": `${entry.path}: ${text(value(entry))}` }, make("span", { className: "name" }, entry.name), make("small", {}, text(value(entry))),
      make("i", { className: `bar ${look(entry)}`, style: `width:${Math.abs(value(entry)) * 100 / largest}%` }));
    button.addEventListener("click", () => app.select({ image, entry, piece: null }));
    return make("li", {}, button);
  }));
}

function sinceNode(now, then) {
  return make("p", {}, ...(now === then ? ["as much as before"]
    : [sizeNode(Math.abs(now - then)), now > then ? " more than before" : " less than before"]));
}

function fullTile({ model }) {
  const { image, before, partition, kinds } = model;
  const total = Math.max(partition, image.size);
  const stack = bar([...image.kinds.map((bytes, i) => [kinds[i].name, bytes]), ["free", total - image.size]], total);
  const since = before ? sinceNode(image.size, before.size) : null;
  if (!partition)
    return tile("How full", sizeNode(image.size), stack, make("p", {}, "the image; give --partition to see the room"), since);
  const over = image.size - partition;
  return tile("How full", percent(image.size, partition), stack, over > 0
    ? make("p", { className: "alarm" }, sizeNode(over), " more than the partition holds")
    : make("p", {}, sizeNode(image.size), " of ", sizeNode(partition), ", ", sizeNode(-over), " free"), since);
}

function whoTile(app) {
  const { image, kind } = app.model;
  const files = image.entries.filter((entry) => !entry.directory && entry.bytes).sort((a, b) => b.bytes - a.bytes);
  const top = files.slice(0, 3);
  const sum = top.reduce((bytes, entry) => bytes + entry.bytes, 0);
  const figure = make("span", {}, percent(sum, image.size), make("small", {}, ` in ${count(top.length, "file")} of ${files.length.toLocaleString("en")}`));
  return tile("What takes the space", figure, leaders(app, image, top, (entry) => entry.bytes, short, (entry) => placement(entry, kind)));
}

function placeTile({ model }) {
  const { image, before, kind } = model;
  const programs = image.programs.map(([index]) => image.entries[index]);
  const inPlace = programs.filter((entry) => entry.kinds[kind.xip]).length;
  const bytes = image.kinds[kind.xip];
  return tile("Runs in place", sizeNode(bytes), bar([["xip", bytes], ["free", image.size - bytes]], image.size),
    make("p", {}, `${percent(bytes, image.size)} of the image; ${inPlace.toLocaleString("en")} of ${programs.length.toLocaleString("en")} programs and libraries`),
    image.ram.pagewise ? make("p", {}, `${count(image.hot, "hot page")} in place, ${count(image.cold, "cold one")} compressed`) : null,
    before ? sinceNode(bytes, before.kinds[kind.xip]) : null);
}

function ramTile({ model }) {
  const { ram } = model.image, { before } = model, plain = ram.used + ram.saved;
  return tile("RAM saved", sizeNode(ram.saved), bar([["xip", ram.saved], ["free", ram.used]], plain || 1),
    make("p", {}, sizeNode(ram.used), " instead of ", sizeNode(plain), ", each program running once"),
    before ? sinceNode(ram.saved, before.ram.saved) : null);
}

// All files that differ in bytes, including those that are gone.
function changedFiles({ image, before }) {
  const rows = image.entries.filter((entry) => !entry.directory && entry.change !== "same")
    .map((entry) => ({ entry, delta: entry.bytes - entry.was, was: entry.was, now: entry.bytes }));
  for (const entry of before.entries)
    if (!entry.directory && entry.change === "gone")
      rows.push({ entry, delta: -entry.bytes, was: entry.bytes, now: 0 });
  return rows;
}

function grownTile(app) {
  const { image, before } = app.model;
  const grown = image.entries.filter((entry) => !entry.directory && entry.bytes > entry.was)
    .sort((a, b) => (b.bytes - b.was) - (a.bytes - a.was));
  return tile("What grew", sizeNode(image.size - before.size, signed),
    grown.length ? leaders(app, image, grown.slice(0, 3), (entry) => entry.bytes - entry.was, signed, (entry) => `change-${entry.change}`)
      : make("p", {}, "no file"));
}

// --- Legends and tables

function legend(box, items) {
  box.append(...items.map(([look, text, bytes]) => make("li", {}, make("i", { className: `swatch ${look}` }), text,
    bytes === undefined ? null : sizeNode(bytes))));
}

function startLegends({ model }) {
  const { image, before, partition, kinds, kind } = model;
  const files = image.entries.filter((entry) => !entry.directory && entry.bytes);
  const sums = (key) => {
    const all = {};
    for (const entry of files)
      all[key(entry)] = (all[key(entry)] || 0) + entry.bytes;
    return all;
  };
  const bytes = image.kinds.map((sum, i) => kinds[i].name === "free" ? Math.max(0, partition - image.size) : sum);
  legend(element("legend"), kinds.map((one, i) => [`of-kind ${one.name}`, one.text, bytes[i]])
    .filter(([, , sum], i) => sum || before && before.kinds[i]));
  legend(element("tree-legend"), DATA.filter((name) => image.kinds[kind[name]])
    .map((name) => [`of-kind ${name}`, kinds[kind[name]].text, image.kinds[kind[name]]]));
  if (before) {
    const changed = sums((entry) => entry.change);
    changed.gone = before.entries.reduce((sum, entry) => sum + (entry.change === "gone" && !entry.directory ? entry.bytes : 0), 0);
    for (const id of ["legend", "tree-legend"])
      legend(element(id), [...Object.keys(CHANGES).filter((name) => changed[name] && !(name === "gone" && id === "tree-legend"))
        .map((name) => [`change-${name}`, CHANGES[name], changed[name]]),
      ...(id === "legend" ? [["change-none", "of no file"]] : [])]);
  }
  legend(element("tree-legend"), [["frame", "directory"], ["closed", "directory too small to open"], ["rest", "smaller files together"]]);
}

function startColours() {
  const box = element("colours");
  const set = (name) => {
    document.body.dataset.colours = name;
    for (const button of box.children)
      button.setAttribute("aria-pressed", String(button.value === name));
    for (const swatch of document.querySelectorAll(".legend .swatch"))
      swatch.parentNode.hidden = name === "change" ? swatch.matches(".of-kind") : swatch.matches("[class*=change-]");
  };
  for (const [value, text] of [["change", "what grew"], ["kind", "kind"]]) {
    const button = make("button", { type: "button", value }, text);
    button.addEventListener("click", () => set(value));
    box.append(button);
  }
  box.hidden = false;
  set("change");
}

function ramTable(app) {
  const { ram, entries } = app.model.image, rows = ram.programs.map(([index]) => entries[index].ram);
  const column = (name, key, look) => ({ name, value: (row) => row[key], bar: look });
  const pages = (key) => ({ name: `${key} pages`, value: (row) => row.entry.program[key],
    text: (row) => row.entry.program[key].toLocaleString("en") });
  return new Table(element("ram"), app, { title: "RAM",
    note: `How much each program takes on a kernel with${ram.mmu ? "" : "out"} an MMU${ram.pagewise ? " that maps page by page" : ""}; heap and kernel objects are not counted.`,
    columns: [{ name: "program", value: (row) => row.entry.path,
      text: (row) => row.missing.length ? ` missing: ${row.missing.join(", ")}` : "" },
    column("saved", "saved", () => "xip"), column("first process", "first"), column("each further", "further"),
    column("first, nothing in place", "plain"), column("in flash", "flash"), ...(ram.pagewise ? [pages("hot"), pages("cold")] : [])],
    total: ["All, each running once, what they share counted once", ram.saved, ram.used, null, ram.used + ram.saved, ram.saved,
      ...(ram.pagewise ? [null, null] : [])],
    noun: "program", rows, sort: 1, empty: "There is no program in this image." });
}

function changesTable(app) {
  const rows = changedFiles(app.model), sum = (key) => rows.reduce((bytes, row) => bytes + row[key], 0);
  return new Table(element("changes"), app, { title: "Changes",
    note: "Files that take more or fewer bytes of the image than before.",
    columns: [{ name: "file", value: (row) => row.entry.path },
      { name: "change", value: (row) => row.delta, format: signed, bar: (row) => `change-${row.entry.change}` },
      { name: "before", value: (row) => row.was }, { name: "now", value: (row) => row.now }],
    total: ["All of them", sum("delta"), sum("was"), sum("now")],
    noun: "file", rows, sort: 1, empty: "No file takes more or fewer bytes than before." });
}

function start() {
  const model = readModel(), app = new App(model), { image, before } = model;
  element("title").textContent = image.path;
  element("facts").replaceChildren(sizeNode(image.size), `, ${count(image.entries.length, "entry", "entries")}, pages of `,
    sizeNode(image.page, (bytes) => `${bytes >> 10}\u00a0KiB`), `, ${image.big ? "big" : "little"}-endian`, model.flash ? `, in flash at ${hex(model.flash)}` : "",
    before ? `; compared with ${before.path}` : "");
  element("tiles").append(fullTile(app), whoTile(app), placeTile(app), ramTile(app), ...(before ? [grownTile(app)] : []));
  startLegends(app);
  if (before) {
    startColours();
    app.tables.push(changesTable(app));
  }
  app.tables.push(ramTable(app));
  app.draw();
  app.select(null);
  startSearch(app);
  app.follow();
  addEventListener("hashchange", () => app.follow());
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width !== innerWidth)
      app.draw();
    width = innerWidth;
  });
}

start();
