//! What a mail looks like, whatever it says: the same parts as text and as HTML.

use askama::Template;

use crate::texts::Texts;

/// Where lines of the text part end at the latest, as far as their words let them (RFC 5322 section 2.1.1 asks for 78).
const WIDTH: usize = 76;
/// Stands between words that stay on one line: a noncharacter, which [`inert`](crate::inert::inert) takes out of names.
pub(crate) const NO_BREAK: char = '\u{fdd0}';

/// A mail before it is text and HTML.
pub(crate) struct Sheet {
    pub(crate) subject: String,
    pub(crate) heading: String,
    pub(crate) parts: Vec<Part>,
    /// What to do if it was none of the reader's doing, or why they are written to.
    pub(crate) footer: String,
}

/// A part of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A paragraph.
    Text(String),
    /// One of the things in a list.
    Item(String),
    /// What the reader is asked to do: a button that leads there, and until when it works.
    Button { label: &'static str, link: String, until: String },
    /// An address to go to, which nobody is led to.
    Address(String),
    /// Lines as they are.
    Lines(String),
    /// A command to type.
    Command(&'static str),
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    t: Texts,
    sheet: &'a Sheet,
}

/// A text that is put into others, and stays on one line.
pub(crate) fn whole(text: &str) -> String {
    text.replace(' ', NO_BREAK.encode_utf8(&mut [0; 4]))
}

impl Sheet {
    /// The subject. It is one line anyway.
    pub(crate) fn subject(&self) -> String {
        plain(&self.subject)
    }

    /// The HTML part.
    pub(crate) fn html(&self, t: Texts) -> Result<String, askama::Error> {
        Ok(plain(&Html { t, sheet: self }.render()?))
    }

    /// The text part.
    pub(crate) fn text(&self, t: Texts) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(paragraph) => text.push_str(&wrapped(paragraph, "", "")),
                Part::Item(item) => text.push_str(&wrapped(item, "- ", "  ")),
                Part::Button { link, until, .. } => {
                    text.push_str(&format!("{link}\n\n{}", wrapped(&t.link_until(until), "", "")));
                }
                Part::Address(address) => text.push_str(&format!("{address}\n")),
                Part::Lines(lines) => text.push_str(lines),
                Part::Command(command) => text.push_str(&format!("    {command}\n")),
            }
            text.push('\n');
        }
        text.push_str(&wrapped(&self.footer, "", ""));
        text
    }
}

/// Spaces are spaces again, once lines have been broken. HTML is broken by whoever shows it.
fn plain(text: &str) -> String {
    text.replace(NO_BREAK, " ")
}

/// A paragraph in lines: the first begins with `first`, the others with `others`. A word that is longer than a line has one of its own.
fn wrapped(paragraph: &str, first: &str, others: &str) -> String {
    let mut lines = vec![first.to_owned()];
    let mut begins = true;
    for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
        let length = |line: &String| line.chars().count();
        if !begins && lines.last().map_or(0, length) + 1 + word.chars().count() > WIDTH {
            lines.push(others.to_owned());
            begins = true;
        }
        if let Some(line) = lines.last_mut() {
            if !begins {
                line.push(' ');
            }
            line.push_str(word);
        }
        begins = false;
    }
    plain(&format!("{}\n", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words_and_names_stay_whole() {
        let name = whole("Ada, Countess of Lovelace");
        let paragraph = format!("{} {name} {}", "word ".repeat(14).trim(), "w".repeat(90));
        let text = wrapped(&paragraph, "- ", "  ");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "  Ada, Countess of Lovelace");
        assert_eq!(lines[2], format!("  {}", "w".repeat(90)));
        assert!(lines[0].starts_with("- word") && lines[0].len() <= WIDTH, "{text}");
        assert!(!text.contains(NO_BREAK) && text.ends_with('\n'));
    }
}
