//! The tiled factor against textbook loops, over one tile, many tiles and ragged ends.

use super::Tiled;

/// `(order, log2 of the tile)`: single tiles, exact multiples, ragged last tiles.
const SHAPES: [(usize, u32); 10] =
    [(1, 7), (2, 7), (20, 7), (64, 7), (100, 7), (129, 7), (300, 7), (16, 3), (61, 3), (70, 4)];

/// Relative to the size of the entries, which are of order one to `n`.
const TOLERANCE: f64 = 1e-10;

fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5
    }
}

/// A well conditioned matrix, full and row by row.
fn positive_definite(n: usize) -> Vec<Vec<f64>> {
    let mut next = noise(n as u64);
    let g: Vec<Vec<f64>> = (0..n).map(|_| (0..n).map(|_| next()).collect()).collect();
    let entry = |i: usize, j: usize| -> f64 {
        let product: f64 = (0..n).map(|k| g[i][k] * g[j][k]).sum();
        product / n as f64 + f64::from(u8::from(i == j))
    };
    (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
}

fn textbook_cholesky(a: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = a.len();
    let mut l = vec![vec![0.0; n]; n];
    for j in 0..n {
        for i in j..n {
            let s: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            l[i][j] = if i == j { (a[j][j] - s).sqrt() } else { (a[i][j] - s) / l[j][j] };
        }
    }
    l
}

fn packed(a: &[Vec<f64>], shift: u32) -> Tiled {
    let mut s = Tiled::with_tiles(a.len(), shift);
    for (i, row) in a.iter().enumerate() {
        for (j, v) in row[..=i].iter().enumerate() {
            s.add(i, j, *v);
        }
    }
    s
}

fn assert_near(got: f64, want: f64) {
    assert!((got - want).abs() <= TOLERANCE * want.abs().max(1.0), "{got} is not {want}");
}

#[test]
fn factor_and_logdet_are_the_textbook_ones() {
    for (n, shift) in SHAPES {
        let a = positive_definite(n);
        let l = textbook_cholesky(&a);
        let mut s = packed(&a, shift);
        s.cholesky().unwrap();
        for (i, row) in l.iter().enumerate() {
            row[..=i].iter().enumerate().for_each(|(j, v)| assert_near(s.get(i, j), *v));
        }
        assert_near(s.logdet(), (0..n).map(|i| 2.0 * l[i][i].ln()).sum());
    }
}

#[test]
fn inverse_times_matrix_is_the_identity() {
    for (n, shift) in SHAPES {
        let a = positive_definite(n);
        let mut s = packed(&a, shift);
        s.cholesky().unwrap();
        s.invert();
        for i in 0..n {
            for j in 0..n {
                let product: f64 = a.iter().enumerate().map(|(k, row)| s.get(i, k) * row[j]).sum();
                assert_near(product, f64::from(u8::from(i == j)));
            }
        }
    }
}

#[test]
fn half_solves_undo_the_factor() {
    for (n, shift) in SHAPES {
        for columns in [1, 3, 150] {
            let l = textbook_cholesky(&positive_definite(n));
            let mut s = packed(&positive_definite(n), shift);
            s.cholesky().unwrap();
            let mut next = noise(7);
            let x: Vec<f64> = (0..n * columns).map(|_| next()).collect();
            let (mut lower, mut upper) = (vec![0.0; n * columns], vec![0.0; n * columns]);
            for c in 0..columns {
                for i in 0..n {
                    for j in 0..=i {
                        lower[c * n + i] += l[i][j] * x[c * n + j];
                        upper[c * n + j] += l[i][j] * x[c * n + i];
                    }
                }
            }
            s.solve_lower(&mut lower, columns);
            s.solve_lower_transpose(&mut upper, columns);
            for i in 0..n * columns {
                assert_near(lower[i], x[i]);
                assert_near(upper[i], x[i]);
            }
        }
    }
}

#[test]
fn rank_update_adds_the_outer_product() {
    let m = 5;
    for (n, shift) in SHAPES {
        let mut next = noise(3);
        let h: Vec<f64> = (0..n * m).map(|_| next()).collect();
        let mut s = Tiled::with_tiles(n, shift);
        s.diag_add(2.0);
        s.rank_update(-1.0, &h, m);
        for i in 0..n {
            for j in 0..=i {
                let outer: f64 = (0..m).map(|k| h[k * n + i] * h[k * n + j]).sum();
                assert_near(s.get(i, j), 2.0 * f64::from(u8::from(i == j)) - outer);
            }
        }
    }
}

#[test]
fn addresses_are_distinct_and_columns_meet_them() {
    for (n, shift) in SHAPES {
        let mut s = Tiled::with_tiles(n, shift);
        let mut taken = vec![false; s.len()];
        for j in 0..n {
            for i in j..n {
                let at = s.index(i, j);
                assert!(!std::mem::replace(&mut taken[at], true));
                s.values_mut()[at] = (i * n + j) as f64;
            }
        }
        for j in 0..n {
            let mut i = j;
            for (first, stretch) in s.column_mut(j) {
                assert_eq!(first, i);
                for v in stretch.iter() {
                    assert_eq!(*v, (i * n + j) as f64);
                    i += 1;
                }
            }
            assert_eq!(i, n);
        }
    }
    for n in [0, 1, 128, 129, 1000, 7000] {
        assert_eq!(Tiled::predicted_len(n), Tiled::new(n).len());
    }
}

#[test]
fn first_bad_pivot_is_reported() {
    for (n, shift) in SHAPES {
        for bad in [0, n / 2, n - 1] {
            let mut s = packed(&positive_definite(n), shift);
            s.add(bad, bad, -1e3);
            assert_eq!(s.cholesky(), Err(bad));
        }
    }
    let mut s = packed(&positive_definite(40), 4);
    s.add(17, 17, f64::NAN);
    assert_eq!(s.cholesky(), Err(17));
}

#[test]
fn threads_do_not_change_a_bit() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut s = packed(&positive_definite(200), 4);
            let mut x: Vec<f64> = (0..200 * 130).map(|i| i as f64).collect();
            s.rank_update(0.01, &x.clone(), 130);
            s.cholesky().unwrap();
            s.solve_lower(&mut x, 130);
            let factor = s.values().to_vec();
            s.invert();
            (factor, s.values().to_vec(), x)
        })
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(run(threads) == one);
    }
}

#[test]
fn empty_matrix_is_harmless() {
    let mut s = Tiled::new(0);
    assert_eq!(s.cholesky(), Ok(()));
    s.invert();
    s.solve_lower(&mut [], 1);
    assert!(s.is_empty() && s.logdet() == 0.0);
}
