//! The sparse factor against the dense one, over graphs of different shapes.

use super::cost::Counts;
use super::ordering::inverse;
use super::{Sparse, Symbolic, predict};
use crate::factor::tiled::Tiled;
use std::sync::Arc;

/// Entries are of order one.
const TOLERANCE: f64 = 1e-10;

struct Pattern {
    name: &'static str,
    n: usize,
    edges: Vec<(usize, usize)>,
}

/// Pseudo-random indices below `bound`.
fn random(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move |bound| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % bound
    }
}

fn grid(name: &'static str, side: usize) -> Pattern {
    let at = |x: usize, y: usize| x * side + y;
    let right = (0..side - 1).flat_map(|x| (0..side).map(move |y| (at(x, y), at(x + 1, y))));
    let up = (0..side).flat_map(|x| (0..side - 1).map(move |y| (at(x, y), at(x, y + 1))));
    Pattern { name, n: side * side, edges: right.chain(up).collect() }
}

fn random_graph(name: &'static str, n: usize, edges: usize) -> Pattern {
    let mut next = random(n as u64);
    Pattern { name, n, edges: (0..edges).map(|_| (next(n), next(n))).collect() }
}

fn patterns() -> Vec<Pattern> {
    let mut next = random(1);
    let tree = (1..900).map(|i| (i, next(i))).collect();
    let all_pairs = |from: usize, n: usize| (0..n).flat_map(move |i| (0..i).map(move |j| (from + i, from + j)));
    let hub_path = (1..700).flat_map(|i| [(0, i), (i, i.max(2) - 1)]).collect();
    vec![
        Pattern { name: "single", n: 1, edges: vec![] },
        Pattern { name: "diagonal", n: 500, edges: vec![] },
        Pattern { name: "path", n: 300, edges: (1..300).map(|i| (i, i - 1)).collect() },
        Pattern { name: "tree", n: 900, edges: tree },
        Pattern { name: "arrow", n: 400, edges: (1..400).map(|i| (i, 0)).collect() },
        Pattern { name: "arrow and path", n: 700, edges: hub_path },
        Pattern { name: "dense", n: 300, edges: all_pairs(0, 300).collect() },
        Pattern { name: "blocks", n: 300, edges: (0..10).flat_map(|b| all_pairs(30 * b, 30)).collect() },
        grid("small grid", 7),
        grid("grid", 32),
        random_graph("few edges", 600, 500),
        random_graph("some edges", 600, 1500),
        random_graph("many edges", 700, 9000),
    ]
}

impl Pattern {
    /// Compressed columns of the lower triangle, repeats included.
    fn columns(&self) -> (Vec<usize>, Vec<u32>) {
        let mut columns = vec![vec![]; self.n];
        (0..self.n).for_each(|i| columns[i].push(i as u32));
        self.edges.iter().for_each(|&(i, j)| columns[i.min(j)].push(i.max(j) as u32));
        let mut pointer = vec![0];
        columns.iter().for_each(|c| pointer.push(pointer[pointer.len() - 1] + c.len()));
        (pointer, columns.concat())
    }

    fn symbolic(&self) -> Arc<Symbolic> {
        let (pointer, rows) = self.columns();
        Arc::new(Symbolic::new(self.n, &pointer, &rows))
    }

    /// Random off-diagonal entries and a dominant diagonal, scattered by `add(i, j, v)`.
    fn fill(&self, mut add: impl FnMut(usize, usize, f64)) {
        let mut next = random(99);
        for i in 0..self.n {
            add(i, i, 1.0 + next(100) as f64 / 100.0);
        }
        for &(i, j) in self.edges.iter().filter(|(i, j)| i != j) {
            let v = next(1000) as f64 / 500.0 - 1.0;
            add(i.max(j), i.min(j), v);
            add(i, i, v.abs());
            add(j, j, v.abs());
        }
    }

    fn sparse(&self) -> Sparse {
        let symbolic = self.symbolic();
        let mut a = Sparse::new(Arc::clone(&symbolic));
        self.fill(|i, j, v| a.values_mut()[symbolic.position(i, j)] += v);
        a
    }

    fn dense(&self) -> Tiled {
        let mut a = Tiled::new(self.n);
        self.fill(|i, j, v| a.add(i, j, v));
        a
    }
}

fn assert_near(got: f64, want: f64, name: &str) {
    assert!((got - want).abs() <= TOLERANCE * want.abs().max(1.0), "{name}: {got} is not {want}");
}

#[test]
fn determinant_and_selected_inverse_are_the_dense_ones() {
    for pattern in patterns() {
        let (mut a, mut dense) = (pattern.sparse(), pattern.dense());
        a.cholesky().unwrap();
        dense.cholesky().unwrap();
        assert_near(a.logdet(), dense.logdet(), pattern.name);
        a.invert_selected();
        dense.invert();
        let mut entries = 0;
        for i in 0..pattern.n {
            for j in 0..=i {
                if let Some(at) = a.symbolic().find(i, j) {
                    assert_near(a.values()[at], dense.get(i, j), pattern.name);
                    entries += 1;
                }
            }
        }
        assert_eq!(entries, a.symbolic().nnz());
    }
}

#[test]
fn solves_are_the_dense_ones() {
    for pattern in patterns() {
        let (mut a, mut dense) = (pattern.sparse(), pattern.dense());
        a.cholesky().unwrap();
        dense.cholesky().unwrap();
        for columns in [1, 3, 70] {
            let mut next = random(5);
            let count = pattern.n * columns;
            let b: Vec<f64> = (0..count).map(|_| next(1000) as f64 / 500.0 - 1.0).collect();
            let (mut x, mut half, mut want) = (b.clone(), b.clone(), b.clone());
            a.solve(&mut x, columns);
            dense.solve_lower(&mut want, columns);
            let norm: f64 = want[..pattern.n].iter().map(|v| v * v).sum();
            dense.solve_lower_transpose(&mut want, columns);
            a.solve_lower(&mut half, columns);
            let half_norm: f64 = half[..pattern.n].iter().map(|v| v * v).sum();
            assert_near(half_norm, norm, pattern.name);
            a.solve_lower_transpose(&mut half, columns);
            for i in 0..count {
                assert_near(x[i], want[i], pattern.name);
                assert_near(half[i], want[i], pattern.name);
            }
        }
    }
}

#[test]
fn prediction_counts_the_entries_of_the_factor() {
    for pattern in patterns() {
        let (pointer, rows) = pattern.columns();
        let symbolic = pattern.symbolic();
        let predicted = predict(pattern.n, &pointer, &rows);
        assert_eq!(predicted, symbolic.exact());
        assert!(symbolic.nnz() >= predicted.nnz && symbolic.flops() >= predicted.flops);
        assert_eq!(predicted.nnz, eliminated(&pattern, &Counts::new(pattern.n, &pointer, &rows).order));
        assert!(eliminated(&pattern, symbolic.order()) <= symbolic.nnz());
    }
}

/// Entries of `L` by elimination on sets of rows.
fn eliminated(pattern: &Pattern, order: &[u32]) -> u64 {
    let name = inverse(order);
    let mut below = vec![std::collections::BTreeSet::new(); pattern.n];
    for &(i, j) in pattern.edges.iter().filter(|(i, j)| i != j) {
        below[name[i].min(name[j]) as usize].insert(name[i].max(name[j]));
    }
    let mut nnz = 0;
    for k in 0..pattern.n {
        let rows = std::mem::take(&mut below[k]);
        nnz += 1 + rows.len() as u64;
        if let Some(&parent) = rows.first() {
            below[parent as usize].extend(rows.range(parent + 1..));
        }
    }
    nnz
}

#[test]
fn order_is_a_permutation_and_positions_are_distinct() {
    for pattern in patterns() {
        let symbolic = pattern.symbolic();
        let mut order = symbolic.order().to_vec();
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(k, &i)| k as u32 == i));
        let mut diagonal = symbolic.diagonal();
        diagonal.sort_unstable();
        diagonal.dedup();
        assert_eq!(diagonal.len(), pattern.n);
        let (pointer, rows) = pattern.columns();
        let positions = symbolic.positions(&pointer, &rows);
        assert_eq!(positions[0], symbolic.position(rows[0] as usize, 0));
        assert_eq!(symbolic.find(0, 0), Some(symbolic.position(0, 0)));
    }
    assert_eq!(patterns()[1].symbolic().find(3, 4), None);
}

#[test]
fn bad_pivot_is_an_error_that_names_a_row() {
    for pattern in patterns() {
        for bad in [0, pattern.n / 2, pattern.n - 1] {
            let mut a = pattern.sparse();
            let at = a.symbolic().position(bad, bad);
            a.values_mut()[at] = -1e3;
            assert!(a.cholesky().unwrap_err() < pattern.n);
        }
    }
    let diagonal = &patterns()[1];
    let mut a = diagonal.sparse();
    let at = a.symbolic().position(123, 123);
    a.values_mut()[at] = f64::NAN;
    assert_eq!(a.cholesky(), Err(123));
}

#[test]
fn refilling_after_an_inverse_starts_afresh() {
    for pattern in patterns() {
        let mut a = pattern.sparse();
        a.cholesky().unwrap();
        let determinant = a.logdet();
        a.invert_selected();
        a.fill_zero();
        let symbolic = Arc::clone(a.symbolic());
        pattern.fill(|i, j, v| a.values_mut()[symbolic.position(i, j)] += v);
        a.cholesky().unwrap();
        assert_eq!(a.logdet(), determinant);
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let mut patterns = patterns();
    patterns.push(grid("large grid", 150));
    patterns.push(random_graph("large random", 4000, 8000));
    for pattern in patterns {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut a = pattern.sparse();
                a.cholesky().unwrap();
                let mut x: Vec<f64> = (0..pattern.n * 40).map(|i| i as f64).collect();
                a.solve(&mut x, 40);
                let determinant = a.logdet();
                a.invert_selected();
                (a.values().to_vec(), x, determinant)
            })
        };
        let one = run(1);
        for threads in [2, 5] {
            assert!(run(threads) == one, "{}", pattern.name);
        }
    }
}

#[test]
fn bundles_cover_the_bottom_of_large_trees() {
    let symbolic = grid("large grid", 150).symbolic();
    assert!(symbolic.plan.bundles.len() > 4);
    let in_bundles: usize = symbolic.plan.bundles.iter().map(|b| b.supernodes.len()).sum();
    assert_eq!(in_bundles + symbolic.plan.top.len(), symbolic.supernodes());
    assert!(symbolic.plan.top.len() * 4 < symbolic.supernodes());
}

#[test]
fn empty_matrix_is_harmless() {
    let mut a = Sparse::new(Arc::new(Symbolic::new(0, &[0], &[])));
    assert_eq!(a.cholesky(), Ok(()));
    a.invert_selected();
    a.solve(&mut [], 1);
    assert_eq!(a.logdet(), 0.0);
}
