"""Special functions as formulas over LLVM values: error functions, gamma and beta, Bessel functions, integrals."""
