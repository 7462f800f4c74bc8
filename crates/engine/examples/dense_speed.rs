//! Speed of the dense factor: `cargo run --release -p mixedmodels-engine --example dense_speed`.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par, Spec};
use mixedmodels_engine::factor::tiled::Tiled;
use std::time::Instant;

/// Least time of several runs, with an untimed preparation before each.
fn best<S>(state: &mut S, prepare: impl Fn(&mut S), run: impl Fn(&mut S)) -> f64 {
    let (mut least, mut total, mut times) = (f64::INFINITY, 0.0, 0);
    while times < 3 || (total < 0.5 && times < 20_000) {
        prepare(state);
        let start = Instant::now();
        run(state);
        let seconds = start.elapsed().as_secs_f64();
        (least, total, times) = (least.min(seconds), total + seconds, times + 1);
    }
    least
}

fn entry(i: usize, j: usize) -> f64 {
    1.0 / (1.0 + i.abs_diff(j) as f64) + f64::from(u8::from(i == j))
}

fn matrix(n: usize) -> Tiled {
    let mut s = Tiled::new(n);
    for j in 0..n {
        for i in j..n {
            s.add(i, j, entry(i, j));
        }
    }
    s
}

fn faer_dense(n: usize, par: Par) -> (f64, f64) {
    let a = Mat::from_fn(n, n, entry);
    let request = factor::cholesky_in_place_scratch::<f64>(n, par, Spec::default());
    let mut state = (a.clone(), MemBuffer::new(request));
    let factorise = best(
        &mut state,
        |(l, _)| l.copy_from(&a),
        |(l, memory)| {
            let stack = MemStack::new(memory);
            factor::cholesky_in_place(l.as_mut(), Default::default(), par, stack, Spec::default())
                .expect("positive definite");
        },
    );
    let mut c = Mat::<f64>::zeros(n, n);
    let product = best(&mut c, |_| (), |c| matmul(c, Accum::Replace, &a, &a, 1.0, par));
    (factorise, product)
}

fn main() {
    println!("GF/s             n   tiled llt  tiled inv |  faer llt  faer gemm |  us llt    us inv");
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        for n in [20, 50, 100, 500, 1128, 2000, 5000] {
            pool.install(|| {
                let source = matrix(n);
                let mut l = source.clone();
                let copy = |l: &mut Tiled| l.values_mut().copy_from_slice(source.values());
                let llt = best(&mut l, copy, |l| l.cholesky().expect("positive definite"));
                let factorise = |l: &mut Tiled| {
                    copy(l);
                    l.cholesky().expect("positive definite");
                };
                let inverse = best(&mut l, factorise, Tiled::invert);
                let par = if threads == 1 { Par::Seq } else { Par::rayon(threads) };
                let (faer_llt, product) = faer_dense(n, par);
                let cube = (n as f64).powi(3) / 1e9;
                println!(
                    "{threads} threads  {n:8}  {:10.1} {:10.1} | {:9.1} {:10.1} | {:8.1} {:9.1}",
                    cube / 3.0 / llt,
                    cube * 2.0 / 3.0 / inverse,
                    cube / 3.0 / faer_llt,
                    cube * 2.0 / product,
                    llt * 1e6,
                    inverse * 1e6,
                );
            });
        }
    }
}
