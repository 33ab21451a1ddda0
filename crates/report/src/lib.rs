//! Run directories, and what is shown of a run: one view, one pure renderer a format.

pub mod baseline;
pub mod capacity;
pub mod comparison;
pub mod directory;
pub mod files;
pub mod format;
pub mod injected;
pub mod instances;
pub mod log;
pub mod monitors;
pub mod render;
pub mod samples;
pub mod series;
pub mod suite;
pub mod verify;
pub mod view;

mod withhold;

pub use directory::RunDirectory;
pub use files::RENDERED;
pub use log::{LogError, LogWriter, read_log};
pub use render::foreign::{foreign_json, foreign_text};
pub use render::{
    csv::csv,
    hgrm::hgrm,
    hlog::hlog,
    html::html,
    json::json,
    junit::{junit, junit_with, suite_junit},
    markdown::markdown,
    monitors::monitors_csv,
    openmetrics::openmetrics,
    sparklines::sparklines,
    text::text,
};
pub use samples::SampleWriter;
pub use verify::verify;
pub use view::View;
