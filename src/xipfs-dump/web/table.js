// SPDX-License-Identifier: GPL-2.0-or-later
// A table that can be sorted and filtered, and shows the first rows until asked for all.
"use strict";

const TABLE_TOP = 20;

class Table {
  // columns: { name, value(row), text(row)?, bar? }, the first is the entry; total: a cell for each, or null
  constructor(box, app, { title, note, columns, rows, noun, total, sort, empty }) {
    Object.assign(this, { box, app, columns, rows, noun, sort, total, descending: true, all: false, filter: "" });
    const id = box.id + "-head";
    box.setAttribute("aria-labelledby", id);
    box.hidden = false;
    box.replaceChildren(make("div", { className: "head" }, make("h2", { id }, title), make("p", { className: "quiet" }, note)));
    if (!rows.length) {
      box.append(make("p", {}, empty));
      return;
    }
    this.largest = columns.map((column) => column.bar ? Math.max(1, ...rows.map((row) => Math.abs(column.value(row)))) : 0);
    const input = make("input", { type: "search", placeholder: "part of a path", id: box.id + "-filter" });
    input.addEventListener("input", () => { this.filter = input.value.toLowerCase(); this.draw(); });
    this.shown = make("span", { className: "quiet", role: "status" });
    this.more = make("button", { type: "button" });
    this.more.addEventListener("click", () => { this.all = !this.all; this.draw(); });
    this.body = make("tbody");
    this.heads = columns.map((column, i) => {
      const button = make("button", { type: "button" }, column.name);
      button.addEventListener("click", () => this.sortBy(i));
      return make("th", { scope: "col" }, button);
    });
    box.firstChild.append(make("label", { htmlFor: input.id }, "Filter ", input), this.shown);
    box.append(make("table", { "aria-labelledby": id }, make("thead", {}, make("tr", {}, ...this.heads)), this.body,
      total ? make("tfoot", {}, make("tr", {}, ...columns.map((column, i) => this.cell(column, i, null)))) : null),
    this.more);
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr")?.row;
      if (row)
        app.select({ image: app.imageOf(row.entry), entry: row.entry, piece: null });
    });
    this.draw();
  }

  sortBy(index) {
    this.descending = this.sort === index ? !this.descending : index > 0;
    this.sort = index;
    this.draw();
  }

  cell(column, i, row) {
    const head = i === 0;
    const cell = make(head ? "th" : "td", head ? { scope: "row" } : { "data-name": column.name });
    if (head)
      cell.append(row ? make("button", { type: "button", className: "name" }, row.entry.path) : this.total[0],
        row && column.text ? make("span", { className: "quiet" }, column.text(row)) : "");
    else {
      const value = row ? column.value(row) : this.total[i];
      cell.append(value === null ? "" : column.text && row ? column.text(row) : sizeNode(value, column.format || short));
      if (row && column.bar)
        cell.append(make("span", { className: `bar ${column.bar(row)}`, "aria-hidden": "true",
          style: `width:${Math.abs(value) * 100 / this.largest[i]}%` }));
    }
    return cell;
  }

  draw() {
    const column = this.columns[this.sort], way = this.descending ? -1 : 1;
    const hits = this.rows.filter((row) => row.entry.path.toLowerCase().includes(this.filter))
      .sort((a, b) => {
        const one = column.value(a), two = column.value(b);
        return one < two ? -way : one > two ? way : a.entry.path < b.entry.path ? -1 : 1;
      });
    const chosen = this.app.chosen?.entry?.path;
    const shown = hits.filter((row, i) => this.all || i < TABLE_TOP || row.entry.path === chosen);
    this.body.replaceChildren(...shown.map((row) => {
      const line = make("tr", {}, ...this.columns.map((one, i) => this.cell(one, i, row)));
      line.row = row;
      return line;
    }));
    this.heads.forEach((head, i) => {
      head.setAttribute("aria-sort", i !== this.sort ? "none" : this.descending ? "descending" : "ascending");
    });
    this.shown.textContent = hits.length === this.rows.length && shown.length === hits.length ? count(hits.length, this.noun)
      : `${shown.length.toLocaleString("en")} of ${count(hits.length, this.noun)}`;
    this.more.hidden = hits.length <= TABLE_TOP;
    this.more.textContent = this.all ? `Show the first ${TABLE_TOP}` : `Show all ${hits.length.toLocaleString("en")}`;
    this.paint();
  }

  paint() {
    const chosen = this.app.chosen?.entry?.path;
    for (const line of this.body.rows) {
      const same = line.row.entry.path === chosen;
      line.classList.toggle("linked", same);
      if (same)
        line.setAttribute("aria-current", "true");
      else
        line.removeAttribute("aria-current");
    }
  }

  // What is chosen elsewhere is shown, even when it is not among the first.
  mark() {
    if (!this.body)
      return;
    const chosen = this.app.chosen?.entry?.path;
    const there = [...this.body.rows].some((line) => line.row.entry.path === chosen);
    if (!there && this.rows.some((row) => row.entry.path === chosen) || this.body.rows.length > TABLE_TOP && !this.all)
      this.draw();
    else
      this.paint();
  }
}
