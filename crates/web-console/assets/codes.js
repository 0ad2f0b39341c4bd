// What is shown once: copies and prints it. Without this script it can be downloaded, or selected.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const lines = document.querySelectorAll(`#${button.dataset.copy} li`);
    await navigator.clipboard.writeText([...lines].map((line) => line.textContent.trim()).join("\n"));
    const said = document.querySelector("[data-said]");
    if (said) {
      said.textContent = button.dataset.copied;
      said.classList.remove("unseen");
    }
  });
}
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
