//! The rows of a generalised model as they are given.

use crate::error::{EngineError, Index, Misfit};
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
        if self.x_predictor.len() != self.rows.x.len() || self.term_predictor.len() != self.rows.terms.len() {
            return Err(EngineError::shape("every column of X and every term belongs to one linear predictor"));
        }
        let absent = |of: &[usize]| of.iter().position(|&r| r >= predictors);
        let stray = absent(&self.x_predictor).map(Index::Column);
        if let Some(index) = stray.or_else(|| absent(&self.term_predictor).map(Index::Term)) {
            return Err(EngineError::shape(Misfit::at(index, "there is no such linear predictor")));
        }
        let short = |o: &Option<&[f64]>| o.is_some_and(|o| o.len() != self.rows.n());
        if let Some(r) = self.offsets.iter().position(short) {
            let what = "an offset does not have a number for each row";
            return Err(EngineError::shape(Misfit::at(Index::Predictor(r), what)));
        }
        Ok(())
    }
}
