// SPDX-License-Identifier: GPL-2.0-or-later
"use strict";

const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 20, PageUp: -20 };

// The map: one piece is chosen at a time, by pointer or by the arrow keys.
(() => {
  const pieces = [...document.querySelectorAll("#pieces path")];
  const panel = document.getElementById("piece");
  let chosen = -1;

  function choose(index, focus) {
    if (index < 0 || index >= pieces.length)
      return;
    if (chosen >= 0) {
      pieces[chosen].classList.remove("chosen");
      pieces[chosen].tabIndex = -1;
    }
    chosen = index;
    pieces[index].classList.add("chosen");
    pieces[index].tabIndex = 0;
    panel.textContent = pieces[index].querySelector("title").textContent;
    if (focus)
      pieces[index].focus();
  }

  pieces.forEach((piece, index) => {
    piece.tabIndex = index ? -1 : 0;
    piece.setAttribute("role", "img");
    piece.setAttribute("aria-label", piece.querySelector("title").textContent);
    piece.addEventListener("pointerenter", () => choose(index, false));
    piece.addEventListener("focus", () => choose(index, false));
    piece.addEventListener("keydown", (event) => {
      let next = index + (steps[event.key] || 0);
      if (event.key === "Home")
        next = 0;
      else if (event.key === "End")
        next = pieces.length - 1;
      else if (next === index)
        return;
      event.preventDefault();
      choose(Math.max(0, Math.min(pieces.length - 1, next)), true);
    });
  });
})();

// The treemap: the bytes that each directory and file takes in the image.
(() => {
  const data = JSON.parse(document.getElementById("files").textContent);
  const box = document.getElementById("tree");
  const where = document.getElementById("where");
  const root = { name: "", bytes: 0, children: new Map(), parent: null };

  for (const [path, bytes, xip] of data.files) {
    let node = root;
    for (const name of path.split("/").filter(Boolean)) {
      if (!node.children.has(name))
        node.children.set(name, { name, bytes: 0, xip: 0, children: new Map(), parent: node });
      node = node.children.get(name);
    }
    node.own = bytes;
    node.xip = xip;
    for (let up = node; up; up = up.parent)
      up.bytes += bytes;
  }

  function pathOf(node) {
    return node.parent ? pathOf(node.parent).replace(/\/$/, "") + "/" + node.name : "/";
  }

  // Squarified: fills rows along the shorter side as long as that makes squares squarer.
  function layOut(nodes, x, y, width, height, place) {
    let total = nodes.reduce((sum, node) => sum + node.bytes, 0);
    let from = 0;
    while (from < nodes.length && total > 0 && width > 0 && height > 0) {
      const side = Math.min(width, height), scale = width * height / total;
      let row = 0, to = from, worst = Infinity;
      while (to < nodes.length) {
        const sum = (row + nodes[to].bytes) * scale;
        const thick = sum / side;
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

  function label(node) {
    const kind = node.children.size ? node.children.size + " entries"
      : node.xip ? node.xip.toLocaleString("en") + " bytes in place" : "compressed or stored";
    return `${pathOf(node)}: ${node.bytes.toLocaleString("en")} bytes, ${kind}`;
  }

  function byBytes(directory) {
    return [...directory.children.values()].filter((node) => node.bytes > 0)
      .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  }

  // A directory that has room shows what is in it, below a strip with its name.
  const strip = 16, inside = 40;

  function draw(directory, left, top, wide, high) {
    layOut(byBytes(directory), left, top, wide, high, (node, x, y, width, height) => {
      if (width < 3 || height < 3)
        return; // too small to see or to hit
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = box.childElementCount ? -1 : 0;
      button.className = node.children.size ? "directory" : node.xip ? "xip" : "packed";
      button.style.cssText = `left:${x}px;top:${y}px;width:${width}px;height:${height}px`;
      button.title = label(node);
      button.setAttribute("aria-label", button.title);
      if (width > 30 && height > 12)
        button.textContent = node.name + (node.children.size ? "/" : "");
      if (node.children.size)
        button.addEventListener("click", () => { show(node); where.querySelector("button")?.focus(); });
      box.append(button);
      if (node.children.size && width > inside && height > inside)
        draw(node, x + 2, y + strip, width - 4, height - strip - 2);
    });
  }

  function show(directory) {
    box.replaceChildren();
    draw(directory, 0, 0, box.clientWidth, box.clientHeight);
    where.replaceChildren();
    const trail = [];
    for (let up = directory.parent; up; up = up.parent)
      trail.unshift(up);
    for (const up of trail) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = up.name || "/";
      button.addEventListener("click", () => show(up));
      where.append(button, " › ");
    }
    where.append(`${directory.name || "/"}: ${directory.bytes.toLocaleString("en")} bytes`);
    current = directory;
  }

  // One stop for the tab key, as the map is: the arrow keys go from box to box.
  function moveTo(button) {
    for (const other of box.querySelectorAll('[tabindex="0"]'))
      other.tabIndex = -1;
    button.tabIndex = 0;
  }

  box.addEventListener("focusin", (event) => moveTo(event.target));
  box.addEventListener("keydown", (event) => {
    const ends = { Home: box.firstElementChild, End: box.lastElementChild };
    const next = steps[event.key] > 0 ? event.target.nextElementSibling
      : steps[event.key] < 0 ? event.target.previousElementSibling : ends[event.key];
    if (!next)
      return;
    event.preventDefault();
    next.focus();
  });

  let current = root;
  show(root);
  addEventListener("resize", () => show(current));
  addEventListener("beforeprint", () => show(current));
})();
