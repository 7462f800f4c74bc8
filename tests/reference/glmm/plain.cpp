// A generalised linear mixed model as plain as it can be said, for TMB: u ~ N(0, I), b = Lambda u, log p(y | u) summed.
// TMB's automatic derivatives give the Laplace approximation (observed information) with its exact gradient.
#include <TMB.hpp>

template <class Type> Type log1mexp(Type a) { return logspace_sub(Type(0), a); }  // log(1 - exp(a)), a < 0

// log p and log(1 - p) of a binomial mean.
template <class Type> void log_probabilities(int link, Type eta, Type &lp, Type &lq) {
  switch (link) {
    case 0: lp = -logspace_add(Type(0), -eta); lq = -logspace_add(Type(0), eta); break;  // logit
    case 1: lp = log(pnorm(eta)); lq = log(pnorm(-eta)); break;                          // probit
    case 2: lq = -exp(eta); lp = log1mexp(lq); break;                                    // cloglog
    case 3: lp = -exp(-eta); lq = log1mexp(lp); break;                                   // loglog
    case 4: lp = log(Type(0.5) + atan(eta) / M_PI); lq = log(Type(0.5) - atan(eta) / M_PI); break;  // cauchit
    case 5: lp = eta; lq = log1mexp(eta); break;                                         // log
    default: error("binomial link");
  }
}

template <class Type> Type mean(int link, Type eta) {
  switch (link) {
    case 5: return exp(eta);
    case 6: return eta * eta;               // sqrt
    case 7: return eta;                     // identity
    case 8: return Type(1) / eta;           // inverse
    case 9: return Type(1) / sqrt(eta);     // 1/mu^2
    default: error("link");
  }
  return eta;
}

template <class Type> Type objective_function<Type>::operator()() {
  DATA_VECTOR(y);       // a proportion for a binomial response
  DATA_VECTOR(w);       // trials, cases or precisions
  DATA_VECTOR(offset);
  DATA_MATRIX(X);
  DATA_SPARSE_MATRIX(Z);
  DATA_IVECTOR(k);      // per term: random effects of a level, levels
  DATA_IVECTOR(levels);
  DATA_INTEGER(family);
  DATA_INTEGER(link);
  DATA_SCALAR(fixed);   // theta of a negative binomial where it is not estimated
  PARAMETER_VECTOR(theta);
  PARAMETER_VECTOR(beta);
  PARAMETER_VECTOR(psi);
  PARAMETER_VECTOR(u);

  Type out = 0;
  for (int j = 0; j < u.size(); j++) out -= dnorm(u(j), Type(0), Type(1), true);
  vector<Type> b(u.size());
  int at = 0, from = 0;
  for (int t = 0; t < k.size(); t++) {
    for (int l = 0; l < levels(t); l++) {
      for (int i = 0; i < k(t); i++) b(from + l * k(t) + i) = 0;
      int c = at;
      for (int j = 0; j < k(t); j++)
        for (int i = j; i < k(t); i++) b(from + l * k(t) + i) += theta(c++) * u(from + l * k(t) + j);
    }
    at += k(t) * (k(t) + 1) / 2;
    from += k(t) * levels(t);
  }
  vector<Type> eta = X * beta + Z * b + offset;
  for (int i = 0; i < y.size(); i++) {
    Type l = 0;
    if (family == 0) {  // binomial
      Type lp, lq;
      log_probabilities(link, eta(i), lp, lq);
      Type s = y(i) * w(i), f = w(i) - s;
      l = lgamma(w(i) + 1) - lgamma(s + 1) - lgamma(f + 1);
      if (asDouble(s) > 0) l += s * lp;
      if (asDouble(f) > 0) l += f * lq;
    } else {
      Type mu = mean(link, eta(i));
      switch (family) {
        case 1:  // Poisson
          l = -mu - lgamma(y(i) + 1);
          if (asDouble(y(i)) > 0) l += y(i) * log(mu);
          l *= w(i);
          break;
        case 2: {  // negative binomial, variance mu + mu^2 / theta
          Type size = psi.size() ? exp(psi(0)) : fixed;
          l = lgamma(y(i) + size) - lgamma(size) - lgamma(y(i) + 1) + size * log(size) - (size + y(i)) * log(size + mu);
          if (asDouble(y(i)) > 0) l += y(i) * log(mu);
          l *= w(i);
          break;
        }
        case 3: {  // Gamma, variance mu^2 / (shape w)
          Type a = exp(psi(0)) * w(i);
          l = a * log(a / mu) + (a - 1) * log(y(i)) - a * y(i) / mu - lgamma(a);
          break;
        }
        case 4: {  // inverse Gaussian, variance mu^3 / (lambda w)
          Type a = exp(psi(0)) * w(i);
          l = 0.5 * (log(a) - log(2 * M_PI) - 3 * log(y(i))) - a * (y(i) - mu) * (y(i) - mu) / (2 * mu * mu * y(i));
          break;
        }
        case 5: {  // gaussian, variance sigma^2 / w
          l = dnorm(y(i), mu, exp(psi(0)) / sqrt(w(i)), true);
          break;
        }
        default: error("family");
      }
    }
    out -= l;
  }
  return out;
}
