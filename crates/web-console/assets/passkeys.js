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
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = button.dataset.into;
    field.value = JSON.stringify(credential.toJSON());
    button.form.append(field);
    // What else is in the form does not have to be filled in for this.
    button.form.noValidate = true;
    button.form.requestSubmit();
  } catch (error) {
    // Whoever has changed their mind is told nothing.
    if (failed && error.name !== "AbortError") failed.hidden = false;
    button.disabled = false;
  }
}
