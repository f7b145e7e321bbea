// A box that finds as one types: a route of the server says what, or where nobody serves one, Python takes the first on Enter.
const WAIT = 80;  // milliseconds after a key

export default function ({ data, parentElement, setTriggerValue }) {
  drawnInstead(parentElement);
  const box = parentElement.querySelector(".finder");
  if (!box.state) build(box);
  const { state } = box, { input } = state;
  const other = state.data?.value !== data.value || state.data?.live?.url !== data.live?.url;
  Object.assign(state, { data, send: (what, more) => setTriggerValue("did", { what, ...more }) });
  Object.assign(input, { placeholder: data.placeholder });
  input.setAttribute("aria-label", data.label);
  if (other && (data.value || !state.typing)) close(box);
  box.classList.toggle("holds", Boolean(data.value));
}

function build(box) {
  const state = box.state = { at: -1, found: [], asked: 0, typing: false };
  const input = state.input = Object.assign(element("input", "", box), { type: "search", autocomplete: "off", spellcheck: false, maxLength: 200 });
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "found" })) input.setAttribute(name, value);
  const list = state.list = Object.assign(element("ul", "", box), { id: "found", popover: "manual" });
  list.setAttribute("role", "listbox");
  list.addEventListener("mousedown", (event) => event.preventDefault());  // the box keeps the focus
  state.spoken = element("span", "spoken", box);
  state.spoken.setAttribute("aria-live", "polite");
  input.addEventListener("focus", () => { if (state.data.value && !state.typing) input.value = ""; ask(box); });
  input.addEventListener("input", () => { state.typing = true; clearTimeout(state.timer); state.timer = setTimeout(() => ask(box), WAIT); });
  input.addEventListener("blur", () => close(box));
  input.addEventListener("keydown", (event) => key(box, event));
  for (const moved of ["scroll", "resize"]) window.addEventListener(moved, () => place(box), { passive: true, capture: true });
}

async function ask(box) {
  const { state } = box, { live } = state.data;
  if (!live) return;
  const mine = ++state.asked;
  const answer = await fetch(`${live.url}?${new URLSearchParams({ ...live.query, text: state.input.value })}`).catch(() => null);
  if (!answer?.ok || mine !== state.asked || state.input.getRootNode().activeElement !== state.input) return;
  show(box, (await answer.json()).found);
}

function show(box, found) {
  const { state } = box, { list, input } = state;
  state.found = found;
  list.replaceChildren(...found.map((each, i) => {
    const line = Object.assign(element("li", ""), { id: `found-${i}` });
    line.setAttribute("role", "option");
    const pictures = element("span", "pictures", line);
    for (const src of each.pictures) Object.assign(element("img", "", pictures), { src, alt: "", loading: "lazy" });
    const words = element("span", "words", line);
    element("b", "", words, each.title);
    element("small", "", words, each.about);
    line.addEventListener("click", () => choose(box, i));
    return line;
  }), ...(found.length ? [] : [element("li", "none", null, "Nothing is called anything like it")]));
  state.spoken.textContent = input.value ? `${found.length} found` : "";
  mark(box, found.length && input.value.trim() ? 0 : -1);
  if (!list.matches(":popover-open")) list.showPopover();
  input.setAttribute("aria-expanded", "true");
  place(box);
}

function place({ state: { list, input } }) {
  if (!list.matches(":popover-open")) return;
  const { left, bottom, width } = input.getBoundingClientRect();
  const wide = Math.min(Math.max(width, 320), window.innerWidth - 16);
  Object.assign(list.style, { left: `${Math.max(8, Math.min(left, window.innerWidth - wide - 8))}px`, top: `${bottom + 4}px`, width: `${wide}px`,
    maxHeight: `${Math.max(120, window.innerHeight - bottom - 16)}px` });
}

function mark({ state }, at) {
  state.at = at;
  [...state.list.children].forEach((line, i) => line.setAttribute("aria-selected", i === at));
  state.list.children[at]?.scrollIntoView({ block: "nearest" });
  if (at >= 0) state.input.setAttribute("aria-activedescendant", `found-${at}`);
  else state.input.removeAttribute("aria-activedescendant");
}

function key(box, event) {
  const { state } = box, last = state.found.length - 1;
  const moves = { ArrowDown: Math.min(state.at + 1, last), ArrowUp: Math.max(state.at - 1, 0) };
  if (event.key in moves && last >= 0) mark(box, moves[event.key]);
  else if (event.key === "Enter" && state.data.live) choose(box, Math.max(state.at, 0));
  else if (event.key === "Enter") state.send("typed", { text: state.input.value });
  else if (event.key === "Escape") { close(box); state.input.blur(); }
  else return;
  event.preventDefault();
}

function choose(box, i) {
  const { state } = box;
  if (!state.found[i]) return;
  state.send("chose", { id: state.found[i].id });
  close(box);
  if (state.data.value) state.input.blur();  // one person is shown; of items one may want more
}

function close({ state }) {
  state.asked += 1;
  state.typing = false;
  state.found = [];
  state.input.value = state.data.value;
  state.input.setAttribute("aria-expanded", "false");
  if (state.list.matches(":popover-open")) state.list.hidePopover();
}
