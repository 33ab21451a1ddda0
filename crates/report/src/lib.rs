//! Run directories, and what is shown of a run: one view, one pure renderer a format.

pub mod directory;
pub mod format;
pub mod log;
pub mod render;
pub mod view;

mod withhold;

pub use directory::RunDirectory;
pub use log::{LogError, LogWriter, read_log};
pub use render::{json::json, text::text};
pub use view::View;
