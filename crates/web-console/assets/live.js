// The live board: fetches the board anew when the stream tells of something, counts what runs, is heard of, and calls when a call is
// offered. What is shown is the server's own page each time; nothing is made of text here.
const board = document.querySelector("#board");
const said = document.querySelector("#said");
const { role } = board.querySelector("#board-content").dataset;
const { part, stream, events, ticks, heartbeat, offered, offeredTitle } = board.dataset;

// Fetching the board.

/** The least time between two fetches, in milliseconds. */
const PAUSE = 700;
let shownAt = performance.now();
let fetching = false;
let wanted = false;

function lookAgain() {
  wanted = true;
  if (!fetching) setTimeout(fetchBoard, Math.max(0, shownAt + PAUSE - performance.now()));
  fetching = true;
}

function fetchBoard() {
  // A button that is being pressed stays under the finger.
  if (board.querySelector(":active")) return setTimeout(fetchBoard, 200);
  wanted = false;
  // The browser reads it as a document of its own, in which nothing runs.
  const request = new XMLHttpRequest();
  request.open("GET", part);
  request.responseType = "document";
  request.timeout = 15000;
  request.addEventListener("load", () => {
    const fresh = request.response?.querySelector("#board-content");
    // Signed out, or not allowed any more: the page itself says what is to be done. In another role, everything around the board is
    // another as well.
    if (request.status === 200 && fresh?.dataset.role === role) show(document.importNode(fresh, true));
    else if (request.status < 429) return location.replace(location.pathname);
    finished();
  });
  for (const failure of ["error", "timeout", "abort"]) request.addEventListener(failure, finished);
  request.send();
}

function finished() {
  fetching = false;
  if (wanted) lookAgain();
}

function show(fresh) {
  const focused = board.contains(document.activeElement) ? document.activeElement.id : null;
  board.replaceChildren(fresh);
  shownAt = performance.now();
  if (focused !== null) (document.getElementById(focused) ?? board).focus({ preventScroll: true });
  count();
  callForOffers();
}

// What runs.

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function count() {
  const passed = Math.floor((performance.now() - shownAt) / 1000);
  let over = false;
  for (const running of board.querySelectorAll("[data-counts]")) {
    const from = Number(running.dataset.seconds);
    const down = running.dataset.counts === "down";
    const seconds = down ? Math.max(0, from - passed) : from + passed;
    running.textContent = clock(seconds);
    over ||= down && seconds === 0 && passed > 0;
  }
  // Heartbeats have kept it, or it has gone back: the server knows.
  if (over || passed >= 30) lookAgain();
}

// Being heard of. Whatever one holds is kept by it.

async function beat() {
  try {
    const answer = await fetch(heartbeat, { method: "POST" });
    // What is held is held for longer now; or whoever looks is not signed in any more, which the page says.
    if (!answer.ok || board.querySelector('[data-counts="down"]')) lookAgain();
  } catch {
    // The next one comes soon.
  }
}

function beatOften() {
  const policy = window.trustedTypes?.createPolicy("rollcall", {
    createScriptURL(url) {
      if (url !== ticks) throw new TypeError("not a script of this page");
      return url;
    },
  });
  try {
    new Worker(policy ? policy.createScriptURL(ticks) : ticks).addEventListener("message", beat);
  } catch {
    setInterval(beat, 15000);
  }
  beat();
}

// Hearing of what happens.

function listen() {
  const source = new EventSource(stream);
  for (const kind of [...events.split(" "), "resync"]) source.addEventListener(kind, lookAgain);
  source.addEventListener("open", () => {
    isLive(true);
    // Whatever happened in between.
    lookAgain();
  });
  source.addEventListener("error", () => {
    isLive(false);
    if (source.readyState !== EventSource.CLOSED) return;
    // It was refused, so it is asked for anew, not at once.
    setTimeout(listen, 5000);
    lookAgain();
  });
}

function isLive(live) {
  document.querySelector("#live-badge").hidden = !live;
  document.querySelector("#live-lost").hidden = live;
}

// Calling for offers.

const title = document.title;
let known = new Set();
let sound;

/** A choice that this browser remembers; without a place to remember it in, it holds for this page. */
function remembered(name) {
  const box = document.querySelector(`#alert-${name}`);
  const key = `rollcall.alert.${name}`;
  try {
    box.checked = localStorage.getItem(key) === "yes";
  } catch {}
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(key, box.checked ? "yes" : "no");
    } catch {}
    if (name === "sound" && box.checked) play();
    callForOffers();
  });
  return box;
}

const boxes = { sound: remembered("sound"), title: remembered("title") };

function callForOffers() {
  const now = new Set([...board.querySelectorAll("[data-offer]")].map((offer) => offer.dataset.offer));
  const isNew = [...now].some((id) => !known.has(id));
  known = now;
  if (isNew) {
    said.textContent = "";
    said.textContent = offered;
    if (boxes.sound.checked) play();
  }
  document.title = boxes.title.checked && now.size ? `(${now.size}) ${offeredTitle} · ${title}` : title;
}

/** Two tones, the second higher. Browsers allow it once somebody has used the page. */
function play() {
  sound ??= new AudioContext();
  sound.resume();
  [660, 880].forEach((pitch, nth) => {
    const [tone, volume] = [sound.createOscillator(), sound.createGain()];
    const at = sound.currentTime + nth * 0.18;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.2, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.16);
    tone.connect(volume).connect(sound.destination);
    tone.start(at);
    tone.stop(at + 0.17);
  });
}

document.querySelector("#alerts").hidden = !heartbeat;
callForOffers();
setInterval(count, 1000);
listen();
if (heartbeat) beatOften();
