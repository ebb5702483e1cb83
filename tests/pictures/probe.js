// SPDX-License-Identifier: GPL-2.0-or-later
// Put at the end of a page of xipfs-dump --html: uses it as a reader would, and leaves a line for
// each thing that is not as it should be in an element "verdict", "fine" when there is none.
"use strict";

(() => {
  const faults = [];
  const claim = (holds, what) => { if (!holds) faults.push(what); };
  const press = (element, key) =>
    element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const captionOf = (piece) => piece.querySelector("title").textContent;

  // The map: pieces follow each other without gaps, each can be chosen, and the keys move.
  const pieces = [...document.querySelectorAll("#pieces path")];
  const panel = document.getElementById("piece");
  let end = null, bytes = 0;
  claim(pieces.length > 2, "there are hardly any pieces");
  for (const piece of pieces) {
    const [, start, last, length] = /^0x([0-9a-f]+) - 0x([0-9a-f]+), (\d+) byte/.exec(captionOf(piece)) || [];
    claim(end === null || parseInt(start, 16) === end, `a gap or overlap before 0x${start}`);
    end = parseInt(last, 16) + 1;
    claim(end - parseInt(start, 16) === Number(length), `0x${start}: its length is wrong`);
    bytes += Number(length);
    claim(piece.getBBox().width > 0, `0x${start}: nothing is drawn`);
  }
  claim(pieces.filter((piece) => piece.tabIndex === 0).length === 1, "the map is not one tab stop");
  pieces[0].focus();
  claim(document.activeElement === pieces[0], "a piece takes no focus");
  claim(panel.textContent === captionOf(pieces[0]), "focus does not name the piece");
  press(pieces[0], "ArrowRight");
  claim(document.activeElement === pieces[1], "ArrowRight does not move");
  claim(panel.textContent === captionOf(pieces[1]), "ArrowRight does not name the piece");
  press(pieces[1], "ArrowLeft");
  claim(document.activeElement === pieces[0], "ArrowLeft does not move");
  press(pieces[0], "End");
  claim(document.activeElement === pieces.at(-1), "End does not move");
  press(pieces.at(-1), "Home");
  claim(document.activeElement === pieces[0], "Home does not move");
  const middle = pieces[pieces.length >> 1];
  middle.dispatchEvent(new PointerEvent("pointerenter"));
  claim(panel.textContent === captionOf(middle), "pointing does not name the piece");
  claim(getComputedStyle(middle).strokeWidth === "2px", "the chosen piece does not show");

  // The treemap: boxes lie inside it, those of one level do not overlap, keys and clicks work.
  const tree = document.getElementById("tree"), where = document.getElementById("where");
  const boxes = () => [...tree.children];
  const frame = tree.getBoundingClientRect();
  for (const box of boxes()) {
    const at = box.getBoundingClientRect();
    claim(at.left >= frame.left - 1 && at.right <= frame.right + 1 && at.top >= frame.top - 1 &&
      at.bottom <= frame.bottom + 1, `${box.title} sticks out`);
    claim(/^\/.*: [\d,]+ bytes, /.test(box.title), `"${box.title}" does not say enough`);
  }
  const files = boxes().filter((box) => box.className !== "directory");
  const limit = Math.min(files.length, 400);
  for (let i = 0; i < limit; i++)
    for (let k = 0; k < i; k++) {
      const a = files[i].getBoundingClientRect(), b = files[k].getBoundingClientRect();
      claim(a.left > b.right - 1 || b.left > a.right - 1 || a.top > b.bottom - 1 || b.top > a.bottom - 1,
        `${files[i].title} overlaps ${files[k].title}`);
    }
  claim(boxes().filter((box) => box.tabIndex === 0).length === 1, "the treemap is not one tab stop");
  boxes()[0].focus();
  press(boxes()[0], "ArrowRight");
  claim(document.activeElement === boxes()[1], "ArrowRight does not move in the treemap");
  claim(boxes()[1].tabIndex === 0 && boxes()[0].tabIndex === -1, "the tab stop does not move along");
  const count = boxes().length;
  const directory = boxes().find((box) => box.className === "directory");
  const path = directory.title.split(":")[0];
  directory.click();
  claim(where.textContent.includes(path.split("/").at(-1)), `a click does not open ${path}`);
  claim(boxes().every((box) => box.title.startsWith(path + "/")), `${path} shows what is not below it`);
  claim(where.contains(document.activeElement), "focus is lost when a directory opens");
  where.querySelector("button").click();
  claim(boxes().length === count, "there is no way back");

  const out = document.createElement("pre");
  out.id = "verdict";
  out.textContent = [`bytes ${bytes}`, `pieces ${pieces.length}`, `boxes ${count}`,
    `bold ${document.querySelectorAll("b, i").length}`, ...(faults.length ? faults : ["fine"])].join("\n");
  document.body.append(out);
})();
