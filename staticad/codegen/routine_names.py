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
CUT: int
K: int
LEADING_A: int
LEADING_B: int
LEADING_C: int
M: int
N: int
ROUTINE: int
TRANSPOSE_A: int
TRANSPOSE_B: int
# Others.
COLUMNS: int
ITEMSIZE: int
LETTER_T: int
ROWS: int
