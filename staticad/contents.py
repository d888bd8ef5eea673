"""Where each public name is from, so that it is imported when somebody uses it.

``python docs/make_contents.py`` makes this file; a test fails when it is out of date.

`NAMES` has for each public module the modules that its names are from: ``name``, or ``name=name there``; behind a dot
stand modules themselves. `NUMPY` has the functions of NumPy, and of SciPy, that functions of a module stand for.
"""

from __future__ import annotations

NAMES: dict[str, dict[str, str]] = {
    "staticad.functional.linalg": {
        "staticad.functional.linalg.decompositions": "eigh eigvalsh qr svd svdvals",
        "staticad.functional.linalg.eigen": "eig eigvals schur solve_sylvester sqrtm",
        "staticad.functional.linalg.last_axes": "diagonal trace",
        "staticad.functional.linalg.least_squares": "lstsq pinv tensorinv tensorsolve",
        "staticad.functional.linalg.lu_factors": "lu lu_factor lu_solve",
        "staticad.functional.linalg.norms": "cond matrix_norm matrix_rank norm vector_norm",
        "staticad.functional.linalg.powers": "cross expm matrix_power matrix_transpose matvec multi_dot vecdot vecmat",
        "staticad.functional.linalg.products": "diag dot inner matmul outer tensordot tril triu vdot",
        "staticad.functional.linalg.structured": "block_diag toeplitz",
        "staticad.functional.linalg.systems": "cho_factor cho_solve cholesky det inv slogdet solve solve_triangular",
    },
    "staticad.functional.fft": {
        "staticad.functional.fft.cosines": "dct dctn dst dstn idct idctn idst idstn",
        "staticad.functional.fft.frequencies": "fftfreq fftshift ifftshift rfftfreq",
        "staticad.functional.fft.many": "fft2 fftn hfft2 hfftn ifft2 ifftn ihfft2 ihfftn irfft2 irfftn rfft2 rfftn",
        "staticad.functional.fft.transforms": "fft hfft ifft ihfft irfft rfft",
    },
    "staticad.functional.random": {
        "staticad.functional.random.continuous": "exponential gumbel laplace normal truncated_normal uniform",
        "staticad.functional.random.counts": "binomial geometric multinomial negative_binomial poisson rademacher",
        "staticad.functional.random.discrete": "bernoulli categorical choice randint",
        "staticad.functional.random.keys": "bits fold_in key split",
        "staticad.functional.random.orders": "permutation shuffle",
        "staticad.functional.random.sampling": (
            "beta chisquare dirichlet f gamma loggamma student_t t von_mises vonmises"
        ),
        "staticad.functional.random.transformed": (
            "cauchy double_sided_maxwell logistic lognormal maxwell multivariate_normal pareto rayleigh triangular "
            "weibull weibull_min"
        ),
    },
    "staticad.functional.special": {
        "staticad.functional.angles": "sinc",
        "staticad.functional.elementwise": "erf expm1 log1p round softplus",
        "staticad.functional.powers": "cbrt exp2",
        "staticad.functional.special.bessel": "i0 i0e i1 i1e iv ive j0 j1 jn jv k0 k0e k1 k1e kn kv kve y0 y1 yn yv",
        "staticad.functional.special.combinatorics": "binom comb factorial gammasgn rgamma",
        "staticad.functional.special.entropy": "entr expit kl_div log_expit logit rel_entr xlog1py xlogy",
        "staticad.functional.special.error_functions": "erfc erfcinv erfcx erfinv log_ndtr ndtr ndtri",
        "staticad.functional.special.gamma_functions": (
            "beta betaln digamma gamma gammaln lgamma loggamma multigammaln polygamma psi zeta"
        ),
        "staticad.functional.special.incomplete": "betainc betaincc gammainc gammaincc",
        "staticad.functional.special.integrals": "dawsn erfi exp1 expi expn fresnel sici spence",
        "staticad.functional.special.scipy_softmaxes": "log_softmax softmax",
        "staticad.functional.special.softmaxes": "logsumexp one_hot",
        "staticad.functional.special.transformations": (
            "boxcox boxcox1p cosm1 exp10 exprel huber inv_boxcox inv_boxcox1p powm1 pseudo_huber"
        ),
    },
    "staticad": {
        ".": (
            "fft=staticad.fft linalg=staticad.linalg nn=staticad.nn optim=staticad.optim random=staticad.random "
            "special=staticad.special array_api=staticad.functional.array_api"
        ),
        "staticad.functional.autograph.convert": "function",
        "staticad.runtime.session": "Session compile",
        "staticad.autodiff.check": "gradcheck",
        "staticad.autodiff.custom": "custom_gradient custom_jvp custom_vjp",
        "staticad.autodiff.derivatives": "hessian hvp jacobian stop_gradient",
        "staticad.autodiff.forward": "jvp",
        "staticad.autodiff.reverse": "gradients",
        "staticad.export.dot": "to_dot",
        "staticad.export.networkx_graph": "to_networkx",
        "staticad.export.svg": "to_svg",
        "staticad.functional.angles": (
            "arcsin arccos arctan sinh cosh arcsinh arccosh arctanh deg2rad rad2deg sinc acos acosh asin asinh atan "
            "atanh degrees radians"
        ),
        "staticad.functional.bitwise": (
            "bitwise_and bitwise_or bitwise_xor invert left_shift right_shift bitwise_count gcd lcm bitwise_invert "
            "bitwise_not bitwise_left_shift bitwise_right_shift"
        ),
        "staticad.functional.closeness": "isclose allclose array_equal array_equiv",
        "staticad.functional.choosing": "select choose",
        "staticad.functional.comparison": (
            "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor logical_not "
            "isnan isfinite isinf"
        ),
        "staticad.functional.complex": "complex real imag conjugate angle iscomplex isreal iscomplexobj isrealobj conj",
        "staticad.functional.control": "cond fori_loop scan switch while_loop",
        "staticad.functional.creation": (
            "full zeros ones empty full_like zeros_like empty_like ones_like eye identity arange linspace logspace "
            "geomspace"
        ),
        "staticad.functional.cumulative": (
            "cumsum cumprod cumulative_sum cumulative_prod cummax cummin logcumsumexp associative_scan"
        ),
        "staticad.functional.differences": "diff ediff1d trapezoid cumulative_trapezoid gradient unwrap",
        "staticad.functional.effects": "assert_ print_",
        "staticad.functional.einsum": "einsum",
        "staticad.functional.elementwise": (
            "add subtract multiply divide floor_divide remainder divmod power negative positive absolute sign square "
            "reciprocal sqrt rsqrt exp expm1 log log1p sin cos tan tanh sigmoid softplus hypot arctan2 copysign erf "
            "relu maximum minimum clip where astype floor ceil trunc rint round abs atan2 around fix pow mod "
            "true_divide"
        ),
        "staticad.functional.float_parts": (
            "nextafter spacing fabs signbit frexp ldexp modf fmod fmax fmin heaviside isposinf isneginf nan_to_num"
        ),
        "staticad.functional.filters": "convolve correlate",
        "staticad.functional.histograms": "bincount histogram_bin_edges histogram histogram2d",
        "staticad.functional.editing": "delete insert",
        "staticad.functional.grids": (
            "meshgrid ix_ indices fromfunction tri tril_indices triu_indices tril_indices_from triu_indices_from "
            "diag_indices diag_indices_from"
        ),
        "staticad.functional.indexing": "take take_along_axis",
        "staticad.functional.interpolation": "interp",
        "staticad.functional.joining": "concatenate concat stack vstack hstack dstack column_stack block append",
        "staticad.functional.linalg.powers": "cross matrix_transpose matvec vecdot vecmat",
        "staticad.functional.linalg.products": "diag diagonal dot inner matmul outer tensordot trace tril triu vdot",
        "staticad.functional.matrices": "diagflat fill_diagonal vander kron",
        "staticad.functional.mode": "training",
        "staticad.functional.movement": (
            "reshape ravel transpose permute_dims swapaxes moveaxis rollaxis expand_dims squeeze broadcast_to "
            "broadcast_arrays flip fliplr flipud rot90 atleast_1d atleast_2d atleast_3d"
        ),
        "staticad.functional.nested": "array asarray",
        "staticad.functional.polynomials": "polyval",
        "staticad.functional.powers": "exp2 log2 log10 cbrt logaddexp logaddexp2 float_power",
        "staticad.functional.nans": (
            "nansum nanprod nanmax nanmin nanargmax nanargmin nanmean nanvar nanstd nancumsum nancumprod"
        ),
        "staticad.functional.quantiles": "median nanmedian quantile nanquantile percentile nanpercentile",
        "staticad.functional.reductions": "sum prod max min any all argmax argmin mean var std amax amin",
        "staticad.functional.sets": (
            "flatnonzero nonzero argwhere compress extract unique unique_values unique_counts unique_inverse "
            "unique_all isin union1d intersect1d setdiff1d setxor1d"
        ),
        "staticad.functional.sorting": "sort argsort lexsort partition argpartition top_k topk searchsorted digitize",
        "staticad.functional.padding": "pad",
        "staticad.functional.ravelling": "unravel_index ravel_multi_index",
        "staticad.functional.repeating": "tile repeat resize roll",
        "staticad.functional.segments": "segment_sum segment_prod segment_max segment_min",
        "staticad.functional.special.bessel": "i0",
        "staticad.functional.special.softmaxes": "log_softmax logsumexp one_hot softmax",
        "staticad.functional.statistics": "count_nonzero ptp average cov corrcoef",
        "staticad.functional.splitting": "split array_split vsplit hsplit dsplit unstack",
        "staticad.functional.updates": "put put_along_axis",
        "staticad.functional.windows": "sliding_window_view",
        "staticad.ir.graph": "no_grad",
        "staticad.ir.name_scopes": "name_scope",
        "staticad.nn.classification": "cross_entropy",
        "staticad.nn.losses": "mse",
        "staticad.ops.sources": "constant placeholder",
        "staticad.reference": "evaluate",
        "staticad.runtime.custom_op": "custom_op",
        "staticad.runtime.variables": "Variable variable",
        "staticad.saving.checkpoint": "Checkpoint load save",
    },
    "staticad.nn": {
        "staticad.functional.convolution": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
        "staticad.functional.elementwise": "relu sigmoid softplus tanh",
        "staticad.functional.pooling": (
            "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
            "adaptive_max_pool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d lp_pool3d max_pool1d max_pool2d "
            "max_pool3d"
        ),
        "staticad.functional.resizing": "affine_grid fold grid_sample interpolate pixel_shuffle pixel_unshuffle unfold",
        "staticad.functional.special.softmaxes": "log_softmax logsumexp one_hot softmax",
        ".": "initializers=staticad.nn.initializers",
        "staticad.nn.activations": (
            "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu log_sigmoid mish prelu relu6 selu "
            "silu softmin softshrink softsign swish tanhshrink threshold"
        ),
        "staticad.nn.attention": "multi_head_attention scaled_dot_product_attention",
        "staticad.nn.classification": (
            "cross_entropy hinge_embedding_loss hinge_loss margin_ranking_loss multi_margin_loss "
            "multilabel_margin_loss multilabel_soft_margin_loss nll_loss soft_margin_loss"
        ),
        "staticad.nn.ctc": "ctc_loss",
        "staticad.nn.distances": (
            "cosine_embedding_loss cosine_similarity normalize pairwise_distance triplet_margin_loss"
        ),
        "staticad.nn.dropouts": "alpha_dropout dropout feature_dropout",
        "staticad.nn.embeddings": "embedding",
        "staticad.nn.layer": "Layer",
        "staticad.nn.layers": "Dense Sequential",
        "staticad.nn.losses": (
            "bce bce_with_logits binary_cross_entropy binary_cross_entropy_with_logits gaussian_nll_loss huber_loss "
            "kl_div l1_loss mae mse mse_loss poisson_nll_loss smooth_l1_loss"
        ),
        "staticad.nn.mode_layers": "BatchNorm Dropout",
        "staticad.nn.normalization": (
            "batch_norm batch_statistics group_norm instance_norm layer_norm local_response_norm rms_norm"
        ),
    },
    "staticad.optim": {
        "staticad.optim.adam": "Adam AdamW",
        "staticad.optim.adaptive": "Adagrad RMSprop",
        "staticad.optim.optimizer": "Optimizer",
        "staticad.optim.sgd": "SGD",
    },
    "staticad.functional.array_api": {
        ".": (
            "special=staticad.functional.special fft=staticad.functional.array_api.fft "
            "linalg=staticad.functional.array_api.linalg"
        ),
        "staticad.functional.angles": "acos acosh asin asinh atan atanh cosh sinh",
        "staticad.functional.array_api.arrays": "expand_dims permute_dims reshape squeeze",
        "staticad.functional.array_api.creation": (
            "arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like zeros "
            "zeros_like"
        ),
        "staticad.functional.array_api.dtypes": (
            "__array_namespace_info__ astype bool can_cast complex64 complex128 finfo float32 float64 iinfo int8 int16 "
            "int32 int64 isdtype result_type uint8 uint16 uint32 uint64"
        ),
        "staticad.functional.bitwise": (
            "bitwise_and bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor"
        ),
        "staticad.functional.comparison": (
            "equal greater greater_equal isfinite isinf isnan less less_equal logical_and logical_not logical_or "
            "logical_xor not_equal"
        ),
        "staticad.functional.complex": "conj imag real",
        "staticad.functional.cumulative": "cumulative_prod cumulative_sum",
        "staticad.functional.differences": "diff",
        "staticad.functional.elementwise": (
            "abs add ceil clip copysign cos divide exp expm1 floor floor_divide hypot log log1p maximum minimum "
            "multiply negative positive pow reciprocal remainder sign sin sqrt square subtract tan tanh trunc where "
            "atan2=arctan2 round=rint"
        ),
        "staticad.functional.float_parts": "nextafter signbit",
        "staticad.functional.indexing": "take take_along_axis",
        "staticad.functional.joining": "concat stack",
        "staticad.functional.linalg": "matmul matrix_transpose tensordot tril triu vecdot",
        "staticad.functional.movement": "broadcast_arrays broadcast_to flip moveaxis",
        "staticad.functional.powers": "log2 log10 logaddexp",
        "staticad.functional.reductions": "all any argmax argmin max mean min prod std sum var",
        "staticad.functional.repeating": "repeat roll tile",
        "staticad.functional.sets": "nonzero unique_all unique_counts unique_inverse unique_values",
        "staticad.functional.sorting": "argsort searchsorted sort",
        "staticad.functional.splitting": "unstack",
        "staticad.functional.statistics": "count_nonzero",
    },
    "staticad.export": {
        "staticad.export.dot": "to_dot",
        "staticad.export.networkx_graph": "to_networkx",
        "staticad.export.steps": "steps_to_dot",
        "staticad.export.svg": "to_svg",
    },
}

NUMPY: dict[str, str] = {
    "staticad.functional.angles": (
        "numpy.arccos numpy.arccosh numpy.arcsin numpy.arcsinh numpy.arctan numpy.arctanh numpy.cosh numpy.deg2rad "
        "numpy.degrees numpy.rad2deg numpy.radians numpy.sinc numpy.sinh"
    ),
    "staticad.functional.bitwise": (
        "numpy.bitwise_and numpy.bitwise_count numpy.bitwise_or numpy.bitwise_xor numpy.gcd numpy.invert numpy.lcm "
        "numpy.left_shift numpy.right_shift"
    ),
    "staticad.functional.choosing": "numpy.choose numpy.select",
    "staticad.functional.closeness": "numpy.allclose numpy.array_equal numpy.array_equiv numpy.isclose",
    "staticad.functional.comparison": (
        "numpy.equal numpy.greater numpy.greater_equal numpy.isfinite numpy.isinf numpy.isnan numpy.less "
        "numpy.less_equal numpy.logical_and numpy.logical_not numpy.logical_or numpy.logical_xor numpy.not_equal"
    ),
    "staticad.functional.complex": (
        "numpy.angle numpy.conjugate numpy.imag numpy.iscomplex numpy.iscomplexobj numpy.isreal numpy.isrealobj "
        "numpy.real"
    ),
    "staticad.functional.creation": (
        "numpy.empty_like numpy.full_like numpy.geomspace numpy.linspace numpy.logspace numpy.ones_like "
        "numpy.zeros_like"
    ),
    "staticad.functional.cumulative": (
        "numpy.add.accumulate numpy.cumprod numpy.cumsum numpy.cumulative_prod numpy.cumulative_sum "
        "numpy.logaddexp.accumulate numpy.logical_and.accumulate numpy.logical_or.accumulate numpy.maximum.accumulate "
        "numpy.minimum.accumulate numpy.multiply.accumulate"
    ),
    "staticad.functional.differences": "numpy.diff numpy.ediff1d numpy.gradient numpy.trapezoid numpy.unwrap",
    "staticad.functional.editing": "numpy.delete numpy.insert",
    "staticad.functional.einsum": "numpy.einsum",
    "staticad.functional.elementwise": (
        "numpy.absolute numpy.add numpy.arctan2 numpy.around numpy.astype numpy.ceil numpy.clip numpy.copysign "
        "numpy.cos numpy.divide numpy.divmod numpy.exp numpy.expm1 numpy.fix numpy.floor numpy.floor_divide "
        "numpy.hypot numpy.log numpy.log1p numpy.maximum numpy.minimum numpy.multiply numpy.negative numpy.positive "
        "numpy.power numpy.reciprocal numpy.remainder numpy.rint numpy.round numpy.sign numpy.sin numpy.sqrt "
        "numpy.square numpy.subtract numpy.tan numpy.tanh numpy.trunc numpy.where scipy.erf scipy.expit scipy.expm1 "
        "scipy.log1p scipy.round"
    ),
    "staticad.functional.fft.frequencies": "numpy.fft.fftshift numpy.fft.ifftshift",
    "staticad.functional.fft.many": (
        "numpy.fft.fft2 numpy.fft.fftn numpy.fft.ifft2 numpy.fft.ifftn numpy.fft.irfft2 numpy.fft.irfftn "
        "numpy.fft.rfft2 numpy.fft.rfftn"
    ),
    "staticad.functional.fft.transforms": (
        "numpy.fft.fft numpy.fft.hfft numpy.fft.ifft numpy.fft.ihfft numpy.fft.irfft numpy.fft.rfft"
    ),
    "staticad.functional.filters": "numpy.convolve numpy.correlate",
    "staticad.functional.float_parts": (
        "numpy.fabs numpy.fmax numpy.fmin numpy.fmod numpy.frexp numpy.heaviside numpy.isneginf numpy.isposinf "
        "numpy.ldexp numpy.modf numpy.nan_to_num numpy.nextafter numpy.signbit numpy.spacing"
    ),
    "staticad.functional.grids": (
        "numpy.diag_indices_from numpy.ix_ numpy.meshgrid numpy.tril_indices_from numpy.triu_indices_from"
    ),
    "staticad.functional.histograms": "numpy.bincount numpy.histogram numpy.histogram2d numpy.histogram_bin_edges",
    "staticad.functional.indexing": "numpy.take numpy.take_along_axis",
    "staticad.functional.interpolation": "numpy.interp",
    "staticad.functional.joining": (
        "numpy.append numpy.block numpy.column_stack numpy.concatenate numpy.dstack numpy.hstack numpy.stack "
        "numpy.vstack"
    ),
    "staticad.functional.linalg.decompositions": (
        "numpy.linalg.eigh numpy.linalg.eigvalsh numpy.linalg.qr numpy.linalg.svd numpy.linalg.svdvals"
    ),
    "staticad.functional.linalg.eigen": "numpy.linalg.eig numpy.linalg.eigvals",
    "staticad.functional.linalg.last_axes": "numpy.linalg.diagonal numpy.linalg.trace",
    "staticad.functional.linalg.least_squares": (
        "numpy.linalg.lstsq numpy.linalg.pinv numpy.linalg.tensorinv numpy.linalg.tensorsolve"
    ),
    "staticad.functional.linalg.norms": (
        "numpy.linalg.cond numpy.linalg.matrix_norm numpy.linalg.matrix_rank numpy.linalg.norm numpy.linalg.vector_norm"
    ),
    "staticad.functional.linalg.powers": (
        "numpy.cross numpy.linalg.cross numpy.linalg.matrix_power numpy.linalg.multi_dot numpy.linalg.vecdot "
        "numpy.matvec numpy.vecdot numpy.vecmat"
    ),
    "staticad.functional.linalg.products": (
        "numpy.diag numpy.diagonal numpy.dot numpy.inner numpy.linalg.matmul numpy.linalg.outer numpy.linalg.tensordot "
        "numpy.matmul numpy.outer numpy.tensordot numpy.trace numpy.tril numpy.triu numpy.vdot"
    ),
    "staticad.functional.linalg.systems": (
        "numpy.linalg.cholesky numpy.linalg.det numpy.linalg.inv numpy.linalg.slogdet numpy.linalg.solve"
    ),
    "staticad.functional.matrices": "numpy.diagflat numpy.kron numpy.vander",
    "staticad.functional.movement": (
        "numpy.atleast_1d numpy.atleast_2d numpy.atleast_3d numpy.broadcast_arrays numpy.broadcast_to "
        "numpy.expand_dims numpy.flip numpy.fliplr numpy.flipud numpy.moveaxis numpy.ravel numpy.reshape "
        "numpy.rollaxis numpy.rot90 numpy.squeeze numpy.swapaxes numpy.transpose"
    ),
    "staticad.functional.nans": (
        "numpy.nanargmax numpy.nanargmin numpy.nancumprod numpy.nancumsum numpy.nanmax numpy.nanmean numpy.nanmin "
        "numpy.nanprod numpy.nanstd numpy.nansum numpy.nanvar"
    ),
    "staticad.functional.numpy_only": (
        "numpy.copy numpy.linalg.matrix_transpose numpy.matrix_transpose numpy.ndim numpy.shape numpy.size"
    ),
    "staticad.functional.padding": "numpy.pad",
    "staticad.functional.polynomials": "numpy.polyval",
    "staticad.functional.powers": (
        "numpy.cbrt numpy.exp2 numpy.float_power numpy.log10 numpy.log2 numpy.logaddexp numpy.logaddexp2 scipy.cbrt "
        "scipy.exp2"
    ),
    "staticad.functional.quantiles": (
        "numpy.median numpy.nanmedian numpy.nanpercentile numpy.nanquantile numpy.percentile numpy.quantile"
    ),
    "staticad.functional.ravelling": "numpy.ravel_multi_index numpy.unravel_index",
    "staticad.functional.reductions": (
        "numpy.add.reduce numpy.all numpy.amax numpy.amin numpy.any numpy.argmax numpy.argmin numpy.logical_and.reduce "
        "numpy.logical_or.reduce numpy.max numpy.maximum.reduce numpy.mean numpy.min numpy.minimum.reduce "
        "numpy.multiply.reduce numpy.prod numpy.std numpy.sum numpy.var"
    ),
    "staticad.functional.repeating": "numpy.repeat numpy.resize numpy.roll numpy.tile",
    "staticad.functional.sets": (
        "numpy.argwhere numpy.compress numpy.extract numpy.flatnonzero numpy.intersect1d numpy.isin numpy.nonzero "
        "numpy.setdiff1d numpy.setxor1d numpy.union1d numpy.unique numpy.unique_all numpy.unique_counts "
        "numpy.unique_inverse numpy.unique_values"
    ),
    "staticad.functional.sorting": (
        "numpy.argpartition numpy.argsort numpy.digitize numpy.lexsort numpy.partition numpy.searchsorted numpy.sort"
    ),
    "staticad.functional.special.bessel": (
        "numpy.i0 scipy.i0 scipy.i0e scipy.i1 scipy.i1e scipy.iv scipy.ive scipy.j0 scipy.j1 scipy.jv scipy.k0 "
        "scipy.k0e scipy.k1 scipy.k1e scipy.kn scipy.kv scipy.kve scipy.y0 scipy.y1 scipy.yn scipy.yv"
    ),
    "staticad.functional.special.combinatorics": "scipy.binom scipy.gammasgn scipy.rgamma",
    "staticad.functional.special.entropy": (
        "scipy.entr scipy.kl_div scipy.log_expit scipy.logit scipy.rel_entr scipy.xlog1py scipy.xlogy"
    ),
    "staticad.functional.special.error_functions": (
        "scipy.erfc scipy.erfcinv scipy.erfcx scipy.erfinv scipy.log_ndtr scipy.ndtr scipy.ndtri"
    ),
    "staticad.functional.special.gamma_functions": "scipy.beta scipy.betaln scipy.gamma scipy.gammaln scipy.psi",
    "staticad.functional.special.incomplete": "scipy.betainc scipy.betaincc scipy.gammainc scipy.gammaincc",
    "staticad.functional.special.integrals": (
        "scipy.dawsn scipy.erfi scipy.exp1 scipy.expi scipy.expn scipy.fresnel scipy.sici scipy.spence"
    ),
    "staticad.functional.special.softmaxes": "numpy.logaddexp.reduce",
    "staticad.functional.special.transformations": (
        "scipy.boxcox scipy.boxcox1p scipy.cosm1 scipy.exp10 scipy.exprel scipy.huber scipy.inv_boxcox "
        "scipy.inv_boxcox1p scipy.powm1 scipy.pseudo_huber"
    ),
    "staticad.functional.splitting": (
        "numpy.array_split numpy.dsplit numpy.hsplit numpy.split numpy.unstack numpy.vsplit"
    ),
    "staticad.functional.statistics": "numpy.average numpy.corrcoef numpy.count_nonzero numpy.cov numpy.ptp",
    "staticad.functional.windows": "numpy.sliding_window_view",
}
