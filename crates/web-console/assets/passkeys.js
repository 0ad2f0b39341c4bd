// Passkeys: asks the device, puts its answer into the form around the button, and sends the form. Everything else is the server's.
const buttons = document.querySelectorAll("button[data-passkey]");

// A passkey belongs to a name, so there is none for an address of numbers (Web Authentication, section 5.1.3).
const named = !/^[\d.]+$|^\[/.test(location.hostname);

if (named && window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => ask(button));
  }
}

if (window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
  for (const button of document.querySelectorAll("button[data-new-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", () => make(button));
    for (const without of document.querySelectorAll("[data-passkey-without]")) without.hidden = true;
    // Enter in the field beside it does the same.
    button.form.addEventListener("submit", (event) => {
      if (event.submitter || button.form.elements[button.dataset.into]) return;
      event.preventDefault();
      make(button);
    });
  }
}

// Asks the device for a new passkey; what it is to be asked is in the page already.
async function make(button) {
  if (!button.form.reportValidity()) return;
  const failed = button.form.querySelector("[data-passkey-failed]");
  button.disabled = true;
  failed.hidden = true;
  try {
    const { publicKey } = JSON.parse(button.dataset.newPasskey);
    const credential = await navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey),
    });
    bring(button, credential);
  } catch {
    failed.hidden = false;
    button.disabled = false;
  }
}

// Puts what a device has answered into the form around the button, and sends it.
function bring(button, credential) {
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = button.dataset.into;
  field.value = JSON.stringify(credential.toJSON());
  button.form.append(field);
  button.form.requestSubmit();
}

async function ask(button) {
  const failed = button.form.querySelector("[data-passkey-failed]");
  button.disabled = true;
  if (failed) failed.hidden = true;
  try {
    const answer = await fetch(button.dataset.passkey, {
      method: "POST",
      headers: { accept: "application/json" },
    });
    if (!answer.ok) throw new Error(`options: ${answer.status}`);
    const { publicKey } = await answer.json();
    const credential = await navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey),
    });
    // What else is in the form does not have to be filled in for this.
    button.form.noValidate = true;
    bring(button, credential);
  } catch (error) {
    // Whoever has changed their mind is told nothing.
    if (failed && error.name !== "AbortError") failed.hidden = false;
    button.disabled = false;
  }
}
