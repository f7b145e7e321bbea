// A film strip: columns of pictures along a dial. A click on one turns the dial there.
export default function ({ data, parentElement, setTriggerValue }) {
  drawnInstead(parentElement);
  const strip = parentElement.querySelector(".strip");
  strip.setAttribute("aria-label", data.label);
  strip.replaceChildren(...data.frames.map((frame, i) => {
    const column = Object.assign(element("button", "frame"), { type: "button", title: `Turn the dial to ${frame.percent} %` });
    if (i === data.here) column.setAttribute("aria-current", "true");
    column.setAttribute("aria-label", `Turn ${data.name} to ${frame.percent} %: ${frame.pictures.map(([, alt]) => alt).join(", ")}`);
    for (const [src, alt] of frame.pictures) Object.assign(element("img", "", column), { src, alt, loading: "lazy" });
    column.onclick = () => setTriggerValue("chose", frame.percent);
    return column;
  }));
}
