//! Charts: rows of bars and of dots beside each other, on a scale on which equal steps are equal ratios.

use std::{fmt::Write, ops::RangeInclusive, time::Duration};

use crate::{summary::Measure, tables::time};

/// In pixels, as all lengths here.
const WIDTH: f64 = 1_000.0;
/// Where labels end and the scale begins.
const LEFT: f64 = 380.0;
/// Where the scale ends and notes begin.
const RIGHT: f64 = 770.0;
/// Above the first row.
const TOP: f64 = 96.0;
/// Of one row.
const ROW: f64 = 24.0;

/// Contrasts are those of texts by day and in the dark (WCAG 2.2, 1.4.3); what a bar means is told by its shape and in words as well.
const STYLE: &str = "
    text { font: 13px system-ui, sans-serif; fill: #1b1f24 }
    .title { font-size: 17px; font-weight: 600 }
    .soft { fill: #57606a }
    .ground { fill: #ffffff }
    .line { stroke: #d0d7de; stroke-width: 1 }
    .wanted { stroke: #1b1f24; stroke-width: 2 }
    .met { fill: #0b6bcb }
    .short { fill: url(#hatched); stroke: #a84300; stroke-width: 1.5 }
    .hatch { stroke: #a84300; stroke-width: 2.5 }
    .spread { stroke: #1b1f24; stroke-width: 1.5 }
    .full { fill: #0b6bcb; stroke: #0b6bcb; stroke-width: 1.5 }
    .hollow { fill: none; stroke: #57606a; stroke-width: 1.5 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .soft { fill: #9aa4af }
      .ground { fill: #0d1117 }
      .line { stroke: #30363d }
      .wanted, .spread { stroke: #e6edf3 }
      .met { fill: #58a6ff }
      .short, .hatch { stroke: #f0883e }
      .full { fill: #58a6ff; stroke: #58a6ff }
      .hollow { stroke: #9aa4af }
    }
";

/// A row of a chart that compares with one line.
pub(super) struct Bar {
    /// What it is of.
    pub(super) label: String,
    /// How many times as good as the line it is, the least and the most; none if there is nothing to show.
    pub(super) value: Option<(f64, f64, f64)>,
    /// Whether it is on the wrong side.
    pub(super) is_short: bool,
    /// The same in words.
    pub(super) note: String,
}

/// One of two things that a chart of dots shows of each row.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    /// What it is called.
    pub(super) name: &'static str,
    /// Whether it is a square; otherwise a circle.
    pub(super) is_square: bool,
    /// Where it is found.
    pub(super) part: fn(&Measure) -> Option<Duration>,
}

/// A row of a chart of dots, in seconds.
pub(super) struct Dots {
    /// What it is of.
    pub(super) label: String,
    /// What was seen.
    pub(super) values: [Option<f64>; 2],
    /// What was seen of what it is compared with.
    pub(super) beside: [Option<f64>; 2],
    /// The first two in words.
    pub(super) note: String,
}

/// A scale from one value to another, on which equal steps are equal ratios.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    /// Around all of these, from one round value to another.
    fn around(values: impl Iterator<Item = f64>) -> Self {
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let (least, most) =
            values.fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        if least > most {
            return Self { least: 0.1, most: 10.0 };
        }
        let (least, most) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        Self { least: 10_f64.powi(least), most: 10_f64.powi(most.max(least + 1)) }
    }

    fn decades(&self) -> RangeInclusive<i32> {
        self.least.log10().round() as i32..=self.most.log10().round() as i32
    }

    /// Where a value is.
    fn at(&self, value: f64) -> f64 {
        let part = (value / self.least).ln() / (self.most / self.least).ln();
        LEFT + part.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }
}

/// Bars to the right of a line for what is better than it, and to the left for what is not.
pub(super) fn bars(title: &str, explained: &str, axis: &str, all: &[Bar]) -> String {
    let values = all.iter().filter_map(|bar| bar.value);
    let scale = Scale::around(values.flat_map(|(value, least, most)| [value, least, most]).chain([0.5, 2.0]));
    let mut body = String::new();
    grid(&mut body, &scale, all.len(), |value| format!("{value} ×"));
    for (place, Bar { label, value, is_short, note }) in all.iter().enumerate() {
        let middle = middle_of(place);
        words(&mut body, middle, label, note);
        let Some((value, least, most)) = value else { continue };
        let (line, end) = (scale.at(1.0), scale.at(*value));
        let (x, width) = (line.min(end), (line - end).abs().max(1.0));
        let class = if *is_short { "short" } else { "met" };
        add(
            &mut body,
            format_args!(
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"13\"/>",
                middle - 6.5
            ),
        );
        let (from, to) = (scale.at(*least), scale.at(*most));
        add(
            &mut body,
            format_args!(
                "<path class=\"spread\" fill=\"none\" d=\"M{from:.1} {:.1}v6m0 -3H{to:.1}m0 -3v6\"/>",
                middle - 3.0
            ),
        );
    }
    let line = scale.at(1.0);
    add(
        &mut body,
        format_args!(
            "<line class=\"wanted\" x1=\"{line:.1}\" y1=\"{:.1}\" x2=\"{line:.1}\" y2=\"{:.1}\"/>",
            TOP - 6.0,
            TOP + ROW * all.len() as f64
        ),
    );
    let said = all.iter().map(|bar| (bar.label.as_str(), bar.note.as_str()));
    frame(title, explained, axis, said, all.len(), &body)
}

/// Two marks for each row, and hollow ones for what it is compared with.
pub(super) fn dots(title: &str, explained: &str, marks: [Mark; 2], all: &[Dots]) -> String {
    let values = all.iter().flat_map(|row| row.values.into_iter().chain(row.beside).flatten());
    let scale = Scale::around(values);
    let mut body = String::new();
    grid(&mut body, &scale, all.len(), time);
    for (place, row) in all.iter().enumerate() {
        let middle = middle_of(place);
        words(&mut body, middle, &row.label, &row.note);
        if let [Some(one), Some(other)] = row.values {
            let (from, to) = (scale.at(one), scale.at(other));
            add(
                &mut body,
                format_args!(
                    "<line class=\"spread\" x1=\"{from:.1}\" y1=\"{middle:.1}\" x2=\"{to:.1}\" y2=\"{middle:.1}\"/>"
                ),
            );
        }
        for (values, class) in [(row.beside, "hollow"), (row.values, "full")] {
            for (value, mark) in values.into_iter().zip(marks) {
                if let Some(value) = value {
                    shape(&mut body, class, mark.is_square, scale.at(value), middle);
                }
            }
        }
    }
    let mut x = RIGHT + 12.0;
    for mark in marks {
        shape(&mut body, "full", mark.is_square, x, TOP - 20.0);
        add(
            &mut body,
            format_args!("<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 10.0, TOP - 15.5, escaped(mark.name)),
        );
        x += 100.0;
    }
    let said: Vec<(&str, String)> = all
        .iter()
        .map(|row| {
            let names = marks.map(|mark| mark.name).join(", ");
            let beside = row.beside.map(|value| value.map_or("–".to_owned(), time)).join(", ");
            (row.label.as_str(), format!("{names} {}; compared with {beside}", row.note))
        })
        .collect();
    let said = said.iter().map(|(label, note)| (*label, note.as_str()));
    frame(title, explained, "", said, all.len(), &body)
}

/// The y of a row's middle.
fn middle_of(place: usize) -> f64 {
    TOP + ROW * (place as f64 + 0.5)
}

/// A label before the scale, and a note behind it.
fn words(body: &mut String, middle: f64, label: &str, note: &str) {
    let y = middle + 4.5;
    add(
        body,
        format_args!(
            "<text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 12.0,
            escaped(label)
        ),
    );
    add(
        body,
        format_args!("<text class=\"soft\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>", RIGHT + 12.0, escaped(note)),
    );
}

fn shape(body: &mut String, class: &str, is_square: bool, x: f64, y: f64) {
    if is_square {
        let (x, y) = (x - 4.5, y - 4.5);
        add(
            body,
            format_args!("<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"9\" height=\"9\"/>"),
        );
    } else {
        add(body, format_args!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>"));
    }
}

/// A line at each power of ten.
fn grid(body: &mut String, scale: &Scale, rows: usize, label: impl Fn(f64) -> String) {
    let bottom = TOP + ROW * rows as f64;
    for decade in scale.decades() {
        let value = 10_f64.powi(decade);
        let x = scale.at(value);
        add(
            body,
            format_args!(
                "<line class=\"line\" x1=\"{x:.1}\" y1=\"{TOP:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>"
            ),
        );
        let label = escaped(&label(value));
        add(
            body,
            format_args!(
                "<text class=\"soft\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                bottom + 18.0
            ),
        );
    }
}

/// The picture around a chart. What it shows is said in words as well.
fn frame<'a>(
    title: &str,
    explained: &str,
    axis: &str,
    said: impl Iterator<Item = (&'a str, &'a str)>,
    rows: usize,
    body: &str,
) -> String {
    let height = TOP + ROW * rows as f64 + 48.0;
    let said: Vec<String> = said.map(|(label, note)| format!("{label}: {note}.")).collect();
    let (said, title, explained) = (escaped(&said.join(" ")), escaped(title), escaped(explained));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n\
         <title id=\"title\">{title}</title>\n<desc id=\"desc\">{explained} {said}</desc>\n<style>{STYLE}</style>\n\
         <defs><pattern id=\"hatched\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\"/></pattern></defs>\n"
    );
    add(&mut svg, format_args!("<rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>"));
    add(&mut svg, format_args!("<text class=\"title\" x=\"16\" y=\"30\">{title}</text>"));
    add(&mut svg, format_args!("<text class=\"soft\" x=\"16\" y=\"54\">{explained}</text>"));
    svg.push_str(body);
    if !axis.is_empty() {
        let (x, y) = (f64::midpoint(LEFT, RIGHT), height - 10.0);
        add(
            &mut svg,
            format_args!(
                "<text class=\"soft\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
                escaped(axis)
            ),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn add(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{line}");
}

/// A text as it stands in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ratios_are_equal_steps_and_a_scale_ends_at_round_values() {
        let scale = Scale::around([0.3, 40.0].into_iter());
        assert_eq!(scale.decades(), -1..=2);
        let steps = [0.1, 1.0, 10.0, 100.0].map(|value| scale.at(value).round());
        assert_eq!(steps, [380.0, 510.0, 640.0, 770.0]);
        assert_eq!(scale.at(0.0001), LEFT, "what is off the scale stays in the picture");
    }

    #[test]
    fn a_scale_of_nothing_is_still_one() {
        for values in [vec![], vec![f64::NAN, 0.0, f64::INFINITY], vec![1.0]] {
            let scale = Scale::around(values.into_iter());
            assert!(scale.least < scale.most && scale.at(1.0).is_finite());
        }
    }

    #[test]
    fn what_means_something_in_xml_is_written_as_text() {
        assert_eq!(escaped("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
    }
}
