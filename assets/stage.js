// One list, and the wishes and dials that move it. Python holds the truth; while a slider is dragged the list comes from a route of the
// server, one question at a time, and what is let go is sent to Python, numbered: older answers are not taken back from it.
const PAUSE = 100;  // milliseconds between two questions, at least
const STEP = 5;
const MOST_KEPT = 300;  // cards
const ALIKE = 80;  // percent of the wish for more like an item

export default function ({ data, parentElement, setTriggerValue }) {
  drawnInstead(parentElement);
  const stage = parentElement.querySelector(".stage");
  const fresh = stage.dataset.signature !== data.signature;
  if (fresh) build(stage, data);
  const state = stage.state;
  Object.assign(state, { data, send: (what, more) => { setTriggerValue("did", { what, seq: ++state.sent, ...more }); } });
  if (data.seq >= state.sent) show(stage, data);
  if (data.earlier) remember(state, data, fresh);
  const follow = (event) => { state.dragged = event.detail; followed(state); ask(stage); };  // a dial of the board is dragged
  window.addEventListener("macrid-dials", follow);
  return () => window.removeEventListener("macrid-dials", follow);
}

// What is turned replaces the entry in the browser's history: "back" leaves the page instead of doing nothing; "Undo" takes back.
if (!window.macridReplaces) {
  window.macridReplaces = true;
  const push = window.history.pushState.bind(window.history);
  window.history.pushState = (state, unused, url) => {
    const { pathname } = new URL(url ?? "", document.baseURI), here = window.location.pathname;
    const same = here.endsWith("/steer") && (pathname === here || String(url).startsWith("?"));
    return same ? window.history.replaceState(state, unused, url) : push(state, unused, url);
  };
}

// What can be taken back is known to Python as long as the page is open; over a reload, the tab remembers it.
function remember({ send }, { query, earlier }, fresh) {
  try {
    const known = JSON.parse(sessionStorage.getItem("macrid-earlier") ?? "{}");
    if (fresh && !earlier.length && known.query === query && known.earlier.length) send("earlier", { turns: known.earlier });
    else sessionStorage.setItem("macrid-earlier", JSON.stringify({ query, earlier }));
  } catch { /* the browser keeps nothing: a reload begins anew */ }
}

function build(stage, data) {
  stage.dataset.signature = data.signature;
  stage.replaceChildren();
  const state = stage.state = { sent: data.seq, rows: new Map(), cards: new Map(), made: new Map(), busy: false, wanted: false, last: 0, holding: false };
  const scene = element("div", "scene", stage);
  const words = element("div", "words", scene);
  const form = element("form", "ask", words);
  state.input = Object.assign(element("input", "", form), { type: "text", placeholder: "Say it: newer, funnier, no horror", maxLength: 200 });
  state.input.setAttribute("aria-label", "Wishes in your own words");
  element("button", "go", form, "Wish").type = "submit";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (state.input.value.trim()) state.send("words", { text: state.input.value });
  });
  state.heard = element("p", "heard", words);
  state.presets = element("div", "presets", words);

  const list = element("section", "list", scene);
  const head = element("div", "head", list);
  state.chips = element("div", "chips", head);
  const tools = element("div", "tools", head);
  state.undo = button("", tools, "Undo", () => state.send("undo"));
  state.reset = button("", tools, "Start over", () => state.send("reset"));
  state.before = button("", tools, "Hold for before", () => {});
  state.before.title = "Shows the list as it was while you hold it";
  holdable(stage, state.before);
  shareMenu(stage, tools);
  state.posters = element("ol", "posters", list);
  state.posters.setAttribute("aria-label", "Your list");
  state.gone = element("div", "gone", list);
  state.gone.setAttribute("aria-label", "Gone from the list");
  state.live = element("div", "spoken", list);
  state.live.setAttribute("aria-live", "polite");

  const dock = element("div", "dock", scene);
  state.tabs = element("div", "tabs", dock);
  state.tabs.setAttribute("role", "group");  // on a phone one slider is shown at a time
  state.tabs.setAttribute("aria-label", "Which slider");
  state.sliders = element("div", "sliders", dock);
  state.others = element("select", "others", dock);
  state.others.setAttribute("aria-label", "Wish for something else");
  state.others.addEventListener("change", () => {
    if (state.others.value) state.send("add", { name: state.others.value });
  });
  state.dialog = element("dialog", "card", stage);
  state.dialog.addEventListener("click", (event) => { if (event.target === state.dialog) state.dialog.close(); });
}

function holdable(stage, held) {
  const set = (on) => {
    const state = stage.state;
    if (state.holding === on) return;
    state.holding = on;
    held.setAttribute("aria-pressed", on);
    paint(stage, on ? { items: state.data.before, gone: [], readings: state.list.readings } : state.list);
  };
  held.addEventListener("pointerdown", () => set(true));
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur"]) held.addEventListener(end, () => set(false));
  held.addEventListener("keydown", (event) => { if ([" ", "Enter"].includes(event.key)) { event.preventDefault(); set(true); } });
  held.addEventListener("keyup", () => set(false));
}

function show(stage, data) {
  const state = stage.state;
  state.dragged = null;
  showSliders(stage, data);
  if (document.activeElement !== state.input && state.input.getRootNode().activeElement !== state.input) state.input.value = data.said;
  state.heard.replaceChildren(...data.heard.map((text) => element("span", "got", null, text)),
    ...(data.unknown.length ? [element("span", "lost", null, `not understood: ${data.unknown.join(", ")}`)] : []));
  state.presets.replaceChildren(...Object.keys(data.kept_file).map((name) => button("", null, `★ ${name}`, () => state.send("recall", { name }))),
    ...data.presets.map((text) => button("", null, text, () => state.send("words", { text }))));
  showKept(stage, data);
  state.chips.replaceChildren(...(data.chips.length ? data.chips.map((chip) => {
    const made = button(`chip ${chip.kind}`, null, chip.text, () => state.send("drop", { kind: chip.kind, key: chip.key }));
    made.setAttribute("aria-label", `Take off: ${chip.text}`);
    return made;
  }) : [element("span", "hint", null, "As the model has it. Drag a slider, or say what you wish.")]));
  state.undo.disabled = !data.can_undo;
  state.reset.disabled = state.before.disabled = !data.turned;
  const spoken = state.list ? spokenOf(data.list) : "";
  state.list = data.list;
  if (!state.holding) paint(stage, data.list);
  if (spoken && spoken !== state.spoken) state.live.textContent = state.spoken = spoken;
}

function showSliders(stage, data) {
  const state = stage.state;
  const names = data.sliders.map(nameOf);
  if (names.join("\n") !== [...state.rows.keys()].join("\n")) {
    state.rows.clear();
    state.sliders.replaceChildren(...data.sliders.map((slider) => row(stage, slider)));
    state.tabs.replaceChildren(...data.sliders.map((shown) => {
      const name = nameOf(shown), tab = button(shown.kind, null, shown.label, () => choose(stage, name));
      tab.dataset.name = name;
      state.rows.get(name).tab = tab;
      return tab;
    }));
    state.others.replaceChildren(...["Wish for something else …", ...data.others].map((name, i) => Object.assign(
      document.createElement("option"), { value: i ? name : "", textContent: name })));
    state.others.hidden = !data.others.length;
    const turned = names.find((_, i) => data.sliders[i].value !== data.sliders[i].at);
    choose(stage, names.includes(state.chosen) ? state.chosen : turned ?? names[0]);
  }
  state.others.value = "";
  for (const slider of data.sliders) {
    const found = state.rows.get(nameOf(slider));
    Object.assign(found, { shown: slider }).slider.value = slider.value;
    fill(found);
  }
}

function nameOf({ kind, key }) {
  return `${kind} ${key}`;
}

function row(stage, shown) {
  const state = stage.state, name = nameOf(shown), [low, high] = shown.says;
  const made = element("div", `wish ${shown.kind}`);
  const head = element("div", "words-of", made);
  element("span", "low", head, shown.low);
  const called = element("span", "called", head);
  element("b", "", called, shown.label);
  if (shown.about) element("small", "", called, shown.about).title = "A dial of this intention, found by the model; the wishes are of all";
  element("span", "high", head, shown.high);
  const line = element("div", "line", made);
  const slider = document.createElement("input");
  const picture = ([src, alt], word, value, none) => {
    const end = button(none ? "end none" : "end", line, undefined, () => { slider.value = value; changed(); released(); });
    end.title = `${word}: ${alt}`;
    end.setAttribute("aria-label", `${spokenName(shown)}: ${word}, all the way`);
    Object.assign(element("img", "", end), { src, alt: word, loading: "lazy" });
  };
  picture(shown.pictures[0], low, shown.min, shown.crossed);
  const middle = element("div", "middle", line);
  middle.append(Object.assign(slider, { type: "range", min: shown.min, max: 100, step: shown.step, value: shown.value }));
  slider.setAttribute("aria-label", `${spokenName(shown)}, from ${low} to ${high}`);
  if (shown.kind === "dial") element("span", "mark", middle, "▲").ariaHidden = "true";
  const reading = element("output", "reading", middle);
  picture(shown.pictures[1], high, 100);
  const found = { shown, made, slider, reading };
  state.rows.set(name, found);
  const changed = () => { choose(stage, name); fill(found); ask(stage); };
  const released = () => {
    const value = Number(slider.value), { kind, key, at } = found.shown;
    if (kind === "dial") state.send("dial", { key, value: value === at ? null : value });
    else state.send("wish", { wishes: wishes(state) });
  };
  slider.addEventListener("input", changed);
  slider.addEventListener("change", released);
  slider.addEventListener("focus", () => choose(stage, name));
  slider.addEventListener("dblclick", () => { slider.value = found.shown.at; changed(); released(); });
  return made;
}

function spokenName({ label, about }) {
  return about ? `${label.replace("↔", "or")}, ${about}` : label;
}

function fill({ shown, slider, made, tab }) {
  const value = Number(slider.value), { at, min, says: [low, high] } = shown;
  const place = (of) => `calc(10px + (100% - 20px) * ${(of - min) / (100 - min)})`;  // where the middle of the thumb is
  slider.style.setProperty("--from", place(Math.min(value, at)));
  slider.style.setProperty("--to", place(Math.max(value, at)));
  made.style.setProperty("--at", place(at));
  const stands = shown.kind === "dial" ? `${value} % of the way from ${low} to ${high}` : `${value > 0 ? high : low}, ${Math.abs(value)} %`;
  slider.setAttribute("aria-valuetext", value === at ? "as you like it" : stands);
  made.classList.toggle("turned", value !== at);
  tab?.classList.toggle("turned", value !== at);
}

function choose(stage, name) {
  const state = stage.state;
  state.chosen = name;
  for (const [each, { made }] of state.rows) made.classList.toggle("chosen", each === name);
  for (const tab of state.tabs.children) {
    tab.classList.toggle("chosen", tab.dataset.name === name);
    tab.setAttribute("aria-pressed", tab.dataset.name === name);
  }
}

// Wishes and dials as they stand here: those of the sliders, and those of others that have none.
function wishes(state) {
  return standing(state, "wish", Object.fromEntries(state.data.chips.filter((chip) => chip.kind === "wish").map((chip) => [chip.key, chip.value])));
}

function dials(state) {
  return standing(state, "dial", state.dragged ?? Object.fromEntries(state.data.chips.filter((chip) => chip.kind === "dial").map((chip) => [chip.key, chip.value])));
}

function standing(state, kind, others) {
  const all = { ...others };
  for (const { shown, slider } of state.rows.values()) {
    if (shown.kind !== kind) continue;
    if (Number(slider.value) === shown.at) delete all[shown.key];
    else all[shown.key] = Number(slider.value);
  }
  return all;
}

// The sliders of dials go along with the board.
function followed({ rows, dragged }) {
  for (const found of rows.values()) {
    if (found.shown.kind !== "dial") continue;
    found.slider.value = dragged[found.shown.key] ?? found.shown.at;
    fill(found);
  }
}

function text(all) {
  return Object.entries(all).sort().map(([name, value]) => `${encodeURIComponent(name).replaceAll("~", "%7E").replaceAll("%3A", ":")}:${value}`).join("~");
}

// What the sliders say now, as the routes are asked.
function asked(state) {
  const query = new URLSearchParams(state.data.query);
  query.set("wishes", text(wishes(state)));
  query.set("dials", Object.entries(dials(state)).map(([dial, value]) => `${dial}-${value}`).join("~"));
  return query;
}

// The list for what the sliders say now. One question at a time: while one is under way, the next waits.
async function ask(stage) {
  const state = stage.state;
  if (!state.data.live) return;
  if (state.busy) { state.wanted = true; return; }
  Object.assign(state, { busy: true, wanted: false });
  const began = performance.now(), sent = state.sent;
  const query = asked(state);
  query.set("shown", [...state.rows.values()].flatMap(({ shown }) => shown.reads).join("\n"));
  try {
    const answer = await fetch(`${state.data.live.list}?${query}`);
    if (answer.ok && sent === state.sent && !state.holding) paint(stage, state.list = await answer.json());
  } catch { /* the server is away: the page says so itself */ }
  setTimeout(() => {
    state.busy = false;
    if (state.wanted) ask(stage);
  }, Math.max(0, PAUSE - (performance.now() - began)));
}

function paint(stage, list) {
  const state = stage.state;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const cards = new Map(list.items.map((item, i) => [item.at, fillCard(cardOf(stage, item), item, i)]));
  const same = cards.size === state.cards.size && [...cards.keys()].every((at, i) => at === [...state.cards.keys()][i]);
  if (!same) {
    const where = new Map(still ? [] : [...state.cards].map(([at, card]) => [at, card.getBoundingClientRect()]));
    state.posters.replaceChildren(...cards.values());
    if (where.size) glide(cards, where);
  }
  state.cards = cards;
  const gone = list.gone.map((item) => item.at).join();
  if (gone !== state.gone.dataset.items) {
    state.gone.dataset.items = gone;
    state.gone.replaceChildren(...(gone ? [element("span", "", null, "gone"), ...list.gone.map((item) => Object.assign(
      document.createElement("img"), { src: item.picture, alt: item.title, title: item.title }))] : []));
  }
  for (const { shown, reading } of state.rows.values()) {
    const told = readings(shown, list.readings);
    if (reading.textContent !== told) reading.textContent = told;
  }
}

// "1982 → 1990"; where an end has an attribute of its own, both: "Drama 9 → 7, Action 3 → 5 of 12".
function readings({ reads, label }, found) {
  const told = reads.map((name) => found[name]).filter(Boolean);
  if (reads.length === 1) return told.length && reads[0] !== label ? `${reads[0]} ${told[0]}` : told[0] ?? "";
  return told.map((each, i) => `${reads[i]} ${i < told.length - 1 ? each.replace(/ of \d+$/, "") : each}`).join(", ");
}

// Cards move from where they were; those that are new come up. All places are read before anything is animated.
function glide(cards, where) {
  const moves = [...cards].map(([at, card]) => [card, where.get(at), card.getBoundingClientRect()]);
  for (const [card, from, to] of moves) {
    const begins = from ? { transform: `translate(${from.x - to.x}px, ${from.y - to.y}px)` } : { opacity: 0.2, transform: "scale(.92)" };
    if (!from || from.x !== to.x || from.y !== to.y) card.animate([begins, from ? { transform: "none" } : { opacity: 1, transform: "none" }], { duration: 260, easing: "ease-out" });
  }
}

// Cards are kept when they leave, with their pictures, as a drag to and fro brings them back.
function cardOf(stage, item) {
  const { made } = stage.state;
  if (!made.has(item.at)) {
    if (made.size >= MOST_KEPT) made.clear();
    made.set(item.at, stage.state.cards.get(item.at) ?? makeCard(stage, item));
  }
  return made.get(item.at);
}

function makeCard(stage, item) {
  const card = element("li", "poster");
  const open = button("", card, undefined, () => explain(stage, item));
  Object.assign(element("img", "", open), { src: item.picture, alt: item.title, loading: "lazy" });
  element("span", "badge", open);
  element("b", "", open);
  element("small", "", open, [item.year, item.genres].filter(Boolean).join(" · ").replaceAll("-", "\u2011"));  // Sci-Fi stays in one line
  return card;
}

const BADGES = { new: "new", up: "▲", down: "▼" };

function fillCard(card, item, place) {
  if (card.dataset.place === String(place) && card.dataset.mark === item.mark) return card;
  const [kind, places] = item.mark.split(" ");
  const badge = card.querySelector(".badge");
  badge.textContent = kind in BADGES ? `${BADGES[kind]}${places ? ` ${places}` : ""}` : "";
  badge.hidden = !badge.textContent;
  card.classList.toggle("new", kind === "new");
  card.querySelector("b").replaceChildren(element("span", "rank", null, `${place + 1} `), item.title);
  Object.assign(card.dataset, { place, mark: item.mark, title: item.title });
  card.querySelector("button").setAttribute("aria-label", `${place + 1}, ${item.title}${kind === "same" || !kind ? "" : `, ${item.mark}`}: why is it here?`);
  return card;
}

function spokenOf(list) {
  const fresh = list.items.filter((item) => item.mark === "new").length;
  return `${fresh} of ${list.items.length} are new in the list. ${list.items.slice(0, 3).map((item) => item.title).join(", ")} come first.`;
}

async function explain(stage, item) {
  const { dialog, data, send } = stage.state;
  const inner = element("div", "inner");
  Object.assign(element("img", "", inner), { src: item.picture, alt: item.title });
  const side = element("div", "", inner);
  element("h3", "", side, item.title);
  element("p", "about", side, [item.year, item.genres].filter(Boolean).join(" · "));
  const why = element("div", "why", side);
  const acts = element("div", "acts", side);
  const act = (label, what) => button("", acts, label, () => { dialog.close(); send(what, { item: item.id }); });
  const alike = (label, more) => button("", acts, label, () => { dialog.close(); send("wish", { wishes: { ...wishes(stage.state), [`like:${item.id}`]: ALIKE, ...more } }); });
  alike("More like this", {});
  for (const [label, more] of data.turns) alike(label, more);
  act("♥ Like", "like");
  act("Hide", "hide");
  button("", acts, "Close", () => dialog.close());
  dialog.replaceChildren(inner);
  dialog.showModal();
  if (!data.live) return;
  const answer = await fetch(`${data.live.why}${item.at}?${asked(stage.state)}`).catch(() => null);
  if (!answer?.ok) return;
  const { near, rank, lines, factor } = await answer.json();
  element("p", "", why, `Place ${rank ?? "none"}, of the intention ${factor}. ${near.length ? "Near to what was clicked:" : ""}`);
  const row = element("div", "near", why);
  for (const each of near) {
    const figure = element("figure", "", row);
    Object.assign(element("img", "", figure), { src: each.picture, alt: each.title });
    element("figcaption", "", figure, each.title);
  }
  for (const line of lines) element("p", "part", why, line);
}
