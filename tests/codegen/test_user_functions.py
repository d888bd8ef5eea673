"""Functions of users as texts of LLVM's language: all that they call is put into them."""

from __future__ import annotations

from staticad.codegen import user_functions

# As LLVM writes what Numba compiles: attributes of a result and of a parameter, a group; and what has none of them.
TEXT = """
define range(i32 0, 2) i32 @status(ptr nocapture writeonly %out, i64 %x) local_unnamed_addr #0 {
  %squared = call i64 @squared(i64 %x)
  store i64 %squared, ptr %out
  ret i32 0
}
define linkonce_odr i64 @squared(i64 %x) {
  %y = mul i64 %x, %x
  ret i64 %y
}
define i64 @called(i64 %x) {
  %out = alloca i64
  %status = call i32 @status(ptr %out, i64 %x)
  %value = load i64, ptr %out
  ret i64 %value
}
attributes #0 = { nounwind }
"""


def test_what_a_function_calls_is_inlined() -> None:
    module = user_functions._built(TEXT, "called")
    assert [function.name for function in module.functions] == ["called"]
    assert "mul i64" in str(module) and "call i" not in str(module)
