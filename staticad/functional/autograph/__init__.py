"""Python functions with ordinary control flow, rewritten into the control flow of the graph.

The approach is that of TensorFlow's AutoGraph (Moldovan et al., AutoGraph: Imperative-style Coding with Graph-based
Performance, SysML 2019): the syntax tree is rewritten so that every statement of control flow becomes a call with the
blocks as functions, and the called operator decides, when the graph is built, whether the condition is a tensor.

``source`` finds the syntax tree, ``desugar`` and ``jumps`` bring it to a form in which only if, while and for change
the flow, ``liveness`` tells which variables matter where, ``statements`` and ``expressions`` make the calls, and
``convert`` compiles. What the calls do stands in ``branches``, ``loops``, ``conditions``, ``steps`` and ``calls``.
"""
