# What R's packages exactRankTests and coin say of paired differences that are whole numbers: reads
# "set,comparison,difference" lines from standard input and writes r_values.csv of test_oracles.py.
suppressMessages({ library(exactRankTests); library(coin) })
given <- read.csv(file("stdin"), stringsAsFactors = FALSE)
cat("set,comparison,exactRankTests,coin\n")
for (key in unique(paste(given$set, given$comparison))) {
  rows <- given[paste(given$set, given$comparison) == key, ]
  d <- rows$difference
  one <- perm.test(d, paired = FALSE, exact = TRUE, mu = 0)$p.value
  n <- length(d)
  y <- c(d, rep(0, n)); side <- factor(rep(c("a", "b"), each = n)); block <- factor(rep(1:n, 2))
  two <- as.numeric(pvalue(symmetry_test(y ~ side | block, distribution = "exact")))
  cat(rows$set[1], ",", rows$comparison[1], ",", format(one, digits = 15), ",",
      format(two, digits = 15), "\n", sep = "")
}
