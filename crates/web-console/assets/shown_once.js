// What is shown once: copies it, and asks before the page is left with it neither copied nor marked. Everything else is the server's.
const once = document.querySelector("[data-shown-once]");
let kept = !once;

for (const button of document.querySelectorAll("button[data-copy]")) {
  const text = document.getElementById(button.dataset.copy);
  const said = button.parentElement.querySelector("[data-copy-said]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      kept = true;
      said.textContent = button.dataset.copied;
    } catch {
      // Not every browser, and not without https: then it is marked, to be copied by hand.
      getSelection().selectAllChildren(text);
      said.textContent = button.dataset.notCopied;
    }
  });
}

// Copied by hand is copied.
once?.addEventListener("copy", () => (kept = true));

// Whoever says that it is kept is believed.
for (const link of document.querySelectorAll("a[data-kept]")) link.addEventListener("click", () => (kept = true));

addEventListener("beforeunload", (event) => {
  if (!kept) event.preventDefault();
});
