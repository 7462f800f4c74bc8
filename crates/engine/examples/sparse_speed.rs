//! Speed of the sparse factor on graphs such as workers moving between firms make:
//! `cargo run --release -p mixedmodels-engine --example sparse_speed [most GF]`.
//!
//! Graphs whose predicted factorisation exceeds that many GF (1000 by default) are analysed
//! only.

use mixedmodels_engine::factor::sparse::{Sparse, Symbolic, predict};
use std::sync::Arc;
use std::time::Instant;

fn random(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move |bound| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % bound
    }
}

type Edges = Vec<(usize, usize)>;

/// Edges to one of the `reach` next nodes, but `far` in a thousand to anywhere.
fn ring(n: usize, edges: usize, reach: usize, far: usize) -> Edges {
    let mut next = random(1);
    let mut edge = |_| {
        let i = next(n);
        let j = if next(1000) < far { next(n) } else { (i + 1 + next(reach)) % n };
        (i, j)
    };
    (0..edges).map(&mut edge).collect()
}

/// Edges to nodes at most `reach` away in either direction of a square map, but for `far`
/// in a thousand.
fn map(side: usize, edges: usize, reach: usize, far: usize) -> Edges {
    let mut next = random(2);
    let mut edge = |_| {
        let (x, y) = (next(side), next(side));
        let near = |v: usize, d: usize| (v + side + d - reach) % side;
        let to = (near(x, next(2 * reach + 1)), near(y, next(2 * reach + 1)));
        let (u, v) = if next(1000) < far { (next(side), next(side)) } else { to };
        (x * side + y, u * side + v)
    };
    (0..edges).map(&mut edge).collect()
}

fn columns(n: usize, edges: &Edges) -> (Vec<usize>, Vec<u32>) {
    let mut columns: Vec<Vec<u32>> = (0..n as u32).map(|i| vec![i]).collect();
    edges.iter().for_each(|&(i, j)| columns[i.min(j)].push(i.max(j) as u32));
    let mut pointer = vec![0];
    for column in &mut columns {
        column.sort_unstable();
        column.dedup();
        pointer.push(pointer[pointer.len() - 1] + column.len());
    }
    (pointer, columns.concat())
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed().as_secs_f64())
}

fn measure(name: &str, n: usize, edges: &Edges, most: f64) {
    let (pointer, rows) = columns(n, edges);
    let (exact, predict_time) = timed(|| predict(n, &pointer, &rows));
    println!(
        "{name}: n {n}, entries {}; predicted fill {:.1}, {:.3} GF ({:.0} ms)",
        rows.len(),
        exact.nnz as f64 / rows.len() as f64,
        exact.flops / 1e9,
        predict_time * 1e3
    );
    let (symbolic, analysis) = timed(|| Arc::new(Symbolic::new(n, &pointer, &rows)));
    let (values, work) = symbolic.memory();
    println!(
        "  analysed in {:.0} ms: {} supernodes, {:.3} GF, {:.1} M entries, {:.0} + {:.0} MB",
        analysis * 1e3,
        symbolic.supernodes(),
        symbolic.flops() / 1e9,
        symbolic.nnz() as f64 / 1e6,
        values as f64 * 8e-6,
        work as f64 * 8e-6,
    );
    if exact.flops > most * 1e9 {
        return;
    }
    let positions = symbolic.positions(&pointer, &rows);
    let diagonal = symbolic.diagonal();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let mut a = Sparse::new(Arc::clone(&symbolic));
            let mut least = [f64::INFINITY; 3];
            let mut inverse = 0.0;
            for _ in 0..if exact.flops < 1e10 { 10 } else { 2 } {
                a.fill_zero();
                positions.iter().for_each(|&at| a.values_mut()[at] = -1.0);
                diagonal.iter().for_each(|&at| a.values_mut()[at] = 1.0);
                for j in 0..n {
                    for &i in rows[pointer[j]..pointer[j + 1]].iter().filter(|&&i| i as usize != j) {
                        a.values_mut()[diagonal[i as usize]] += 1.0;
                        a.values_mut()[diagonal[j]] += 1.0;
                    }
                }
                let (done, factor) = timed(|| a.cholesky());
                done.expect("a dominant diagonal");
                let mut x = vec![1.0; n];
                let ((), solve) = timed(|| a.solve(&mut x, 1));
                let ((), invert) = timed(|| a.invert_selected());
                for (least, new) in least.iter_mut().zip([factor, solve, invert]) {
                    *least = least.min(new);
                }
                inverse = a.get(0, 0);
            }
            let [factor, solve, invert] = least;
            let speed = symbolic.flops() / 1e9;
            println!(
                "  {threads} threads: cholesky {:.2} ms ({:.1} GF/s, {:.0} ns a supernode), \
                 inverse {:.2} ms ({:.1} GF/s), solve {:.2} ms; first entry {inverse:.12}",
                factor * 1e3,
                speed / factor,
                factor * 1e9 / symbolic.supernodes() as f64,
                invert * 1e3,
                2.0 * speed / invert,
                solve * 1e3,
            );
        });
    }
}

fn main() {
    let most = std::env::args().nth(1).and_then(|v| v.parse().ok()).unwrap_or(1000.0);
    let n = 100_000;
    let mut next = random(3);
    measure("diagonal", n, &vec![], most);
    measure("tree", n, &(1..n).map(|i| (i, next(i))).collect(), most);
    measure("arrow", n, &(1..n).map(|i| (i, 0)).collect(), most);
    let n = 50_000;
    measure("ring, reach 50", n, &ring(n, 200_000, 50, 0), most);
    measure("ring, 1 in 100 far", n, &ring(n, 200_000, 50, 10), most);
    measure("map, reach 2", 224 * 224, &map(224, 200_000, 2, 0), most);
    measure("map, 1 in 100 far", 224 * 224, &map(224, 200_000, 2, 10), most);
    measure("uniform, degree 3", n, &ring(n, 75_000, 1, 1000), most);
    measure("uniform, degree 8", n, &ring(n, 200_000, 1, 1000), most);
    measure("uniform, degree 16", n, &ring(n, 400_000, 1, 1000), most);
    let n = 20_000;
    measure("uniform, degree 8", n, &ring(n, 80_000, 1, 1000), most);
    let n = 2000;
    measure("dense", n, &(0..n).flat_map(|i| (0..i).map(move |j| (i, j))).collect(), most);
}
