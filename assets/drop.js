// A place to drop files: each goes to the server by itself, block after block, with a bar and a way to stop it.
export default function ({ data, parentElement, setTriggerValue }) {
  const zone = parentElement.querySelector(".drop");
  if (!zone.built) build(zone);
  zone.told = { data, setTriggerValue };
  zone.querySelector("b").textContent = data.title;
  zone.querySelector("small").textContent = data.hint;
  const input = zone.querySelector("input");
  input.multiple = data.multiple;
  input.accept = data.accept;
  const choose = data.multiple ? "Choose files" : "Choose a file";
  zone.querySelector(".choose").textContent = choose;
  input.setAttribute("aria-label", choose);
  zone.classList.toggle("slim", data.slim);
}

function build(zone) {
  zone.built = true;
  const place = element("label", "place", zone);
  const sign = element("span", "sign", place, "↑");
  sign.setAttribute("aria-hidden", "true");
  const words = element("span", "words", place);
  element("b", "", words);
  element("small", "", words);
  element("span", "choose", place).setAttribute("aria-hidden", "true");
  const input = element("input", "", place);
  Object.assign(input, { type: "file" });
  const list = element("ul", "", zone);
  input.onchange = () => { send(zone, list, [...input.files]); input.value = ""; };
  for (const event of ["dragenter", "dragover", "dragleave", "drop"]) {
    zone.addEventListener(event, (e) => {
      e.preventDefault();
      zone.classList.toggle("over", event === "dragenter" || event === "dragover");
      if (event === "drop") send(zone, list, [...e.dataTransfer.files]);
    });
  }
}

async function send(zone, list, files) {
  const given = zone.told.data.multiple ? files : files.slice(0, 1);
  const sent = (await Promise.all(given.map((file) => one(zone, list, file)))).filter(Boolean);
  if (sent.length) zone.told.setTriggerValue("dropped", { names: sent, at: Date.now() });
}

function one(zone, list, file) {
  const row = element("li", "", list);
  element("span", "name", row, file.name);
  const bar = element("progress", "", row);
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  const stop = element("button", "", row, "×");
  stop.type = "button";
  stop.setAttribute("aria-label", `Do not send ${file.name}`);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    const failed = (why) => {
      bar.remove();
      stop.onclick = () => row.remove();
      row.classList.add("failed");
      element("em", "", row, why);
      done(null);
    };
    request.upload.onprogress = (e) => { if (e.lengthComputable) bar.value = e.loaded / e.total; };
    request.onload = () => {
      if (request.status < 300) { row.remove(); done(file.name); return; }
      let why = `the server answered ${request.status}`;
      try { why = JSON.parse(request.responseText).error; } catch { /* no word of ours */ }
      failed(why);
    };
    request.onerror = () => failed("the connection was lost");
    request.onabort = () => { row.remove(); done(null); };
    stop.onclick = () => request.abort();
    request.open("PUT", `upload/${zone.told.data.token}/${encodeURIComponent(file.name)}`);
    request.send(file);
  });
}
