// SPDX-License-Identifier: GPL-2.0-or-later
// All that is known of a file or a piece of the flash, next to the pictures.
"use strict";

const SHOWN = 8; // places listed one by one

class Details {
  constructor(box, app) {
    Object.assign(this, { box, app });
  }

  show(target) {
    this.box.classList.toggle("idle", !target);
    if (!target) {
      const key = (...names) => names.map((name) => make("kbd", {}, name));
      this.box.replaceChildren(make("h2", {}, "Nothing selected"), make("ul", { className: "quiet" },
        make("li", {}, "Point at a piece or a file to see what it is."),
        make("li", {}, "Click it, or move there with ", ...key("Tab", "\u2190", "\u2192"), ", to mark it everywhere."),
        make("li", {}, ...key("Enter"), " or a click opens a directory, ", ...key("Esc"), " goes up."),
        make("li", {}, ...key("/"), " finds a file.")));
      return;
    }
    const { image, entry, piece } = target;
    const parts = entry ? this.entryParts(image, entry) : [];
    if (piece)
      parts.push(...this.pieceParts(image, piece, entry));
    else if (entry && !entry.directory)
      parts.push(...this.places("Where", entry.extents));
    this.box.replaceChildren(...parts);
  }

  facts(rows) {
    return make("dl", {}, ...rows.filter(Boolean).flatMap(([name, ...value]) => [make("dt", {}, name), make("dd", {}, ...value)]));
  }

  entryParts(image, entry) {
    const kinds = this.app.model.kinds;
    const shares = entry.first >= 0 ? image.entries[entry.first] : null;
    const rows = [
      image === this.app.model.before ? ["Image", image.path] : null,
      ["In the image", sizeNode(entry.bytes), `, ${percent(entry.bytes, image.size)}`],
      ...entry.kinds.map((bytes, kind) => bytes ? [this.swatch(kind), sizeNode(bytes)] : null),
      this.app.model.before ? ["Change", entry.change === "same" ? "none" : sizeNode(image === this.app.model.before ? -entry.bytes : entry.bytes - entry.was, signed),
        entry.change === "same" ? "" : `, ${changeText(entry)}`] : null,
      entry.directory ? ["Entries", entry.below.toLocaleString("en")] : ["Size", sizeNode(entry.size)],
      shares ? ["Data", `those of ${shares.path}`] : null,
      ["Mode", make("code", {}, modeText(entry.mode))],
    ];
    if (entry.ram)
      rows.push(["RAM saved", sizeNode(entry.ram.saved)], ["First process", sizeNode(entry.ram.first)],
        ["Each further", sizeNode(entry.ram.further)],
        entry.ram.block ? ["Largest block", sizeNode(entry.ram.block)] : null,
        entry.ram.missing.length ? ["Missing", entry.ram.missing.join(", ")] : null);
    if (entry.program && entry.program.why)
      rows.push(["Not all in place", entry.program.why]);
    if (image.ram.pagewise && entry.program && entry.program.hot + entry.program.cold)
      rows.push(["Hot pages", `${entry.program.hot.toLocaleString("en")}, in place`],
        ["Cold pages", `${entry.program.cold.toLocaleString("en")}, compressed`]);
    return [make("h2", { className: "name" }, entry.path), this.facts(rows)];
  }

  swatch(kind) {
    const { name, text } = this.app.model.kinds[kind];
    return make("span", {}, make("i", { className: `swatch ${name}` }), text);
  }

  range(start, length) {
    const flash = this.app.model.flash;
    return make("span", {}, make("code", {}, `${hex(flash + start)} \u2013 ${hex(flash + start + length - 1)}`), ", ", sizeNode(length),
      flash ? `, offset ${hex(start, 1)}` : "");
  }

  pieceParts(image, piece, entry) {
    if (!piece.extents.length)
      return [make("h2", {}, "free"), make("p", {}, this.range(piece.start, piece.length))];
    const owners = new Set(piece.extents.map((extent) => extent.owner));
    const title = entry ? "This piece" : owners.size > 1 ? piece.name : this.app.model.kinds[piece.kind].text;
    return [make("h3", {}, title), make("p", {}, this.range(piece.start, piece.length)),
      ...this.places(null, piece.extents, !entry)];
  }

  // @named: the extents belong to several, so that each names its own
  places(title, extents, named) {
    if (!extents.length)
      return [];
    const items = extents.slice(0, SHOWN).map((extent) => make("li", {},
      make("i", { className: `swatch ${this.app.model.kinds[extent.kind].name}` }), this.describe(extent, named || !title),
      title || named ? make("div", {}, this.range(extent.start, extent.length)) : ""));
    if (extents.length > SHOWN)
      items.push(make("li", { className: "quiet" }, `and ${(extents.length - SHOWN).toLocaleString("en")} more`));
    return [title ? make("h3", {}, title) : null, make("ul", { className: "places" }, ...items)].filter(Boolean);
  }

  describe(extent, named) {
    const parts = [this.app.model.kinds[extent.kind].text];
    if (named && extent.owner)
      parts[0] += ": " + extent.owner.path;
    if (extent.blocks === 1)
      parts.push(`block ${extent.block}`);
    else if (extent.blocks)
      parts.push(`blocks ${extent.block}\u2013${extent.block + extent.blocks - 1}`);
    for (const [permissions, address, first, pages] of extent.blocks && extent.owner?.program ? extent.owner.program.segments : [])
      if (extent.block < first + pages && first < extent.block + extent.blocks)
        parts.push(`segment ${permissions} at ${hex(address)}`);
    if (extent.sharers)
      parts.push(`shared with ${extent.sharers.toLocaleString("en")} more`);
    return parts.join(", ");
  }
}
