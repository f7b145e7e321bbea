// What the scripts of several widgets begin with: an element with a class, a parent and a text. A text is never HTML.
function element(tag, className, parent, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

