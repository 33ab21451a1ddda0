//! The live view: in place, calm, never scrolling.

use std::io::{Stderr, stderr};
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;

use plimsoll_model::Outcome;
use plimsoll_report::format::{count, duration, rate, time};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Gauge, Paragraph, Row, Sparkline, Table, Widget};
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::lines::{elapsed_ns, generator, watched};
use super::milestones::Milestones;
use super::wait;
use crate::console;
use crate::execute::Shared;
use crate::watch::Progress;

/// Lines of the view.
const HEIGHT: u16 = 14;

/// Steps listed before the rest is left out.
const STEPS_MAX: usize = 5;

/// Failure classes listed.
const ERRORS_MAX: usize = 3;

/// Narrower terminals drop columns.
const WIDE: u16 = 90;

/// Shows the run until it is done, then takes the view away.
pub(super) fn show(progress: &Shared<Progress>, done: &AtomicBool) -> std::io::Result<()> {
    let backend: CrosstermBackend<Stderr> = CrosstermBackend::new(stderr());
    let mut terminal =
        Terminal::with_options(backend, TerminalOptions { viewport: Viewport::Inline(HEIGHT) })?;
    let mut milestones = Milestones::default();
    loop {
        let passed = milestones.passed(&progress.lock().unwrap_or_else(PoisonError::into_inner));
        for line in passed {
            // Above the view, where they stay.
            terminal.insert_before(1, |buffer| Line::from(line).render(buffer.area, buffer))?;
        }
        draw(&mut terminal, &progress.lock().unwrap_or_else(PoisonError::into_inner))?;
        if wait(done) {
            break;
        }
    }
    terminal.clear()?;
    terminal.show_cursor()
}

fn draw<B: Backend>(terminal: &mut Terminal<B>, progress: &Progress) -> std::io::Result<()> {
    terminal.draw(|frame| render(frame, progress))?;
    Ok(())
}

fn render(frame: &mut Frame<'_>, progress: &Progress) {
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(2),
        Constraint::Length(6),
        Constraint::Min(3),
    ]);
    let [head, bar, state, spark, steps, rest] = areas.areas(frame.area());
    let plan = &progress.record.started.plan;
    frame.render_widget(
        Line::from(vec!["⦵ ".bold(), plan.name.clone().bold(), Span::raw(format!("  {}", plan.target))]),
        head,
    );
    frame.render_widget(gauge(progress), bar);
    frame.render_widget(Line::from(state_line(progress)), state);
    let history: Vec<u64> = progress.ok_per_second.iter().copied().collect();
    frame.render_widget(Sparkline::default().data(history).style(colour(Color::Blue)), spark);
    frame.render_widget(step_table(progress, steps.width), steps);
    frame.render_widget(Paragraph::new(last_lines(progress)), rest);
}

fn colour(colour: Color) -> Style {
    if console::has_colour() { Style::new().fg(colour) } else { Style::new() }
}

fn gauge(progress: &Progress) -> Gauge<'static> {
    let total = progress.record.started.plan.duration_ns().max(1);
    let at = elapsed_ns(progress);
    let left = total.saturating_sub(at);
    let label = if left == 0 {
        "draining".to_owned()
    } else {
        format!("{} of {}, {} left", duration(at.min(total)), duration(total), duration(left))
    };
    Gauge::default()
        .ratio((at as f64 / total as f64).clamp(0.0, 1.0))
        .label(label)
        .gauge_style(colour(Color::Blue))
}

fn state_line(progress: &Progress) -> String {
    let asked = progress.asked(elapsed_ns(progress));
    format!(
        "asked {asked}, sent {}   {} users busy, {:.1} in flight   {}",
        rate(progress.sent_last as f64),
        count(progress.users),
        progress.in_flight,
        generator(progress)
    )
}

fn step_table(progress: &Progress, width: u16) -> Table<'static> {
    let record = &progress.record;
    let wide = width >= WIDE;
    let row = |(id, step): (u16, &plimsoll_model::Step)| {
        let ok = record.cells.get(&(id, Outcome::Ok)).map(|c| &c.response);
        let quantile = |q: f64| ok.and_then(|h| h.quantile(q)).map_or_else(String::new, |v| time(v as f64));
        let failed: u64 =
            Outcome::ALL.into_iter().filter(|o| o.is_failure()).map(|o| record.count(id, o)).sum();
        let mut cells = vec![
            step.name.clone(),
            count(record.count(id, Outcome::Ok)),
            count(failed),
            quantile(0.5),
            quantile(0.99),
        ];
        if wide {
            cells.insert(4, quantile(0.95));
            cells.push(
                ok.and_then(plimsoll_metrics::Histogram::max_ns).map_or_else(String::new, |m| time(m as f64)),
            );
        }
        Row::new(cells).style(if failed > 0 { colour(Color::Yellow) } else { Style::new() })
    };
    let rows: Vec<_> = record.started.plan.operations().take(STEPS_MAX).map(row).collect();
    let mut head = vec!["step", "ok", "failed", "p50", "p99"];
    if wide {
        head.insert(4, "p95");
        head.push("max");
    }
    let widths: Vec<_> = head
        .iter()
        .enumerate()
        .map(|(i, _)| if i == 0 { Constraint::Min(12) } else { Constraint::Length(11) })
        .collect();
    Table::new(rows, widths).header(Row::new(head).style(Style::new().bold()))
}

/// What is watched, if anything is, and errors.
fn last_lines(progress: &Progress) -> Vec<Line<'static>> {
    let watched = Some(watched(progress)).filter(|line| !line.is_empty());
    watched.map(Line::from).into_iter().chain(error_lines(progress)).collect()
}

fn error_lines(progress: &Progress) -> Vec<Line<'static>> {
    let mut errors: Vec<_> = progress.record.errors.iter().collect();
    errors.sort_by_key(|e| std::cmp::Reverse(e.count));
    let line = |e: &&plimsoll_metrics::ErrorCount| {
        let example: String = e.example.chars().take(80).collect();
        Line::styled(
            format!("{} {} {}: {example}", count(e.count), e.outcome, e.class),
            colour(Color::Yellow),
        )
    };
    errors.iter().take(ERRORS_MAX).map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use plimsoll_audit::testing::Synthetic;
    use plimsoll_model::monitor::{Readings, Series};
    use plimsoll_model::{RunEvent, Unit, Watched};
    use ratatui::backend::TestBackend;

    use super::*;

    fn frame(progress: &Progress, width: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, HEIGHT)).unwrap();
        terminal.draw(|frame| render(frame, progress)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..HEIGHT).map(row).collect()
    }

    fn progress() -> Progress {
        let mut progress = Progress {
            ok_per_second: VecDeque::from([180, 200, 190]),
            sent_last: 200,
            users: 4,
            in_flight: 3.9,
            ..Progress::default()
        };
        let events = Synthetic { failed: 3, failure_ns: 1_000_000, ..Synthetic::default() }.events();
        events.iter().filter(|e| !matches!(e, RunEvent::Finished(_))).for_each(|e| progress.record.apply(e));
        progress
    }

    #[test]
    fn the_view_answers_how_far_how_fast_and_how_well() {
        let rows = frame(&progress(), 110);
        assert!(rows[0].contains("⦵ synthetic"), "{rows:#?}");
        assert!(rows[1].contains("draining"), "{rows:#?}");
        assert!(rows[2].contains("sent 200/s") && rows[2].contains("generator wakes"), "{rows:#?}");
        assert!(rows.iter().any(|r| r.starts_with("call") && r.contains("12\u{2009}000")), "{rows:#?}");
    }

    #[test]
    fn the_fullest_of_what_is_watched_has_a_line() {
        let mut progress = progress();
        progress.record.started.plan.monitors =
            vec![Watched { name: "db".to_owned(), source: "postgres".to_owned() }];
        let series =
            |name: &str, limit| Series { monitor: 0, name: name.to_owned(), unit: Unit::Count, limit };
        progress
            .record
            .apply(&RunEvent::Series(vec![series("db.active", None), series("db.connections", Some(100.0))]));
        let values = vec![(0, 3.0), (1, 91.0)];
        let at_ns = elapsed_ns(&progress);
        progress.record.apply(&RunEvent::Readings(vec![Readings { at_ns, values, ..Readings::default() }]));
        let rows = frame(&progress, 110);
        assert!(rows.iter().any(|r| r.contains("db.connections 91 (91 % of what there is)")), "{rows:#?}");
        let missing = Some("connection refused".to_owned());
        progress.record.apply(&RunEvent::Readings(vec![Readings { at_ns, missing, ..Readings::default() }]));
        let rows = frame(&progress, 110);
        assert!(rows.iter().any(|r| r.contains("db cannot be read: connection refused")), "{rows:#?}");
    }

    #[test]
    fn a_narrow_terminal_loses_columns_not_meaning() {
        let rows = frame(&progress(), 70);
        let head = rows.iter().find(|r| r.starts_with("step")).unwrap();
        assert!(head.contains("p99") && !head.contains("p95"), "{rows:#?}");
    }
}
