//! A predicate fixed before the run.

use plimsoll_metrics::expression::{Expression, ExpressionError, Statement, parse, parse_statement};
use serde::{Deserialize, Serialize};

/// A claim as the plan states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The expression, as written.
    pub text: String,
    /// Stop the run as soon as the claim is certainly lost.
    pub abort: bool,
}

impl Claim {
    /// What it states.
    pub fn statement(&self) -> Result<Statement, ExpressionError> {
        parse_statement(&self.text)
    }

    /// The measure and its bound, if it is about one.
    pub fn expression(&self) -> Result<Expression, ExpressionError> {
        parse(&self.text)
    }
}
