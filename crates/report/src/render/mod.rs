//! One pure renderer a format.

pub mod csv;
pub mod foreign;
pub mod hgrm;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod openmetrics;
pub mod table;
pub mod text;
