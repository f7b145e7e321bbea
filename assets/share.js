// What the stage keeps and gives away: turns by name, a link, a picture of the list.
function button(className, parent, text, onClick) {
  const made = element("button", className, parent, text);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

function shareMenu(stage, tools) {
  const state = stage.state;
  const open = button("", tools, "Keep & share", () => {
    menu.togglePopover();
    const { right, bottom } = open.getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(right, window.innerWidth - 8) - menu.offsetWidth)}px`;
    menu.style.top = `${Math.max(8, Math.min(bottom + 6, window.innerHeight - menu.offsetHeight - 8))}px`;
  });
  open.setAttribute("aria-haspopup", "true");
  const menu = state.menu = Object.assign(element("div", "menu", stage), { popover: "auto" });
  const form = element("form", "keep", menu);
  const name = Object.assign(element("input", "", form), { type: "text", placeholder: "Name these turns", maxLength: 40, required: true });
  name.setAttribute("aria-label", "Name these turns");
  state.keeps = Object.assign(element("button", "", form, "Keep"), { type: "submit" });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (name.value.trim()) state.send("keep", { name: name.value.trim() });
    name.value = "";
  });
  state.kept = element("div", "kept", menu);
  const act = (text, run) => {
    const made = button("act", menu, text, async () => {
      const said = await run();
      made.textContent = said ?? text;
      if (said) setTimeout(() => { made.textContent = text; }, 2000);
    });
    return made;
  };
  act("Copy link", async () => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      return "Copied";
    } catch {
      return "Copy it from the address bar";  // neither https nor localhost: the clipboard is closed
    }
  });
  act("Picture of the list (PNG)", async () => {
    give(await picture(state), "list.png");
    return "Saved";
  });
  state.asFile = act("My turns as a file", () => give(new Blob([JSON.stringify(state.data.kept_file, null, 1)], { type: "application/json" }), "turns.json"));
  const file = Object.assign(element("input", "spoken", menu), { type: "file", accept: ".json,application/json", tabIndex: -1 });
  file.setAttribute("aria-label", "A file of turns");
  file.addEventListener("change", async () => {
    if (file.files.length) state.send("bring", { text: (await file.files[0].text()).slice(0, 100000) });
    file.value = "";
  });
  act("Open a file of turns", () => file.click());
}

function showKept({ state }, data) {
  const names = Object.keys(data.kept_file);
  state.kept.replaceChildren(...names.map((name) => {
    const line = element("div", "line-of");
    button("act", line, `★ ${name}`, () => state.send("recall", { name }));
    button("off", line, "×", () => state.send("forget", { name })).setAttribute("aria-label", `Forget ${name}`);
    return line;
  }));
  state.keeps.disabled = !data.turned;
  state.keeps.title = data.turned ? "" : "Nothing is turned yet";
  state.asFile.hidden = !names.length;
}

function give(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// The list as a PNG: who it is for, what is turned, posters with titles. Drawn here; nothing is sent anywhere.
async function picture({ data, list, posters }) {
  const columns = Math.min(6, Math.max(list.items.length, 3)), size = 200, gap = 24, edge = 40, head = 120, foot = 66;
  const rows = Math.ceil(list.items.length / columns);
  const canvas = Object.assign(document.createElement("canvas"), { width: 2 * edge + columns * (size + gap) - gap, height: head + rows * (size + foot + gap) + 46 });
  const pen = canvas.getContext("2d"), style = getComputedStyle(posters);
  const ink = style.getPropertyValue("--st-text-color").trim() || "#1c2a30", paper = style.getPropertyValue("--st-background-color").trim() || "#fcfcfa";
  const write = (text, x, y, wide, font, shade = 1) => {
    Object.assign(pen, { fillStyle: ink, globalAlpha: shade, font: `${font} ${style.fontFamily}`, textBaseline: "alphabetic" });
    pen.fillText(fitted(pen, text, wide), x, y);
    pen.globalAlpha = 1;
  };
  pen.fillStyle = paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  write(data.who, edge, 58, canvas.width - 2 * edge, "600 28px");
  write(data.chips.map((chip) => chip.text).join("   ") || "as the model has it", edge, 92, canvas.width - 2 * edge, "400 20px", 0.75);
  const pictures = await Promise.all(list.items.map((item) => loaded(item.picture)));
  list.items.forEach((item, i) => {
    const x = edge + (i % columns) * (size + gap), y = head + Math.floor(i / columns) * (size + foot + gap);
    pen.save();
    pen.beginPath();
    pen.roundRect(x, y, size, size, 14);
    pen.clip();
    pen.fillStyle = "#8c8c8c";
    pen.fillRect(x, y, size, size);
    if (pictures[i]) cover(pen, pictures[i], x, y, size);
    pen.restore();
    write(`${i + 1}  ${item.title}`, x, y + size + 26, size, "600 18px");
    write([item.year, item.genres].filter(Boolean).join(" · "), x, y + size + 48, size, "400 15px", 0.7);
  });
  write("steered with macrid", edge, canvas.height - 22, 400, "400 15px", 0.6);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function fitted(pen, text, wide) {
  let short = text;
  while (short.length > 1 && pen.measureText(short).width > wide) short = `${short.slice(0, -2).trimEnd()}…`;
  return short;
}

function cover(pen, image, x, y, size) {
  const { naturalWidth: wide, naturalHeight: high } = image, scale = size / (Math.min(wide, high) || size);
  const [w, h] = wide && high ? [wide * scale, high * scale] : [size, size];
  pen.drawImage(image, x + (size - w) / 2, y + (size - h) / 2, w, h);  // the caller clips
}

// A picture that may be drawn, null where another site does not allow it.
function loaded(src) {
  return new Promise((done) => {
    const image = Object.assign(new Image(), { crossOrigin: "anonymous", onload: () => done(image), onerror: () => done(null) });
    image.src = src;
  });
}
