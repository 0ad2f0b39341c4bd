// A clock of its own: browsers slow down the clocks of pages that nobody looks at, and an agent must be heard of all the same.
setInterval(() => postMessage(null), 15000);
