"""The numbers that stand as names in the texts of routines: for linters and type checkers, nothing imports them to run.

What they are is known for one routine and dtype, see `staticad.codegen.routine_text.RoutineText`.
"""

# Slots of the argument block.
A: int
ALPHA: int
B: int
BATCH_A: int
BATCH_B: int
BATCH_C: int
BETA: int
C: int
CODE: int
CUT: int
IN0: int
IN1: int
IN2: int
K: int
LEADING_A: int
LEADING_B: int
LEADING_C: int
M: int
N: int
OUT0: int
OUT1: int
PRODUCT: int
ROUTINE: int
STATUS: int
STEP_IN0: int
STEP_IN1: int
STEP_IN2: int
STEP_OUT0: int
STEP_OUT1: int
STEP_WORK: int
TRANSPOSE_A: int
TRANSPOSE_B: int
WIDE: int
WORK: int
# Others.
BITS: type[int]
CLEAR: int
COLLECT: int
COLUMNS: int
DTYPE: type[float]
FETCH: int
FLOATING: int
FEW_ROWS: int
FEW_TERMS: int
GEMM_TERMS: int
INFINITY: int
ITEMSIZE: int
LARGEST: int
LETTER_L: int
LETTER_N: int
LETTER_R: int
LETTER_T: int
LETTER_U: int
LOWEST: int
ONE: int
PARTS: int
ROWS: int
UNSIGNED: int
WRITE: int
