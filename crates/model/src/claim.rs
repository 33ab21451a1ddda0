//! A predicate fixed before the run.

use plimsoll_metrics::expression::{Expression, ExpressionError, parse};
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
    /// The parsed expression.
    pub fn expression(&self) -> Result<Expression, ExpressionError> {
        parse(&self.text)
    }
}
