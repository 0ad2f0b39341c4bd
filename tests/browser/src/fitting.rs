//! Whether a page fits the window that it is in.

use serde_json::json;

use crate::Profile;

/// What is wrong with how the page lies in its window. What is hidden from sight, but read out, is a pixel wide and lies anywhere.
const MISFITS: &str = r#"
const all = document.documentElement, found = new Set();
// Not its client width: that has room for a scroll bar in it which need not be there.
const width = Math.round(all.getBoundingClientRect().width);
if (all.scrollWidth > width) found.add(`scrolled sideways by ${all.scrollWidth - width}`);
const told = element => {
  const words = (element.innerText || element.ariaLabel || element.name || element.outerHTML).replace(/\s+/g, ' ').trim();
  return `${element.tagName.toLowerCase()} ${JSON.stringify(words.slice(0, 60))}`;
};
const shown = [...document.querySelectorAll('body *')].filter(element =>
  element.offsetWidth > 1 && element.checkVisibility({ visibilityProperty: true }));
const clips = shown.filter(element => ['hidden', 'clip'].includes(getComputedStyle(element).overflowX));
for (const element of clips.filter(element => !element.matches('input, textarea'))) {
  if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).textOverflow !== 'ellipsis') {
    found.add(`cut off: ${told(element)}`);
  }
}
const used = shown.filter(element => element.matches('a[href], button, input, select, textarea, summary, audio'));
const pieces = used.map(element => [element, [...element.getClientRects()]]);
for (const [element, rectangles] of pieces) {
  const beyond = ({ left, right }) => rectangles.some(piece => piece.left < left - 1 || piece.right > right + 1);
  if (beyond({ left: 0, right: width })) found.add(`out of the window: ${told(element)}`);
  if (clips.some(clip => clip !== element && clip.contains(element) && beyond(clip.getBoundingClientRect()))) {
    found.add(`cut off: ${told(element)}`);
  }
}
// Two of them that are side by side share no more than their borders.
const apart = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left) <= 2 ||
  Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) <= 2;
pieces.forEach(([element, rectangles], place) => {
  for (const [other, others] of pieces.slice(place + 1)) {
    if (!element.contains(other) && rectangles.some(one => others.some(two => !apart(one, two)))) {
      found.add(`one over the other: ${told(element)} and ${told(other)}`);
    }
  }
});
// What has a line of its own for its name has room for the longest word in it.
for (const element of shown.filter(element => element.matches('button, .button, label, legend, th[scope=col], dt, summary, h1, h2, h3, .badge'))) {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode());) {
    for (const { 0: word, index } of text.data.matchAll(/(?<!\S)\p{L}{2,20}(?![^\s.,:;!?…])/gu)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const lines = new Set([...range.getClientRects()].map(piece => Math.round(piece.top)));
      if (lines.size > 1) found.add(`${JSON.stringify(word)} is broken in ${told(element)}`);
    }
  }
}
return [...found];
"#;

impl Profile {
    /// Gives the window another size. All else of how it is looked at stays.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What does not fit the window: that somebody would have to scroll sideways, what is cut off, what can be used and lies out of
    /// the window or over something else, and names that have not even room for their words.
    pub async fn misfits(&self) -> Vec<String> {
        let found = self.script(MISFITS, &[]).await;
        found.as_array().unwrap().iter().map(|misfit| misfit.as_str().unwrap().to_owned()).collect()
    }
}
