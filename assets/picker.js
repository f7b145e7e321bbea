// Items as cards that can be clicked: to add them to a profile, or to take them out.
export default function ({ data, parentElement, setTriggerValue }) {
  drawnInstead(parentElement);
  const list = parentElement.querySelector(".picker");
  list.setAttribute("aria-label", data.label);
  list.classList.toggle("out", data.action === "remove");
  const shown = new Map([...list.children].map((card) => [card.dataset.id, card]));
  list.replaceChildren(...data.items.map((item) => {
    const id = String(item.position);
    const card = shown.get(id) ?? document.createElement("button");
    if (!shown.has(id)) {
      Object.assign(card, { type: "button" });
      card.dataset.id = id;
      const picture = Object.assign(document.createElement("img"), { src: item.picture, alt: "", loading: "lazy" });
      const sign = Object.assign(document.createElement("span"), { className: "sign", textContent: data.action === "add" ? "+" : "×" });
      const title = Object.assign(document.createElement("b"), { textContent: item.title });
      const sub = Object.assign(document.createElement("small"), { textContent: item.subtitle });
      card.append(picture, sign, title, sub);
      card.setAttribute("aria-label", `${data.action === "add" ? "Add" : "Remove"} ${item.title}`);
      card.title = card.getAttribute("aria-label");
    }
    card.onclick = () => setTriggerValue("picked", item.position);
    return card;
  }));
}
