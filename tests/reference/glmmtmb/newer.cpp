// What glmmTMB 1.1.5 does not have, as plain as it can be said, for TMB: families that came later, and random effects in the
// dispersion model. u ~ N(0, I); every random effect is exp(theta) u of its term; log p(y | u) summed.
#include <TMB.hpp>

// theta of theta exp(theta) = mu.
template <class Type> Type lambert(Type mu) {
  Type t = log(Type(1) + mu);
  for (int i = 0; i < 12; i++) t -= (t * exp(t) - mu) / (exp(t) * (t + Type(1)));
  return t;
}

template <class Type> Type negative_binomial(Type y, Type mu, Type k) {
  return lgamma(y + k) - lgamma(k) - lgamma(y + Type(1)) - k * log(Type(1) + mu / k) - y * log(Type(1) + k / mu);
}

template <class Type> vector<Type> added(matrix<Type> X, vector<Type> beta, Eigen::SparseMatrix<Type> Z, vector<int> term,
                                         vector<Type> theta, vector<Type> u) {
  vector<Type> out = X * beta;
  if (u.size() == 0) return out;
  vector<Type> b(u.size());
  for (int j = 0; j < u.size(); j++) b(j) = exp(theta(term(j))) * u(j);
  return out + Z * b;
}

template <class Type> Type objective_function<Type>::operator()() {
  DATA_VECTOR(y);
  DATA_VECTOR(bell);  // log Bell number of y
  DATA_INTEGER(family);
  DATA_INTEGER(zeros);
  DATA_MATRIX(X); DATA_MATRIX(Xzi); DATA_MATRIX(Xd);
  DATA_SPARSE_MATRIX(Z); DATA_SPARSE_MATRIX(Zzi); DATA_SPARSE_MATRIX(Zd);
  DATA_IVECTOR(term); DATA_IVECTOR(term_zi); DATA_IVECTOR(term_d);
  PARAMETER_VECTOR(beta); PARAMETER_VECTOR(betazi); PARAMETER_VECTOR(betad);
  PARAMETER_VECTOR(theta); PARAMETER_VECTOR(thetazi); PARAMETER_VECTOR(thetad);
  PARAMETER_VECTOR(psi);
  PARAMETER_VECTOR(u); PARAMETER_VECTOR(uzi); PARAMETER_VECTOR(ud);

  Type out = 0;
  for (int j = 0; j < u.size(); j++) out -= dnorm(u(j), Type(0), Type(1), true);
  for (int j = 0; j < uzi.size(); j++) out -= dnorm(uzi(j), Type(0), Type(1), true);
  for (int j = 0; j < ud.size(); j++) out -= dnorm(ud(j), Type(0), Type(1), true);
  vector<Type> eta = added(X, beta, Z, term, theta, u);
  vector<Type> zeta = added(Xzi, betazi, Zzi, term_zi, thetazi, uzi);
  vector<Type> xi = added(Xd, betad, Zd, term_d, thetad, ud);

  for (int i = 0; i < y.size(); i++) {
    Type l = 0, phi = exp(xi(i)), mu = exp(eta(i));
    bool mass = true;  // a zero can come from the family itself
    switch (family) {
      case 0: {  // lognormal: mean and standard deviation of y itself
        mass = false;
        if (y(i) > 0) {
          Type v = log(Type(1) + exp(Type(2) * (xi(i) - eta(i))));
          l = dnorm(log(y(i)), eta(i) - v / Type(2), sqrt(v), true) - log(y(i));
        }
        break;
      }
      case 1: {  // skew-normal
        Type a = psi(0), d = a / sqrt(Type(1) + a * a), omega = phi / sqrt(Type(1) - Type(2) * d * d / M_PI);
        Type z = (y(i) - eta(i)) / omega + d * sqrt(Type(2) / M_PI);
        l = log(Type(2)) - log(omega) + dnorm(z, Type(0), Type(1), true) + log(pnorm(a * z));
        break;
      }
      case 2: {  // Bell
        Type t = lambert(mu);
        l = y(i) * log(t) - exp(t) + Type(1) + bell(i) - lgamma(y(i) + Type(1));
        break;
      }
      case 3: l = negative_binomial(y(i), mu, mu / (phi + mu * exp(-psi(0)))); break;  // nbinom12
      case 4: l = negative_binomial(y(i), mu, phi); break;                             // nbinom2
      case 5: l = negative_binomial(y(i), mu, mu / phi); break;                        // nbinom1
      case 6: l = dnorm(y(i), eta(i), phi, true); break;                               // gaussian
      case 7: {                                                                        // beta
        Type p = Type(1) / (Type(1) + exp(-eta(i)));
        mass = false;
        if (y(i) > 0) l = dbeta(y(i), p * phi, (Type(1) - p) * phi, true);
        break;
      }
      case 8: mass = false; if (y(i) > 0) l = dgamma(y(i), phi, mu / phi, true); break;  // Gamma
      default: error("family");
    }
    if (zeros) {
      Type zero = -logspace_add(Type(0), -zeta(i)), other = -logspace_add(Type(0), zeta(i));
      if (y(i) != 0) l += other;
      else l = mass ? logspace_add(zero, other + l) : zero;
    }
    out -= l;
  }
  return out;
}
