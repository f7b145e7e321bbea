// Shelves of items. An item is dragged to another shelf; or it is chosen with a click and then put somewhere with the button of
// a shelf; or it goes to the shelf beside with the arrow keys. Python holds the truth: every act is sent and drawn anew.
export default function ({ data, parentElement, setTriggerValue }) {
  drawnInstead(parentElement);
  const board = parentElement.querySelector(".shelves");
  const state = (board.state ??= { chosen: null, focus: null });
  if (!data.shelves.some((shelf) => shelf.items.some((item) => item.id === state.chosen))) state.chosen = null;
  const send = (what, more) => setTriggerValue("did", { what, seq: data.seq + 1, ...more });
  board.replaceChildren(...data.shelves.map((shelf, k) => drawn(board, state, data, send, shelf, k)));
  choose(board, state, state.chosen);
  if (state.focus !== null) {
    [...board.querySelectorAll(".item")].find((item) => item.dataset.id === state.focus)?.focus();
    state.focus = null;
  }
}

function drawn(board, state, data, send, shelf, k) {
  const box = element("section", "shelf");
  box.setAttribute("aria-label", shelf.name);
  box.style.setProperty("--colour", shelf.colour);
  const head = element("div", "head", box);
  element("i", "dot", head);
  const name = element("input", "", head);
  Object.assign(name, { type: "text", value: shelf.name, maxLength: 60, title: "Its name" });
  name.setAttribute("aria-label", `Name of shelf ${k + 1}`);
  name.onchange = () => send("rename", { shelf: k, name: name.value });
  name.onkeydown = (event) => { if (event.key === "Enter") name.blur(); };
  element("small", "", head, shelf.share);
  const acts = element("div", "acts", box);
  const here = element("button", "here", acts, "Put it here");
  here.type = "button";
  here.onclick = () => { if (state.chosen !== null) send("move", { item: state.chosen, to: k }); };
  const split = element("button", "", acts, "Split");
  Object.assign(split, { type: "button", title: "Cut this shelf in two", disabled: shelf.items.length < 2 });
  split.onclick = () => send("split", { shelf: k });
  const merge = element("select", "", acts);
  merge.setAttribute("aria-label", `Merge ${shelf.name} into`);
  element("option", "", merge, "Merge into …").value = "";
  data.shelves.forEach((other, into) => { if (into !== k) element("option", "", merge, other.name).value = into; });
  merge.onchange = () => { if (merge.value !== "") send("merge", { shelf: k, into: Number(merge.value) }); };
  const row = element("div", "items", box);
  for (const item of shelf.items) {
    const card = element("button", "item", row);
    Object.assign(card, { type: "button", draggable: true, title: `${item.title}: drag it, or choose it and say where to` });
    card.dataset.id = item.id;
    Object.assign(element("img", "", card), { src: item.picture, alt: "", loading: "lazy", draggable: false });
    element("b", "", card, item.title);
    card.onclick = () => choose(board, state, state.chosen === item.id ? null : item.id);
    card.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (step && data.shelves[k + step]) {
        event.preventDefault();
        state.focus = item.id;
        send("move", { item: item.id, to: k + step });
      }
    };
    card.ondragstart = (event) => { event.dataTransfer.setData("text/plain", item.id); state.dragged = item.id; };
    card.ondragend = () => { state.dragged = null; };
  }
  box.ondragover = (event) => { if (state.dragged) { event.preventDefault(); box.classList.add("over"); } };
  box.ondragleave = (event) => { if (!box.contains(event.relatedTarget)) box.classList.remove("over"); };
  box.ondrop = (event) => {
    event.preventDefault();
    box.classList.remove("over");
    if (state.dragged && !shelf.items.some((item) => item.id === state.dragged)) send("move", { item: state.dragged, to: k });
  };
  return box;
}

function choose(board, state, id) {
  state.chosen = id;
  board.classList.toggle("choosing", id !== null);
  for (const card of board.querySelectorAll(".item")) card.setAttribute("aria-pressed", String(card.dataset.id === id));
}
