//! Charts that need no script: lines, bands and marks on two axes, as SVG in the page's own colours.

use maud::{Markup, PreEscaped};

/// Size of a chart, in its own units: one that stands alone, and one of two beside each other.
const WIDTH: f64 = 720.0;
const HALF: f64 = 540.0;
const HEIGHT: f64 = 260.0;
/// Room for labels.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 36.0;

/// Height of a line of text.
const LABEL: f64 = 13.0;

/// Letters that fit beside the chart.
const LETTERS_MAX: usize = 17;

/// An axis of fewer factors of ten has steps within them.
const FEW_DECADES: f64 = 2.0;

/// Values along one side of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
}

impl Axis {
    /// From one value to another, evenly.
    pub(super) fn even(low: f64, high: f64) -> Self {
        Self { low, high: if high > low { high } else { low + 1.0 }, is_log: false }
    }

    /// Factors of ten about all positive values, from and to 1, 2 or 5 times one; `None` without any.
    pub(super) fn magnitudes(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = values
            .filter(|v| *v > 0.0 && v.is_finite())
            .fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
        if !low.is_finite() {
            return None;
        }
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let steps: Vec<f64> = (first..=last).flat_map(|decade| steps_of(decade, true)).collect();
        let below = steps.iter().copied().rfind(|step| *step <= low * (1.0 + 1e-9)).unwrap_or(low);
        let above = steps.iter().copied().find(|step| *step >= high * (1.0 - 1e-9) && *step > below);
        Some(Self { low: below.log10(), high: above.unwrap_or(below * 10.0).log10(), is_log: true })
    }

    /// Factors of ten between two positive values, without rounding them.
    pub(super) fn log(low: f64, high: f64) -> Self {
        Self { low: low.log10(), high: high.log10().max(low.log10() + 0.1), is_log: true }
    }

    /// Where a value lies between the ends.
    fn share(&self, value: f64) -> f64 {
        let value = if self.is_log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        ((value - self.low) / (self.high - self.low)).clamp(-0.01, 1.01)
    }
}

/// How a line is drawn: by a token of the page's style, and a pattern that is told apart without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stroke {
    /// Name of the colour.
    pub(super) colour: &'static str,
    /// Lengths of dashes and gaps; empty for none.
    pub(super) dash: &'static str,
}

impl Stroke {
    /// Without gaps.
    pub(super) const fn plain(colour: &'static str) -> Self {
        Self { colour, dash: "" }
    }
}

/// A chart that is being drawn.
pub(super) struct Plot {
    width: f64,
    across: Axis,
    up: Axis,
    body: String,
    /// Names at the ends of lines: where, in which colour.
    names: Vec<(f64, f64, String, &'static str)>,
}

impl Plot {
    /// One that stands alone.
    pub(super) fn new(across: Axis, up: Axis) -> Self {
        Self::of_width(WIDTH, across, up)
    }

    /// One of those that stand beside each other where there is room.
    pub(super) fn half(across: Axis, up: Axis) -> Self {
        Self::of_width(HALF, across, up)
    }

    fn of_width(width: f64, across: Axis, up: Axis) -> Self {
        let bottom = HEIGHT - BOTTOM;
        let base = segment((LEFT, bottom), (width - RIGHT, bottom), "--line", "");
        Self { width, across, up, body: base, names: Vec::new() }
    }

    /// Where lines end.
    fn right(&self) -> f64 {
        self.width - RIGHT
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.across.share(value) * (self.right() - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.up.share(value) * (HEIGHT - TOP - BOTTOM)
    }

    /// A value beneath the chart.
    pub(super) fn tick_across(&mut self, value: f64, words: &str) {
        self.body.push_str(&text(self.x(value), HEIGHT - BOTTOM + 18.0, "middle", "--quiet", words));
    }

    /// A value beside the chart.
    pub(super) fn tick_up(&mut self, value: f64, words: &str) {
        self.body.push_str(&text(LEFT - 6.0, self.y(value) + 4.0, "end", "--quiet", words));
    }

    /// The same with a thin line across.
    pub(super) fn grid_up(&mut self, value: f64, words: &str) {
        let y = self.y(value);
        let line = segment((LEFT, y), (self.right(), y), "--line", "");
        self.body.push_str(&line);
        self.tick_up(value, words);
    }

    /// Every factor of ten of an axis that has them, and 2 and 5 times it where there are few.
    pub(super) fn grid_magnitudes(&mut self, words: impl Fn(f64) -> String) {
        let (low, high) = (self.up.low, self.up.high);
        let is_fine = high - low < FEW_DECADES;
        let shown = low - 1e-9..=high + 1e-9;
        for value in (low.floor() as i32..=high.ceil() as i32).flat_map(|decade| steps_of(decade, is_fine)) {
            if shown.contains(&value.log10()) {
                self.grid_up(value, &words(value));
            }
        }
    }

    /// A line that says where something lies across the whole chart, with a dash unless that is empty.
    pub(super) fn mark_up(&mut self, value: f64, dash: &str, words: &str) {
        let y = self.y(value);
        let line = segment((LEFT, y), (self.right(), y), "--ink", dash);
        self.body.push_str(&line);
        self.names.push((self.right(), y, words.to_owned(), "--ink"));
    }

    /// The same from bottom to top.
    pub(super) fn mark_across(&mut self, value: f64, words: &str) {
        let x = self.x(value);
        self.body.push_str(&segment((x, TOP), (x, HEIGHT - BOTTOM), "--ink", ""));
        self.body.push_str(&text(x - 6.0, TOP + 10.0, "end", "--quiet", words));
    }

    /// A straight line that is no measurement.
    pub(super) fn guide(&mut self, from: (f64, f64), to: (f64, f64)) {
        let (from, to) = ((self.x(from.0), self.y(from.1)), (self.x(to.0), self.y(to.1)));
        self.body.push_str(&segment(from, to, "--line", ""));
    }

    /// A line with its name at the end, if it has one; `None` interrupts it.
    pub(super) fn line(&mut self, points: &[(f64, Option<f64>)], stroke: Stroke, name: &str) {
        for stretch in points.split(|(_, y)| y.is_none()).filter(|stretch| !stretch.is_empty()) {
            let known = stretch.iter().filter_map(|(x, y)| Some((self.x(*x), self.y((*y)?))));
            let known: Vec<_> = known.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            self.body.push_str(&format!(
                "<polyline points='{}' fill='none' stroke='var({})' stroke-width='2'{}/>",
                known.join(" "),
                stroke.colour,
                dashes(stroke.dash)
            ));
        }
        let end = points.iter().rev().find_map(|(x, y)| Some((*x, (*y)?)));
        if let Some((x, y)) = end.filter(|_| !name.is_empty()) {
            self.names.push((self.x(x), self.y(y), name.to_owned(), stroke.colour));
        }
    }

    /// What lies between two lines.
    pub(super) fn band(&mut self, points: &[(f64, f64, f64)], colour: &str) {
        let upper = points.iter().map(|(x, _, high)| (self.x(*x), self.y(*high)));
        let lower = points.iter().rev().map(|(x, low, _)| (self.x(*x), self.y(*low)));
        let outline: Vec<_> = upper.chain(lower).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.body.push_str(&format!(
            "<polygon points='{}' fill='var({colour})' fill-opacity='.16'/>",
            outline.join(" ")
        ));
    }

    /// A value with its interval, and what it says of itself when it is pointed at.
    pub(super) fn whisker(&mut self, x: f64, (low, value, high): (f64, f64, f64), colour: &str, words: &str) {
        let (x, low, y, high) = (self.x(x), self.y(low), self.y(value), self.y(high));
        let bar = segment((x, low), (x, high), colour, "");
        let ends = [low, high].map(|y| segment((x - 4.0, y), (x + 4.0, y), colour, "")).concat();
        let dot = format!("<circle cx='{x:.1}' cy='{y:.1}' r='3.5' fill='var({colour})'/>");
        self.body.push_str(&format!("<g>{bar}{ends}{dot}<title>{}</title></g>", escaped(words)));
    }

    /// Words above a point, to its left.
    pub(super) fn note(&mut self, x: f64, y: f64, words: &str) {
        self.body.push_str(&text(self.x(x), self.y(y) - 8.0, "end", "--quiet", words));
    }

    /// A dot for what held.
    pub(super) fn dot(&mut self, x: f64, y: f64) {
        let (x, y) = (self.x(x), self.y(y));
        self.body.push_str(&format!("<circle cx='{x:.1}' cy='{y:.1}' r='3.5' fill='var(--good)'/>"));
    }

    /// A cross for what did not.
    pub(super) fn cross(&mut self, x: f64, y: f64) {
        let (x, y) = (self.x(x) - 4.0, self.y(y) - 4.0);
        self.body.push_str(&format!(
            "<path d='M{x:.1} {y:.1}l8 8m0 -8l-8 8' stroke='var(--bad)' stroke-width='2' fill='none'/>"
        ));
    }

    /// The chart; `label` is what it says to who does not see it.
    pub(super) fn svg(mut self, label: &str) -> Markup {
        // Names keep their distance, from the top down; where they come too low all of them move up again.
        self.names.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut last = f64::NEG_INFINITY;
        for name in &mut self.names {
            name.1 = name.1.max(last + LABEL);
            last = name.1;
        }
        let too_low = (last - (HEIGHT - BOTTOM)).max(0.0);
        for (x, y, name, colour) in &self.names {
            let short: String = name.chars().take(LETTERS_MAX).collect();
            let short = if short.len() < name.len() { format!("{short}…") } else { short };
            self.body.push_str(&text(x + 6.0, y - too_low + 4.0, "start", colour, &short));
        }
        PreEscaped(format!(
            "<div class='scroll'><svg class='drawn' viewBox='0 0 {} {HEIGHT}' role='img' aria-label='{}'>{}</svg></div>",
            self.width,
            escaped(label),
            self.body
        ))
    }
}

/// 1, 2 and 5 times a factor of ten, or that alone.
fn steps_of(decade: i32, is_fine: bool) -> impl Iterator<Item = f64> {
    let steps: &[f64] = if is_fine { &[1.0, 2.0, 5.0] } else { &[1.0] };
    steps.iter().map(move |step| step * 10f64.powi(decade))
}

fn segment(from: (f64, f64), to: (f64, f64), colour: &str, dash: &str) -> String {
    format!(
        "<line x1='{:.1}' y1='{:.1}' x2='{:.1}' y2='{:.1}' stroke='var({colour})' stroke-width='1.2'{}/>",
        from.0,
        from.1,
        to.0,
        to.1,
        dashes(dash)
    )
}

fn dashes(dash: &str) -> String {
    if dash.is_empty() { String::new() } else { format!(" stroke-dasharray='{dash}'") }
}

fn text(x: f64, y: f64, anchor: &str, colour: &str, words: &str) -> String {
    format!(
        "<text x='{x:.1}' y='{y:.1}' text-anchor='{anchor}' fill='var({colour})'>{}</text>",
        escaped(words)
    )
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_where_they_belong_and_words_are_escaped() {
        let mut plot = Plot::new(Axis::even(0.0, 10.0), Axis::magnitudes([2.0, 30.0].into_iter()).unwrap());
        assert_eq!((plot.x(0.0), plot.x(10.0)), (LEFT, WIDTH - RIGHT));
        assert_eq!((plot.y(2.0), plot.y(50.0)), (HEIGHT - BOTTOM, TOP));
        plot.line(&[(0.0, Some(2.0)), (5.0, None), (10.0, Some(50.0))], Stroke::plain("--a1"), "<b>'");
        let drawn = plot.svg("a & b").into_string();
        assert_eq!(drawn.matches("<polyline").count(), 2, "{drawn}");
        assert!(drawn.contains("&lt;b&gt;&#39;") && drawn.contains("a &amp; b"), "{drawn}");
        assert_eq!(Axis::magnitudes([0.0, f64::INFINITY].into_iter()), None);
    }

    #[test]
    fn an_axis_of_factors_of_ten_ends_where_its_values_do() {
        let ends = |values: &[f64]| {
            let axis = Axis::magnitudes(values.iter().copied()).unwrap();
            [axis.low, axis.high].map(|end| 10f64.powf(end).round())
        };
        assert_eq!(ends(&[10.0, 11.0]), [10.0, 20.0]);
        assert_eq!(ends(&[12.0, 49.0]), [10.0, 50.0]);
        assert_eq!(ends(&[20.0]), [20.0, 50.0], "a single value has an axis, too");
        assert_eq!(ends(&[3.0, 7000.0]), [2.0, 10_000.0]);
        let lines = |values: &[f64]| {
            let mut plot = Plot::new(Axis::even(0.0, 1.0), Axis::magnitudes(values.iter().copied()).unwrap());
            let before = plot.body.matches("<text").count();
            plot.grid_magnitudes(|value| value.to_string());
            plot.body.matches("<text").count() - before
        };
        assert_eq!(lines(&[12.0, 90.0]), 4, "10, 20, 50, 100");
        assert_eq!(lines(&[12.0, 9000.0]), 4, "10, 100, 1000, 10000");
    }

    #[test]
    fn names_keep_their_distance() {
        let mut plot = Plot::new(Axis::even(0.0, 1.0), Axis::even(0.0, 1.0));
        for name in ["a", "b", "c"] {
            plot.line(&[(1.0, Some(0.0))], Stroke::plain("--a1"), name);
        }
        let drawn = plot.svg("three").into_string();
        let heights = drawn
            .split("<text")
            .skip(1)
            .map(|t| t.split("y='").nth(1).unwrap().split('\'').next().unwrap().parse::<f64>().unwrap());
        let heights: Vec<_> = heights.collect();
        assert!(heights.windows(2).all(|two| two[1] - two[0] >= LABEL - 0.11), "{heights:?}");
        assert!(heights.iter().all(|y| *y <= HEIGHT - BOTTOM + 4.1), "{heights:?}");
    }
}
