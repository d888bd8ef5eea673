"""Elementary functions as straight-line LLVM IR, so that loops which call them become vector code."""
