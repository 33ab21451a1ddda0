//! One pure renderer a format.

pub mod json;
pub mod table;
pub mod text;
