// The classes that occur, each to be hidden or shown.

import { markElement } from "./marks.js";

/** Fill the list with a button for each class; `toggle` is called with the class. */
export function fillLegend(list, counts, classes, hidden, toggle) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.class : null;
  const items = [...counts].sort(([a], [b]) => a - b).map(([classIndex, count]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.class = classIndex;
    button.setAttribute("aria-pressed", String(!hidden.has(classIndex)));
    button.append(markElement(classIndex), `${classes[classIndex]} (${count})`);
    button.addEventListener("click", () => toggle(classIndex));
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  list.replaceChildren(...items);
  if (focused !== null) list.querySelector(`[data-class="${focused}"]`)?.focus();
}
