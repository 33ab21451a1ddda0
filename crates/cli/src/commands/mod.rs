//! One file a command.

pub(crate) mod arms;
pub(crate) mod audit;
pub(crate) mod baseline;
pub(crate) mod capacity;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod history;
pub(crate) mod hit;
pub(crate) mod plan;
pub(crate) mod repeat;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod script;
pub(crate) mod suite;
pub(crate) mod target;
pub(crate) mod verify;
