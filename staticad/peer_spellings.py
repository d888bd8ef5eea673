"""Names of `jax.lax`, `jax.scipy.signal`, `numpy` and `torch` that no public module has, and what to write instead.

`staticad.names` looks here last. The tables hold no name that exists: a test looks at all rows.
"""

from __future__ import annotations


def _each(names: str, text: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), text)


_ONE_DEVICE = "nothing: everything runs on one CPU"
_NO_COPIES = "nothing: tensors are values, of which there are no copies and no views"
_SLICE = "x[start:stop], and sa.take(x, start + sa.arange(n), axis) for a start that is computed"
_SET = "x.at[start:stop].set(values), and x.at[start + sa.arange(n)].set(values) for a start that is computed"
_CONV = "sa.nn.conv2d(x, w, stride=, padding=, dilation=, groups=), or that of one or three axes"
_BITS = "sa.custom_op: bits of floats are no numbers here"
_WINDOW = "NumPy's or SciPy's function of a number, whose result is a constant of the graph"
_SCAN = "sa.scan(step, state, xs), with a step of sa.sigmoid, sa.tanh and products"
_SPARSE = "dense arrays, or indices: x.at[i].add(values), sa.segment_sum"
_QUANTIZED = "sa.custom_op, or rounding with sa.stop_gradient: x + sa.stop_gradient(sa.round(x / s) * s - x)"
_FACTORS = "sa.linalg.qr(a), whose q is a matrix"
_DTYPE_OF = "x.dtype, a dtype of NumPy"
_SETTING = "staticad.config.override(threads=n), or STATICAD_THREADS"
_NOT_FLOATS = "nothing: a result is as exact with each setting"
_FREQUENCIES = "sa.fft.rfft(sa.sliding_window_view(x, n)[::step] * window)"

LAX: dict[str, str] = {
    **_each(
        "all_gather all_to_all axis_index axis_size pbroadcast pcast pmax pmean pmin ppermute precv psend pshuffle "
        "psum psum_scatter pswapaxes ragged_all_to_all with_sharding_constraint platform_dependent",
        _ONE_DEVICE,
    ),
    **_each("after_all create_token dce_sink optimization_barrier", "nothing: effects happen in the order of calls"),
    **_each("approx_max_k", "sa.top_k(x, k)"),
    **_each("approx_min_k", "sa.top_k(-x, k)"),
    **_each("batch_matmul", "sa.matmul(a, b), or a @ b"),
    **_each("dot_general ragged_dot ragged_dot_general scaled_dot", "sa.einsum or sa.tensordot"),
    **_each("bitcast_convert_type clz mulhi", _BITS),
    **_each("reduce_precision", "x.astype('float16').astype(x.dtype)"),
    **_each("broadcast broadcast_in_dim broadcast_like broadcast_to_rank", "sa.broadcast_to(x, shape)"),
    **_each("broadcasted_iota iota", "sa.arange(n), with None for new axes: sa.arange(n)[:, None]"),
    **_each("collapse", "sa.reshape(x, shape)"),
    **_each("composite stage", "the function itself: a graph is rewritten as a whole"),
    **_each("custom_root custom_linear_solve", "sa.custom_gradient, with sa.linalg.solve"),
    **_each("conv conv_general_dilated conv_general_dilated_local conv_with_general_padding", _CONV),
    **_each("conv_general_dilated_patches", "sa.nn.unfold(x, kernel_size)"),
    **_each("conv_transpose", "sa.nn.conv_transpose2d, or that of one or three axes"),
    **_each("convert_element_type", "x.astype(dtype)"),
    **_each("cumlogsumexp", "sa.logcumsumexp(x, axis)"),
    **_each("bessel_i0e", "sa.special.i0e(x)"),
    **_each("bessel_i1e", "sa.special.i1e(x)"),
    **_each("erf_inv", "sa.special.erfinv(x)"),
    **_each("igamma_grad_a random_gamma_grad", "sa.gradients of sa.special.gammainc, or of sa.random.gamma"),
    **_each("div", "sa.divide(a, b)"),
    **_each("dtype", _DTYPE_OF),
    **_each("dynamic_slice dynamic_slice_in_dim slice slice_in_dim", _SLICE),
    **_each("dynamic_update_slice dynamic_update_slice_in_dim dynamic_update_index_in_dim", _SET),
    **_each("dynamic_index_in_dim index_in_dim index_take", "sa.take(x, index, axis)"),
    **_each("integer_pow", "x ** n"),
    **_each("is_finite", "sa.isfinite(x)"),
    **_each("population_count", "sa.bitwise_count(x)"),
    **_each("reduce_and", "sa.all(x, axis)"),
    **_each("reduce_or", "sa.any(x, axis)"),
    **_each("reduce_xor", "sa.sum(x, axis) % 2 of bools"),
    **_each("reduce_window", "sa.nn.max_pool2d, sa.nn.avg_pool2d, or a reduction of sa.sliding_window_view"),
    **_each("rem", "sa.fmod(a, b)"),
    **_each("rev", "sa.flip(x, axis)"),
    **_each("rng_bit_generator", "sa.random.bits(key, shape)"),
    **_each("rng_uniform", "sa.random.uniform(key, shape)"),
    **_each("scatter_apply", "x.at[indices].set(f(x[indices]))"),
    **_each("scatter_max", "x.at[indices].max(values)"),
    **_each("scatter_min", "x.at[indices].min(values)"),
    **_each("scatter_mul", "x.at[indices].multiply(values)"),
    **_each("scatter_sub", "x.at[indices].add(-values)"),
    **_each("select_n", "sa.where(condition, b, a), or sa.choose(which, cases)"),
    **_each("shape_as_value", "x.shape, whose sizes take part in arithmetic"),
    **_each("shift_left", "sa.left_shift(x, n)"),
    **_each("shift_right_arithmetic", "sa.right_shift(x, n), of signed integers"),
    **_each("shift_right_logical", "sa.right_shift(x, n), of unsigned integers"),
    **_each("sort_key_val", "order = sa.argsort(keys), and sa.take_along_axis(values, order, -1)"),
    # jax.scipy.signal
    **_each("fftconvolve oaconvolve", "sa.fft.irfftn(sa.fft.rfftn(a, shape) * sa.fft.rfftn(b, shape), shape)"),
    **_each("convolve2d", "sa.nn.conv2d(a[None, None], sa.flip(b)[None, None])[0, 0], of a padded a"),
    **_each("correlate2d", "sa.nn.conv2d(a[None, None], b[None, None])[0, 0], of a padded a"),
    **_each("csd", f"sa.mean(sa.conj(a) * b, axis=0) of two a, b = {_FREQUENCIES}"),
    **_each("welch", f"sa.mean(sa.abs(a)**2, axis=0) of a = {_FREQUENCIES}"),
    **_each("detrend", "x - sa.mean(x, axis), or x less a line of sa.linalg.lstsq"),
    **_each("istft", "sa.fft.irfft, and sa.segment_sum of its rows to the places of their samples"),
    # NumPy
    **_each("bartlett blackman hamming hanning kaiser", _WINDOW),
    **_each("broadcast_shapes", "sa.broadcast_arrays, or NumPy's function of known sizes"),
    **_each("copy", _NO_COPIES),
    **_each("asanyarray asarray_chkfinite ascontiguousarray asfortranarray", "sa.asarray(x)"),
    **_each("from_dlpack frombuffer fromfile fromiter fromstring loadtxt genfromtxt", "NumPy's function, and a feed"),
    **_each("isscalar iterable", "x.ndim, which is known"),
    **_each("ndim", "x.ndim"),
    **_each("isdtype issubdtype promote_types", _DTYPE_OF),
    **_each("mask_indices", "sa.triu_indices or sa.tril_indices"),
    **_each("row_stack", "sa.vstack(arrays)"),
    **_each("trapz", "sa.trapezoid(y, x)"),
    **_each("frompyfunc", "sa.custom_op, for functions that Numba compiles"),
    **_each("bmat asmatrix", "sa.block, and arrays of two axes"),
}

TORCH: dict[str, str] = {
    **_each("addr", "c + sa.outer(a, b)"),
    **_each("adjoint", "x.mT.conj()"),
    **_each("aminmax", "sa.min(x, axis) and sa.max(x, axis)"),
    **_each("as_strided as_strided_scatter", "sa.sliding_window_view, sa.reshape and slices"),
    **_each("broadcast_tensors", "sa.broadcast_arrays(a, b)"),
    **_each("cartesian_prod", "sa.stack([sa.ravel(g) for g in sa.meshgrid(a, b, indexing='ij')], axis=1)"),
    **_each("chain_matmul", "sa.linalg.multi_dot(matrices)"),
    **_each("clone resolve_conj resolve_neg detach_copy alias_copy", _NO_COPIES),
    **_each("detach", "sa.stop_gradient(x)"),
    **_each("combinations", "sa.take of places that itertools.combinations has"),
    **_each("conj_physical", "sa.conj(x)"),
    **_each("constant_pad_nd", "sa.pad(x, widths)"),
    **_each("conv_tbc convolution", _CONV),
    **_each("diagonal_scatter", "x.at[sa.diag_indices(n)].set(values)"),
    **_each("select_scatter", "x.at[index].set(values)"),
    **_each("slice_scatter", _SET),
    **_each("index_fill index_put", "x.at[indices].set(values)"),
    **_each("index_reduce scatter_reduce", "x.at[indices].add(values), or multiply, min, max"),
    **_each("masked_scatter", "sa.where(mask, values, x)"),
    **_each("dist", "sa.linalg.norm(sa.ravel(a - b))"),
    **_each("frac", "x - sa.trunc(x)"),
    **_each("frobenius_norm", "sa.linalg.norm(a)"),
    **_each("nuclear_norm", "sa.linalg.norm(a, 'nuc')"),
    **_each("ger", "sa.outer(a, b)"),
    **_each("gru gru_cell lstm lstm_cell rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell", _SCAN),
    **_each("bartlett_window blackman_window hamming_window hann_window kaiser_window", _WINDOW),
    **_each("inverse", "sa.linalg.inv(a)"),
    **_each("pinverse", "sa.linalg.pinv(a)"),
    **_each("geqrf orgqr ormqr householder_product", _FACTORS),
    **_each("lu_unpack", "sa.linalg.lu(a)"),
    **_each(
        "ldl_factor ldl_factor_ex ldl_solve", "sa.linalg.cholesky, or sa.linalg.solve of a matrix that is not positive"
    ),
    **_each("lobpcg", "sa.linalg.eigh(a)"),
    **_each("triangular_solve", "sa.linalg.solve_triangular(a, b)"),
    **_each("is_complex", "sa.iscomplexobj(x)"),
    **_each("is_floating_point is_signed", _DTYPE_OF),
    **_each("is_tensor", "isinstance(x, sa.Tensor)"),
    **_each("is_nonzero", "x != 0, in sa.cond or sa.where"),
    **_each("is_grad_enabled", "nothing: gradients are asked for by sa.gradients"),
    **_each("mode", "values, counts = sa.unique(x, return_counts=True, size=n), and values[sa.argmax(counts)]"),
    **_each("msort", "sa.sort(x, axis=0)"),
    **_each("narrow_copy", _SLICE),
    **_each("nonzero_static", "sa.nonzero(x, size=n)"),
    **_each("unique_consecutive", "sa.unique(x, size=n), or x[1:] != x[:-1]"),
    **_each("rand_like", "sa.random.uniform(key, x.shape)"),
    **_each("randn_like", "sa.random.normal(key, x.shape)"),
    **_each("randint_like", "sa.random.randint(key, x.shape, low, high)"),
    **_each("randperm", "sa.random.permutation(key, n)"),
    **_each("initial_seed get_rng_state set_rng_state", "sa.random.key(seed), whose keys are tensors"),
    **_each("renorm embedding_renorm_", "x * sa.minimum(1, limit / sa.linalg.norm(x, axis=1, keepdims=True))"),
    **_each("norm_except_dim", "sa.linalg.norm(x, axis=axes, keepdims=True)"),
    **_each("rsub", "b - a"),
    **_each("scalar_tensor", "sa.constant(number)"),
    **_each("split_with_sizes", "sa.split(x, places, axis)"),
    **_each("unsafe_chunk unsafe_split unsafe_split_with_sizes", "sa.array_split(x, parts, axis)"),
    **_each("swapdims", "sa.swapaxes(x, a, b)"),
    **_each("view_as_complex", "sa.complex(x[..., 0], x[..., 1])"),
    **_each("view_as_real", "sa.stack([x.real, x.imag], axis=-1)"),
    **_each("fill", "sa.full_like(x, value)"),
    **_each("zero_", "sa.zeros_like(x)"),
    **_each("empty_strided empty_permuted", "sa.empty(shape)"),
    **_each(
        "dsmm hsmm hspmm saddmm smm spmm sspaddmm sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor "
        "sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor",
        _SPARSE,
    ),
    **_each(
        "dequantize fake_quantize_per_channel_affine fake_quantize_per_tensor_affine quantize_per_channel "
        "quantize_per_tensor quantize_per_tensor_dynamic",
        _QUANTIZED,
    ),
    **_each("get_num_threads set_num_threads get_num_interop_threads set_num_interop_threads", _SETTING),
    **_each(
        "get_default_dtype set_default_dtype set_default_tensor_type", "dtypes of placeholders, and x.astype(dtype)"
    ),
    **_each("get_device get_default_device set_default_device", _ONE_DEVICE),
    **_each(
        "use_deterministic_algorithms are_deterministic_algorithms_enabled", "nothing: results are the same in each run"
    ),
    **_each("get_float32_matmul_precision set_float32_matmul_precision", _NOT_FLOATS),
    **_each("typename is_same_size", "x.dtype and x.shape"),
    **_each("can_cast result_type", _DTYPE_OF),
    # torch.nn.functional
    **{
        f"{kind}_pool{n}d_with_indices": f"sa.nn.{kind}_pool{n}d(x, ..., return_indices=True)"
        for kind in ("max", "adaptive_max")
        for n in (1, 2, 3)
    },
    **_each(
        "max_unpool1d max_unpool2d max_unpool3d",
        "sa.put_along_axis(sa.zeros(shape), indices, values, axis), of flat images",
    ),
    **_each("fractional_max_pool2d fractional_max_pool3d", "sa.nn.adaptive_max_pool2d(x, size)"),
    **_each(
        "fractional_max_pool2d_with_indices fractional_max_pool3d_with_indices", "sa.nn.adaptive_max_pool2d(x, size)"
    ),
    **_each("feature_alpha_dropout", "sa.nn.alpha_dropout or sa.nn.feature_dropout"),
    **_each("gumbel_softmax", "sa.nn.softmax((logits + sa.random.gumbel(key, logits.shape)) / tau)"),
    **_each("multi_head_attention_forward", "sa.nn.multi_head_attention"),
    **_each("linear_cross_entropy", "sa.nn.cross_entropy(x @ w.T, labels)"),
    **_each("grouped_mm scaled_mm scaled_grouped_mm", "sa.matmul(a, b), or sa.einsum"),
    **_each("native_batch_norm", "sa.nn.batch_norm"),
    **_each("native_layer_norm", "sa.nn.layer_norm"),
    **_each("native_group_norm", "sa.nn.group_norm"),
    **_each("native_dropout", "sa.nn.dropout"),
    **_each("native_channel_shuffle", "sa.reshape to (n, groups, channels // groups, ...), sa.swapaxes and sa.reshape"),
    **_each("grid_sampler grid_sampler_2d grid_sampler_3d", "sa.nn.grid_sample"),
    **_each("affine_grid_generator", "sa.nn.affine_grid"),
    # jax.nn
    **_each("sparse_plus", "sa.where(x > -1, sa.where(x < 1, (x + 1)**2 / 4, x), 0)"),
    **_each("sparse_sigmoid", "sa.clip((x + 1) / 2, 0, 1)"),
    **_each("scaled_matmul scaled_dot_general", "sa.matmul of what is multiplied by its scale"),
    # jax.random
    **_each("ball", "sa.random.normal of n + 2 numbers, over its norm, of which the first n count"),
    **_each("generalized_normal", "sa.random.rademacher(key, s) * sa.random.gamma(other, 1 / p, s)**(1 / p)"),
    **_each(
        "orthogonal", "sa.linalg.qr(sa.random.normal(key, (n, n))), whose q is multiplied by the signs of r's diagonal"
    ),
    **_each("wald", "sa.random.normal and sa.random.uniform, of which it is made (Michael, Schucany and Haas)"),
    **_each("key_data wrap_key_data key_impl key_dtype", "the key itself, a tensor of integers"),
}
