// Intentions as chips: picture, name, the person's share, and where the person stands on the strongest dials.
export default function ({ data, parentElement, setTriggerValue }) {
  drawnInstead(parentElement);
  const group = parentElement.querySelector(".chips");
  const had = group.contains(parentElement.activeElement ?? document.activeElement) || group.matches(":focus-within");
  group.setAttribute("aria-label", data.label);
  group.replaceChildren(...data.chips.map((chip) => {
    const made = document.createElement("button");
    const chosen = chip.factor === data.chosen;
    Object.assign(made, { type: "button", className: "chip", title: chip.hint, tabIndex: chosen ? 0 : -1 });
    made.setAttribute("role", "radio");
    made.setAttribute("aria-checked", chosen);
    made.setAttribute("aria-label", `${chip.name}, ${chip.share} % of this history${chip.turned ? ", with turned dials" : ""}`);
    made.classList.toggle("turned", chip.turned);
    const picture = Object.assign(document.createElement("img"), { src: chip.picture, alt: "" });
    const text = Object.assign(document.createElement("span"), { className: "text" });
    const name = Object.assign(document.createElement("b"), { textContent: chip.name });
    const share = Object.assign(document.createElement("small"), { textContent: `${chip.share} %` });
    const bar = Object.assign(document.createElement("span"), { className: "bar" });
    bar.appendChild(document.createElement("i")).style.width = `${chip.share}%`;
    const line = Object.assign(document.createElement("span"), { className: "line" });
    line.append(bar, share);
    text.append(name, line);
    const dots = Object.assign(document.createElement("span"), { className: "dots" });
    for (const at of chip.stands) {
      const rail = dots.appendChild(document.createElement("span"));
      rail.appendChild(document.createElement("i")).style.bottom = `${100 * at}%`;
    }
    made.append(picture, text, dots);
    made.onclick = () => { if (!chosen) setTriggerValue("chose", chip.factor); };
    return made;
  }));
  const chips = [...group.children];
  group.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = chips.findIndex((chip) => chip.matches(":focus"));
    const next = chips[(Math.max(at, 0) + step + chips.length) % chips.length];
    next.focus();
    next.click();
  };
  if (had) chips.find((chip) => chip.tabIndex === 0)?.focus();
}
