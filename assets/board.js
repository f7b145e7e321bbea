// A board of dials. Python holds the truth (data.dials[].value); what a person turns is sent at once with all values as they
// stand here, numbered, and values older than what was sent last are not taken back from Python.
export default function ({ data, parentElement, setTriggerValue }) {
  drawnInstead(parentElement);
  const board = parentElement.querySelector(".board");
  if (board.dataset.signature !== data.signature) build(board, data);
  const state = board.state;
  Object.assign(state, { data, send: (what, more) => {
    state.sent += 1;
    const values = Object.fromEntries(state.rows.map((row) => [row.dim, Number(row.slider.value)]));
    setTriggerValue("did", { what, seq: state.sent, values, strength: Number(state.strength.value), chosen: state.chosen, ...more });
  } });
  if (data.seq >= state.sent) show(board, data);
}

function pictures(parent, className, dial, end) {
  const box = element("div", `end ${className}`, parent);
  const row = element("div", "pictures", box);
  for (const [src, alt] of dial[end].pictures) {
    const image = element("img", "", row);
    Object.assign(image, { src, alt, title: alt, loading: "lazy" });
  }
  element("div", "word", box, dial[end].word);
}

function button(parent, className, label, name, act) {
  const made = element("button", className, parent, label);
  Object.assign(made, { type: "button", title: name, onclick: act });
  made.setAttribute("aria-label", name);
  return made;
}

function build(board, data) {
  const state = (board.state = { rows: [], sent: data.seq, chosen: data.chosen });
  board.replaceChildren();
  board.dataset.signature = data.signature;
  for (const dial of data.dials) {
    const row = element("div", "dial", board);
    const name = element("button", "name", row);
    name.type = "button";
    name.title = dial.hint;
    element("b", "", name, dial.name);
    if (dial.amount) element("small", "amount", name, dial.amount).title = "How much the first ten of a list change from end to end";
    if (dial.confidence !== null) {
      const sure = element("span", "sure", name);
      sure.setAttribute("role", "img");
      sure.setAttribute("aria-label", `confidence ${Math.round(100 * dial.confidence)} %`);
      element("i", "", sure).style.width = `${100 * dial.confidence}%`;
    }
    name.onclick = () => { choose(board, dial.dim); state.send("choose"); };
    pictures(row, "low", dial, "low");
    const track = element("div", "track", row);
    const slider = element("input", "", track);
    Object.assign(slider, { type: "range", min: 0, max: 100, step: 1 });
    slider.setAttribute("aria-label", dial.name);
    const mark = element("span", "mark", track, "▲");
    mark.title = `Where ${data.who} stands`;
    pictures(row, "high", dial, "high");
    const reset = button(row, "reset", "↺", `Reset ${dial.name}`, () => put(dial.at));
    const ends = dial.low.word && dial.high.word ? ` from ${dial.low.word} to ${dial.high.word}` : "";
    const entry = { dim: dial.dim, row, slider, mark, reset, at: dial.at, ends };
    const put = (value) => { slider.value = value; paint(entry, data.who); choose(board, dial.dim); state.send("turn"); };
    slider.oninput = () => { paint(entry, data.who); choose(board, dial.dim); tell(state); };
    slider.onchange = () => put(slider.value);
    slider.ondblclick = () => put(dial.at);
    state.rows.push(entry);
  }
  if (data.dials.some((dial) => dial.confidence !== null)) {
    element("p", "note", board, "The bar beside a name tells how surely the dial does what its name says; a double click on a dial resets it.");
  }
  const foot = element("div", "foot", board);
  const strength = element("label", "strength", foot);
  element("span", "", strength, "Strength");
  strength.title = "How far the lists follow the dials: left, the person's own list; right, the dials alone.";
  state.strength = element("input", "", strength);
  Object.assign(state.strength, { type: "range", min: 0, max: 100, step: 5 });
  state.strength.setAttribute("aria-label", "Strength");
  state.percent = element("output", "", strength);
  state.strength.oninput = () => paintStrength(state);
  state.strength.onchange = () => state.send("strength");
  const tools = element("div", "tools", foot);
  state.more = button(tools, "", "", "", () => state.send("more"));
  state.undo = button(tools, "", "Undo", "Undo the last turn", () => state.send("undo"));
  state.reset = button(tools, "", "Reset all", "Put every dial back to where the person stands", () => state.send("reset"));
  const copy = button(tools, "", "Copy link", "Copy the address of what you see", async () => {
    copy.textContent = (await copied(window.location.href)) ? "Copied" : "Copy it from the address bar";
    setTimeout(() => { copy.textContent = "Copy link"; }, 2000);
  });
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;  // an address that is neither https nor localhost may not write to the clipboard
  }
}

// While a dial is dragged, whoever shows a list hears where all turned dials stand.
function tell({ data, rows }) {
  const here = rows.filter((row) => Number(row.slider.value) !== row.at).map((row) => [`${data.factor}.${row.dim}`, Number(row.slider.value)]);
  window.dispatchEvent(new CustomEvent("macrid-dials", { detail: { ...data.elsewhere, ...Object.fromEntries(here) } }));
}

function show(board, data) {
  const state = board.state;
  data.dials.forEach((dial, i) => {
    const row = state.rows[i];
    row.at = dial.at;
    row.slider.value = dial.value;
    paint(row, data.who);
  });
  state.strength.value = data.strength;
  paintStrength(state);
  state.undo.disabled = !data.can_undo;
  state.reset.disabled = !data.turned;
  state.more.textContent = data.more;
  state.more.title = data.more;
  state.more.setAttribute("aria-label", data.more);
  state.more.hidden = !data.more;
  choose(board, data.chosen);
}

function paint(row, who) {
  const value = Number(row.slider.value);
  row.slider.style.setProperty("--from", `${Math.min(value, row.at)}%`);
  row.slider.style.setProperty("--to", `${Math.max(value, row.at)}%`);
  row.mark.style.setProperty("--at", row.at / 100);
  row.slider.setAttribute("aria-valuetext", `${value} % of the way${row.ends}, ${who} at ${row.at} %`);
  row.row.classList.toggle("turned", value !== row.at);
  row.reset.disabled = value === row.at;
}

function paintStrength(state) {
  const value = Number(state.strength.value);
  state.strength.style.setProperty("--from", "0%");
  state.strength.style.setProperty("--to", `${value}%`);
  state.percent.textContent = `${value} %`;
}

function choose(board, dim) {
  board.state.chosen = dim;
  for (const row of board.state.rows) {
    row.row.classList.toggle("chosen", row.dim === dim);
    row.row.querySelector(".name").setAttribute("aria-pressed", row.dim === dim);
  }
}
