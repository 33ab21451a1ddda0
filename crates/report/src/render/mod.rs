//! One pure renderer a format.

pub mod breakpoint;
pub mod capacity;
pub mod comparison;
mod counted;
pub mod csv;
pub mod foreign;
pub mod hgrm;
pub mod history;
pub mod hlog;
pub mod html;
pub mod instances;
pub mod json;
pub mod junit;
pub mod markdown;
mod matrix;
pub mod monitors;
pub mod openmetrics;
pub mod sparklines;
pub mod suite;
pub mod table;
pub mod text;
