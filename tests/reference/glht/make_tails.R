# Tails of the multivariate normal and t distributions by mvtnorm with many points; writes tails.json.
suppressMessages({library(mvtnorm); library(jsonlite)}); set.seed(3); options(digits=17)
out <- list()
pairs <- function(m) { K <- NULL; for (i in 1:m) for (j in seq_len(i-1)) { r <- rep(0,m); r[i] <- 1; r[j] <- -1; K <- rbind(K,r) }; K }
add <- function(V, K, c, df, two) { C <- cov2cor(K %*% V %*% t(K)); n <- nrow(C)
 r <- pmvt(if (two) rep(-c,n) else rep(-Inf,n), rep(c,n), df=df, corr=C, algorithm=GenzBretz(maxpts=2e6, abseps=1e-7, releps=0))
 out[[length(out)+1]] <<- list(V=V, pairs=nrow(K)!=ncol(K), c=c, df=df, two=two, tail=1-as.numeric(r), error=attr(r,"error")) }

for (m in c(4,5)) { V <- diag(1/sample(4:12,m,TRUE)); V2 <- V + .03*crossprod(matrix(rnorm(m*m),m))/m
 add(round(V2,6), pairs(m), c(2.4,2.9,3.1)[match(m,c(4,5))], c(0,20,0)[match(m,c(4,5))], TRUE)
 D <- cov2cor(crossprod(matrix(rnorm(m*2*m),2*m))); D <- round(D,8)
 add(D, diag(m), 2.5, 9, TRUE); add(D, diag(m), 2.3, 0, FALSE); add(D, diag(m), -.3, 15, FALSE) }
writeLines(toJSON(out, digits=14, auto_unbox=TRUE), "tails.json")
