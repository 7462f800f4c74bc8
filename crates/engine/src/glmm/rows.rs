//! The rows of a generalised model as they are given.

use crate::error::EngineError;
use crate::rows::Rows;

/// The rows of a generalised mixed model. `rows.y` is the response as its family sees it, `rows.weights` are prior
/// weights.
#[derive(Debug, Clone)]
pub struct GlmmRows<'a> {
    pub rows: Rows<'a>,
    /// Linear predictor that each column of X belongs to.
    pub x_predictor: Vec<usize>,
    /// Linear predictor that each term belongs to.
    pub term_predictor: Vec<usize>,
    /// Known part of each linear predictor.
    pub offsets: Vec<Option<&'a [f64]>>,
}

impl<'a> GlmmRows<'a> {
    /// Everything belongs to one linear predictor.
    pub fn of_mean(rows: Rows<'a>, offset: Option<&'a [f64]>) -> Self {
        let (x, terms) = (rows.x.len(), rows.terms.len());
        Self { rows, x_predictor: vec![0; x], term_predictor: vec![0; terms], offsets: vec![offset] }
    }

    pub(super) fn check(&self) -> Result<(), EngineError> {
        self.rows.check()?;
        let predictors = self.offsets.len();
        let shape = |what: &str| Err(EngineError::Shape(what.into()));
        if self.x_predictor.len() != self.rows.x.len() || self.term_predictor.len() != self.rows.terms.len() {
            return shape("every column of X and every term belongs to one linear predictor");
        }
        if self.x_predictor.iter().chain(&self.term_predictor).any(|&r| r >= predictors) {
            return shape("there is no such linear predictor");
        }
        if self.offsets.iter().flatten().any(|o| o.len() != self.rows.n()) {
            return shape("an offset does not have a number for each row");
        }
        Ok(())
    }
}
