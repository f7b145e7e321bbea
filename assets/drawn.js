// A picture whose own address gives none: the drawn one, whose address stands behind it, takes its place (ui/item_pictures.py).
function drawnInstead(root) {
  const mend = (image) => {
    const [, drawn] = image.src?.split("#drawn=") ?? [];
    if (drawn) image.src = drawn;
  };
  if (!root.drawnInstead) root.addEventListener("error", (event) => mend(event.target), true);
  root.drawnInstead = true;
  for (const image of root.querySelectorAll("img")) if (image.complete && !image.naturalWidth) mend(image);
}
