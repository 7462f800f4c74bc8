//! Results that are asked for over and over while the parameters stay, by the bits of what they depend on.

use std::collections::HashMap;
use std::sync::RwLock;

/// Values of a function of W numbers. Threads share them.
pub(crate) struct Kept<V, const W: usize>(RwLock<HashMap<[u64; W], V>>);

/// Values that are kept; then all are forgotten.
const MOST: usize = 1 << 16;

impl<V, const W: usize> Default for Kept<V, W> {
    fn default() -> Self {
        Self(RwLock::new(HashMap::new()))
    }
}

impl<V: Copy, const W: usize> Kept<V, W> {
    /// The value at these numbers, made where it is not kept.
    pub(crate) fn at(&self, arguments: [f64; W], make: impl FnOnce() -> V) -> V {
        let key = arguments.map(f64::to_bits);
        if let Some(value) = self.0.read().ok().and_then(|values| values.get(&key).copied()) {
            return value;
        }
        let value = make();
        if let Ok(mut values) = self.0.write() {
            if values.len() >= MOST {
                values.clear();
            }
            values.insert(key, value);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_again_after_all_are_forgotten() {
        let (kept, mut made) = (Kept::<f64, 1>::default(), 0);
        for x in [1.0, 1.0, 2.0, 1.0] {
            let twice = kept.at([x], || {
                made += 1;
                2.0 * x
            });
            assert_eq!(twice, 2.0 * x);
        }
        assert_eq!(made, 2);
        (0..MOST).for_each(|i| assert_eq!(kept.at([3.0 + i as f64], || 0.0), 0.0));
        assert_eq!(kept.at([1.0], || -1.0), -1.0);
    }
}
