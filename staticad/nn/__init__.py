"""Neural networks: layers, initializers, activations, normalization, attention and losses."""

import typing as _typing

from staticad.names import public as _public
from staticad.spellings import NETWORKS as _NETWORKS

if _typing.TYPE_CHECKING:
    from staticad.functional.convolution import (
        conv1d,
        conv2d,
        conv3d,
        conv_transpose1d,
        conv_transpose2d,
        conv_transpose3d,
    )
    from staticad.functional.elementwise import relu, sigmoid, softplus, tanh
    from staticad.functional.pooling import (
        adaptive_avg_pool1d,
        adaptive_avg_pool2d,
        adaptive_avg_pool3d,
        adaptive_max_pool1d,
        adaptive_max_pool2d,
        adaptive_max_pool3d,
        avg_pool1d,
        avg_pool2d,
        avg_pool3d,
        lp_pool1d,
        lp_pool2d,
        lp_pool3d,
        max_pool1d,
        max_pool2d,
        max_pool3d,
    )
    from staticad.functional.resizing import (
        affine_grid,
        fold,
        grid_sample,
        interpolate,
        pixel_shuffle,
        pixel_unshuffle,
        unfold,
    )
    from staticad.functional.special.softmaxes import log_softmax, logsumexp, one_hot, softmax
    from staticad.nn import initializers
    from staticad.nn.activations import (
        celu,
        elu,
        gelu,
        glu,
        hardshrink,
        hardsigmoid,
        hardswish,
        hardtanh,
        leaky_relu,
        log_sigmoid,
        mish,
        prelu,
        relu6,
        selu,
        silu,
        softmin,
        softshrink,
        softsign,
        swish,
        tanhshrink,
        threshold,
    )
    from staticad.nn.attention import multi_head_attention, scaled_dot_product_attention
    from staticad.nn.classification import (
        cross_entropy,
        hinge_embedding_loss,
        hinge_loss,
        margin_ranking_loss,
        multi_margin_loss,
        multilabel_margin_loss,
        multilabel_soft_margin_loss,
        nll_loss,
        soft_margin_loss,
    )
    from staticad.nn.ctc import ctc_loss
    from staticad.nn.distances import (
        cosine_embedding_loss,
        cosine_similarity,
        normalize,
        pairwise_distance,
        triplet_margin_loss,
    )
    from staticad.nn.dropouts import alpha_dropout, dropout, feature_dropout
    from staticad.nn.embeddings import embedding
    from staticad.nn.layer import Layer
    from staticad.nn.layers import Dense, Sequential
    from staticad.nn.losses import (
        bce,
        bce_with_logits,
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        gaussian_nll_loss,
        huber_loss,
        kl_div,
        l1_loss,
        mae,
        mse,
        mse_loss,
        poisson_nll_loss,
        smooth_l1_loss,
    )
    from staticad.nn.mode_layers import BatchNorm, Dropout
    from staticad.nn.normalization import (
        batch_norm,
        batch_statistics,
        group_norm,
        instance_norm,
        layer_norm,
        local_response_norm,
        rms_norm,
    )

__all__ = [
    "BatchNorm", "Dense", "Dropout", "Layer", "Sequential", "alpha_dropout", "batch_norm", "batch_statistics", "bce",
    "bce_with_logits",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "cosine_embedding_loss", "cosine_similarity",
    "cross_entropy", "ctc_loss", "dropout", "elu", "embedding", "feature_dropout", "gaussian_nll_loss", "gelu", "glu",
    "group_norm", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hinge_embedding_loss", "hinge_loss",
    "huber_loss", "initializers", "instance_norm", "kl_div", "l1_loss", "layer_norm", "leaky_relu",
    "local_response_norm", "log_sigmoid", "log_softmax", "logsumexp", "mae", "margin_ranking_loss", "mish", "mse",
    "mse_loss", "multi_head_attention", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss",
    "nll_loss", "normalize", "one_hot", "pairwise_distance", "poisson_nll_loss", "prelu", "relu", "relu6", "rms_norm",
    "scaled_dot_product_attention", "selu", "sigmoid", "silu", "smooth_l1_loss", "soft_margin_loss", "softmax",
    "softmin", "softplus", "softshrink", "softsign", "swish", "tanh", "tanhshrink", "threshold", "triplet_margin_loss",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d",
    "lp_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
    "affine_grid", "fold", "grid_sample", "interpolate", "pixel_shuffle", "pixel_unshuffle", "unfold",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
]  # fmt: skip

if not _typing.TYPE_CHECKING:
    __getattr__, __dir__ = _public(globals(), _NETWORKS)
