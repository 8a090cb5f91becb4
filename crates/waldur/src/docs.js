"use strict";
// Everything works without this: it adds the search, opens what an address names, and fills in and copies the examples.
const search = document.getElementById("search");
const none = document.getElementById("none");
const groups = [...document.querySelectorAll("section[data-group]")].map((section) => ({
  section,
  link: document.querySelector(`nav a[href="#${section.id}"]`).parentElement,
  ops: [...section.querySelectorAll("details.op")].map((op) => ({
    op,
    text: (section.id + " " + op.id + " " + op.querySelector("summary").textContent).toLowerCase(),
  })),
}));
const find = () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { section, link, ops } of groups) {
    let any = false;
    for (const { op, text } of ops) {
      op.hidden = !words.every((word) => text.includes(word));
      any ||= !op.hidden;
      shown += !op.hidden;
    }
    section.hidden = link.hidden = !any;
  }
  none.hidden = shown > 0;
};
search.addEventListener("input", find);
search.form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && event.target === search) {
    search.value = "";
    find();
  }
});
const open = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
};
addEventListener("hashchange", open);
open();
for (const code of document.querySelectorAll(".curl code")) {
  code.textContent = code.textContent.replace("https://HOST", location.origin);
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest(".curl button");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not copied";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
});
for (const button of document.querySelectorAll(".curl button")) button.hidden = false;
