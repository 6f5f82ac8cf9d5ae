"""Example arguments for the functions that are measured.

A recipe is the text between the parentheses of a call, written in the small vocabulary of `Vocabulary`:

    m, m2     float matrix (2, 3)            s         symmetric positive definite (3, 3)
    v, v2     float vector (4,)              c, c2     float scalar
    t         float (2, 4, 3)                img       float images (1, 8, 8, 3) in 0..1
    img1      one float image (8, 8, 3)      p, p2     rows of probabilities (2, 3)
    vol       float (1, 4, 4, 4, 2)          seq       float (1, 8, 3)
    z, zv     complex (2, 3), (8,)           wave      float (2, 16)
    i, iv     int (2, 3), (4,)               b, bv     bool (2, 3), (4,)
    st        str (2,)                       sp        SparseTensor (2, 3)
    rt        RaggedTensor                   big       float (1, 200, 200, 1)

Every float or complex tensor that is passed is watched. `|` separates several recipes of one symbol: what they show is
put together. A recipe that is missing here is guessed from the parameter names (`BY_NAME`, `GUESSES`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

#: What to pass for a required parameter that takes no tensor, by its name.
BY_NAME: dict[str, str] = {
    "axis": "0",
    "axes": "1",
    "dims": "[2, 3]",
    "shape": "[2, 3]",
    "dtype": "tf.float32",
    "num": "3",
    "n": "3",
    "N": "3",
    "k": "2",
    "alpha": "0.3",
    "block_size": "2",
    "ksize": "2",
    "pool_size": "2",
    "strides": "1",
    "padding": "'SAME'",
    "rate": "0.5",
    "seed": "[1, 2]",
    "multiples": "[2, 2]",
    "paddings": "[[1, 1], [0, 2]]",
    "depth": "4",
    "num_segments": "2",
    "segment_ids": "[0, 1]",
    "indices": "[0, 1]",
    "clip_norm": "0.5",
    "source": "0",
    "destination": "1",
    "num_classes": "3",
    "axis1": "0",
    "axis2": "1",
    "repeats": "2",
    "shift": "1",
    "name": "'n'",
    "newshape": "[3, 2]",
    "reps": "[2, 1]",
    "q": "0.4",
    "size": "[4, 4]",
    "lower": "-1",
    "upper": "1",
    "diagonal": "0",
    "frame_length": "4",
    "frame_step": "2",
    "sequence_length": "8",
    "sequence_stride": "4",
    "fft_length": "4",
}

#: Float tensors to try, in this order, for the required parameters that `BY_NAME` does not know.
GUESSES = ("m", "s", "v", "img", "t", "c", "img1", "seq", "wave", "i", "b", "st", "iv", "z", "zv")

_LOSS = "y_true=p, y_pred=p2"

RECIPES: dict[str, str] = {
    # creation and conversion
    "tensorflow.cast": "m, tf.float64 | m, tf.float32",
    "tensorflow.saturate_cast": "m, tf.float16 | m, tf.float32",
    "tensorflow.constant": "m",
    "tensorflow.convert_to_tensor": "m",
    "tensorflow.fill": "[2, 2], c",
    "tensorflow.linspace": "c, c2, 4",
    "tensorflow.range": "c, c2, c | c",
    "tensorflow.eye": "3",
    "tensorflow.one_hot": "iv, 5 | iv, 5, c, c2",
    "tensorflow.zeros": "[2, 3]",
    "tensorflow.ones": "[2, 3]",
    "tensorflow.complex": "m, m2",
    "tensorflow.bitcast": "m, tf.float32",
    "tensorflow.sequence_mask": "v | iv",
    "tensorflow.ensure_shape": "m, [2, 3]",
    "tensorflow.identity_n": "[m, m2]",
    "tensorflow.guarantee_const": "m",
    "tensorflow.numpy_function": "lambda a: a, [m], tf.float32",
    "tensorflow.tuple": "[m, m2]",
    # shape and selection
    "tensorflow.add_n": "[m, m2]",
    "tensorflow.approx_top_k": "m, 2",
    "tensorflow.batch_to_space": "tf.tile(m, [4, 1])[:, :, None, None], [2, 2], [[0, 0], [0, 0]]",
    "tensorflow.boolean_mask": "m, [True, False]",
    "tensorflow.broadcast_to": "m, [4, 2, 3]",
    "tensorflow.concat": "[m, m2], 0",
    "tensorflow.clip_by_value": "m, -c, c",
    "tensorflow.clip_by_global_norm": "[m, m2], 0.5",
    "tensorflow.clip_by_norm": "m, 0.5 | m, c2",
    "tensorflow.dynamic_partition": "m, [0, 1], 2",
    "tensorflow.dynamic_stitch": "[[0], [1]], [m[:1], m[1:]]",
    "tensorflow.edit_distance": "sp, sp",
    "tensorflow.einsum": "'ij,kj->ik', m, m2",
    "tensorflow.expand_dims": "m, 0",
    "tensorflow.extract_volume_patches": "vol, [1, 2, 2, 2, 1], [1, 1, 1, 1, 1], 'SAME'",
    "tensorflow.gather": "m, [0, 1]",
    "tensorflow.gather_nd": "m, [[0, 1]]",
    "tensorflow.histogram_fixed_width": "m, [0.0, 1.0] | m, v[:2]",
    "tensorflow.histogram_fixed_width_bins": "m, [0.0, 1.0]",
    "tensorflow.meshgrid": "v, v2",
    "tensorflow.pad": "m, [[1, 1], [0, 0]] | m, [[1, 1], [0, 0]], 'REFLECT' | m, [[1, 1], [0, 0]], 'CONSTANT', c",
    "tensorflow.repeat": "m, 2, axis=0",
    "tensorflow.reshape": "m, [3, 2]",
    "tensorflow.reverse": "m, [0]",
    "tensorflow.reverse_sequence": "m, [1, 2], seq_axis=1",
    "tensorflow.roll": "m, 1, 0",
    "tensorflow.scatter_nd": "[[0], [2]], m, [4, 3]",
    "tensorflow.searchsorted": "tf.sort(v), v2",
    "tensorflow.shape_n": "[m, m2]",
    "tensorflow.slice": "m, [0, 0], [1, 2]",
    "tensorflow.space_to_batch": "img, [2, 2], [[0, 0], [0, 0]]",
    "tensorflow.space_to_batch_nd": "img, [2, 2], [[0, 0], [0, 0]]",
    "tensorflow.split": "m, [1, 2], 1 | m, 2",
    "tensorflow.stack": "[m, m2]",
    "tensorflow.strided_slice": "m, [0, 0], [2, 2]",
    "tensorflow.tensor_scatter_nd_add": "m, [[0]], m2[:1]",
    "tensorflow.tensor_scatter_nd_max": "m, [[0]], m2[:1]",
    "tensorflow.tensor_scatter_nd_min": "m, [[0]], m2[:1]",
    "tensorflow.tensor_scatter_nd_sub": "m, [[0]], m2[:1]",
    "tensorflow.tensor_scatter_nd_update": "m, [[0]], m2[:1]",
    "tensorflow.tensordot": "m, m2, [[1], [1]]",
    "tensorflow.tile": "m, [2, 1]",
    "tensorflow.truncatediv": "i, i",
    "tensorflow.unravel_index": "iv, [4, 4]",
    "tensorflow.where": "b, m, m2",
    "tensorflow.required_space_to_batch_paddings": "[4, 4], [2, 2]",
    # math
    "tensorflow.math.accumulate_n": "[m, m2]",
    "tensorflow.scalar_mul": "c, m",
    "tensorflow.math.bincount": "iv | iv, weights=v",
    "tensorflow.math.confusion_matrix": "iv, iv, 5, v, tf.float32 | v, v2, 5",
    "tensorflow.math.invert_permutation": "[1, 0]",
    "tensorflow.math.in_top_k": "[0, 1], p, 2",
    "tensorflow.math.polyval": "[c, c2], m",
    "tensorflow.math.scalar_mul": "c, m",
    "tensorflow.math.segment_sum": "m, [0, 1]",
    "tensorflow.math.unsorted_segment_sum": "m, [0, 1], 2",
    "tensorflow.math.top_k": "m, 2",
    "tensorflow.math.approx_max_k": "m, 2",
    "tensorflow.math.approx_min_k": "m, 2",
    "tensorflow.math.betainc": "p, p2, p",
    "tensorflow.math.igamma": "p, p2",
    "tensorflow.math.igammac": "p, p2",
    "tensorflow.math.polygamma": "tf.constant([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]), p",
    "tensorflow.math.zeta": "p + 1.0, p2",
    "tensorflow.math.nextafter": "m, m2",
    # linalg
    "tensorflow.linalg.band_part": "s, 1, 0",
    "tensorflow.linalg.banded_triangular_solve": "s, s",
    "tensorflow.linalg.cholesky_solve": "tf.linalg.cholesky(s), s",
    "tensorflow.linalg.eigh_tridiagonal": "v[:3], v2[:2], False",
    "tensorflow.linalg.lu_matrix_inverse": "*tf.linalg.lu(s)",
    "tensorflow.linalg.lu_reconstruct": "*tf.linalg.lu(s)",
    "tensorflow.linalg.lu_solve": "*tf.linalg.lu(s), s",
    "tensorflow.linalg.lstsq": "s, s",
    "tensorflow.linalg.matvec": "s, v[:3]",
    "tensorflow.linalg.matmul": "m, s",
    "tensorflow.matmul": "m, s",
    "tensorflow.linalg.set_diag": "s, v[:3]",
    "tensorflow.linalg.solve": "s, s",
    "tensorflow.linalg.triangular_solve": "s, s",
    "tensorflow.linalg.tridiagonal_solve": "tf.random.normal([3, 4]) + m[0, 0], v",
    "tensorflow.linalg.tridiagonal_matmul": "tf.random.normal([3, 4]) + m[0, 0], t[0]",
    "tensorflow.linalg.logm": "tf.complex(s, s * 0.1)",
    "tensorflow.linalg.global_norm": "[m, m2]",
    "tensorflow.linalg.cross": "m, m2",
    "tensorflow.linalg.experimental.conjugate_gradient": "tf.linalg.LinearOperatorFullMatrix(s, is_self_adjoint=True, is_positive_definite=True), v[:3]",
    "tensorflow.norm": "m",
    # nn
    "tensorflow.nn.approx_max_k": "m, 2",
    "tensorflow.nn.approx_min_k": "m, 2",
    "tensorflow.nn.atrous_conv2d": "img, tf.ones([3, 3, 3, 2]) * c, 2, 'SAME'",
    "tensorflow.nn.atrous_conv2d_transpose": "img, tf.ones([3, 3, 2, 3]) * c, [1, 8, 8, 2], 2, 'SAME'",
    "tensorflow.nn.avg_pool": "img, 2, 2, 'SAME'",
    "tensorflow.nn.avg_pool1d": "seq, 2, 2, 'SAME'",
    "tensorflow.nn.avg_pool2d": "img, 2, 2, 'SAME'",
    "tensorflow.nn.avg_pool3d": "vol, 2, 2, 'SAME'",
    "tensorflow.nn.batch_norm_with_global_normalization": "img, v[:3], p[0], v2[:3], v[:3], 0.01, True",
    "tensorflow.nn.batch_normalization": "m, v[:3], p[0], v2[:3], v[:3], 0.01",
    "tensorflow.nn.bias_add": "m, v[:3]",
    "tensorflow.nn.collapse_repeated": "i, [3, 3]",
    "tensorflow.nn.compute_accidental_hits": "tf.cast([[1], [2]], tf.int64), tf.cast([1, 2, 3], tf.int64), 3",
    "tensorflow.nn.conv1d": "seq, tf.ones([3, 3, 2]) * c, 1, 'SAME'",
    "tensorflow.nn.conv1d_transpose": "seq, tf.ones([3, 2, 3]) * c, [1, 8, 2], 1",
    "tensorflow.nn.conv2d": "img, tf.ones([3, 3, 3, 2]) * c, 1, 'SAME'",
    "tensorflow.nn.conv2d_transpose": "img, tf.ones([3, 3, 2, 3]) * c, [1, 8, 8, 2], 1",
    "tensorflow.nn.conv3d": "vol, tf.ones([2, 2, 2, 2, 1]) * c, [1, 1, 1, 1, 1], 'SAME'",
    "tensorflow.nn.conv3d_transpose": "vol, tf.ones([2, 2, 2, 1, 2]) * c, [1, 4, 4, 4, 1], 1",
    "tensorflow.nn.conv_transpose": "img, tf.ones([3, 3, 2, 3]) * c, [1, 8, 8, 2], 1",
    "tensorflow.nn.convolution": "img, tf.ones([3, 3, 3, 2]) * c",
    "tensorflow.nn.ctc_loss": "tf.constant([[1], [2]]), t, tf.constant([1, 1]), tf.constant([4, 4]), False",
    "tensorflow.nn.ctc_greedy_decoder": "tf.transpose(t, [1, 0, 2]), [4, 4]",
    "tensorflow.nn.ctc_beam_search_decoder": "tf.transpose(t, [1, 0, 2]), [4, 4]",
    "tensorflow.nn.ctc_unique_labels": "[[1, 2], [2, 1]]",
    "tensorflow.nn.depth_to_space": "tf.concat([img, img, img, img], -1), 2",
    "tensorflow.nn.depthwise_conv2d": "img, tf.ones([3, 3, 3, 2]) * c, [1, 1, 1, 1], 'SAME'",
    "tensorflow.nn.dilation2d": "img, tf.ones([3, 3, 3]) * c, [1, 1, 1, 1], 'SAME', 'NHWC', [1, 1, 1, 1]",
    "tensorflow.nn.dropout": "m, 0.3 | m, p[0, 0]",
    "tensorflow.nn.embedding_lookup": "m, [0, 1] | [m, m2], [0, 1]",
    "tensorflow.nn.embedding_lookup_sparse": "m, tf.sparse.from_dense(tf.cast([[0, 1], [1, 0]], tf.int64)), None",
    "tensorflow.nn.erosion2d": "img, tf.ones([3, 3, 3]) * c, [1, 1, 1, 1], 'SAME', 'NHWC', [1, 1, 1, 1]",
    "tensorflow.nn.experimental.general_dropout": "m, 0.3, uniform_sampler=tf.random.uniform",
    "tensorflow.nn.experimental.stateless_dropout": "m, 0.3, [1, 2]",
    "tensorflow.nn.fractional_avg_pool": "img, [1.0, 1.4, 1.4, 1.0]",
    "tensorflow.nn.fractional_max_pool": "img, [1.0, 1.4, 1.4, 1.0]",
    "tensorflow.nn.gelu": "m | m, True",
    "tensorflow.nn.in_top_k": "[0, 1], p, 2",
    "tensorflow.nn.leaky_relu": "m",
    "tensorflow.nn.local_response_normalization": "img",
    "tensorflow.nn.log_poisson_loss": "p, m",
    "tensorflow.nn.max_pool": "img, 2, 2, 'SAME'",
    "tensorflow.nn.max_pool1d": "seq, 2, 2, 'SAME'",
    "tensorflow.nn.max_pool2d": "img, 2, 2, 'SAME'",
    "tensorflow.nn.max_pool3d": "vol, 2, 2, 'SAME'",
    "tensorflow.nn.max_pool_with_argmax": "img, 2, 2, 'SAME'",
    "tensorflow.nn.moments": "m, [0]",
    "tensorflow.nn.nce_loss": "t[0], v, tf.cast([[0], [1]], tf.int64), m, 2, 4",
    "tensorflow.nn.normalize_moments": "c, v, v2, None",
    "tensorflow.nn.pool": "img, [2, 2], 'MAX'",
    "tensorflow.nn.safe_embedding_lookup_sparse": "m, tf.sparse.from_dense(tf.cast([[0, 1], [1, 0]], tf.int64))",
    "tensorflow.nn.sampled_softmax_loss": "t[0], v, tf.cast([[0], [1]], tf.int64), m, 2, 4",
    "tensorflow.nn.scale_regularization_loss": "m",
    "tensorflow.nn.separable_conv2d": "img, tf.ones([3, 3, 3, 1]) * c, tf.ones([1, 1, 3, 2]) * c2, [1, 1, 1, 1], 'SAME'",
    "tensorflow.nn.sigmoid_cross_entropy_with_logits": "p, m",
    "tensorflow.nn.softmax_cross_entropy_with_logits": "p, m",
    "tensorflow.nn.space_to_depth": "img, 2",
    "tensorflow.nn.sparse_softmax_cross_entropy_with_logits": "[0, 1], m",
    "tensorflow.nn.sufficient_statistics": "m, [0]",
    "tensorflow.nn.weighted_cross_entropy_with_logits": "p, m, c2",
    "tensorflow.nn.weighted_moments": "m, [0], p",
    "tensorflow.nn.compute_average_loss": "v",
    "tensorflow.nn.isotonic_regression": "m",
    "tensorflow.nn.all_candidate_sampler": "tf.cast([[0], [1]], tf.int64), 1, 2, True",
    # signal
    "tensorflow.signal.frame": "wave, 4, 2",
    "tensorflow.signal.stft": "wave, 8, 4",
    "tensorflow.signal.inverse_stft": "tf.signal.stft(wave, 8, 4), 8, 4",
    "tensorflow.signal.mdct": "wave, 8",
    "tensorflow.signal.inverse_mdct": "tf.signal.mdct(wave, 8)",
    "tensorflow.signal.mfccs_from_log_mel_spectrograms": "m",
    "tensorflow.signal.overlap_and_add": "t, 2",
    "tensorflow.signal.irfft": "z",
    "tensorflow.signal.irfft2d": "z",
    "tensorflow.signal.rfft3d": "vol[..., 0]",
    "tensorflow.signal.irfft3d": "tf.signal.rfft3d(vol[..., 0])",
    "tensorflow.signal.fft": "zv",
    "tensorflow.signal.ifft": "zv",
    "tensorflow.signal.fft2d": "z",
    "tensorflow.signal.ifft2d": "z",
    "tensorflow.signal.fft3d": "tf.complex(vol, vol)[..., 0]",
    "tensorflow.signal.ifft3d": "tf.complex(vol, vol)[..., 0]",
    "tensorflow.signal.dct": "wave",
    "tensorflow.signal.idct": "wave",
    "tensorflow.signal.hann_window": "8",
    "tensorflow.signal.hamming_window": "8",
    "tensorflow.signal.kaiser_window": "8",
    "tensorflow.signal.kaiser_bessel_derived_window": "8",
    "tensorflow.signal.vorbis_window": "8",
    "tensorflow.signal.inverse_stft_window_fn": "2",
    # image
    "tensorflow.image.adjust_brightness": "img, 0.1 | img, c",
    "tensorflow.image.adjust_contrast": "img, 1.2 | img, c",
    "tensorflow.image.adjust_gamma": "img, 1.2 | img, c2",
    "tensorflow.image.adjust_hue": "img, 0.1 | img, c",
    "tensorflow.image.adjust_jpeg_quality": "img1, 80",
    "tensorflow.image.adjust_saturation": "img, 1.2 | img, c2",
    "tensorflow.image.central_crop": "img, 0.5",
    "tensorflow.image.combined_non_max_suppression": "tf.tile(img[:, :4, :1, :1], [1, 1, 1, 4]), img[:, :4, 0, :2], 2, 2",
    "tensorflow.image.convert_image_dtype": "img, tf.float16 | img, tf.float32",
    "tensorflow.image.crop_and_resize": "img, [[0.1, 0.1, 0.8, 0.9]], [0], [4, 4] | img, p[:1, :1] * [[0.1, 0.2, 0.8, 0.9]], [0], [4, 4]",
    "tensorflow.image.crop_to_bounding_box": "img, 1, 1, 4, 4",
    "tensorflow.image.draw_bounding_boxes": "img, [[[0.1, 0.1, 0.8, 0.9]]], [[1.0, 0.0, 0.0]]",
    "tensorflow.image.extract_glimpse": "img, [4, 4], [[0.0, 0.0]] | img, [4, 4], m[:1, :2]",
    "tensorflow.image.extract_patches": "img, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], 'SAME'",
    "tensorflow.image.non_max_suppression": "t[0][:, :1] * tf.ones([4, 4]), v, 2",
    "tensorflow.image.non_max_suppression_overlaps": "s, v[:3], 2",
    "tensorflow.image.non_max_suppression_padded": "t[0][:, :1] * tf.ones([4, 4]), v, 2",
    "tensorflow.image.non_max_suppression_with_scores": "t[0][:, :1] * tf.ones([4, 4]), v, 2",
    "tensorflow.image.pad_to_bounding_box": "img, 1, 1, 10, 10",
    "tensorflow.image.psnr": "img, tf.reverse(img, [1]), 1.0",
    "tensorflow.image.random_brightness": "img, 0.2",
    "tensorflow.image.random_contrast": "img, 0.5, 1.5",
    "tensorflow.image.random_crop": "img1, [4, 4, 3]",
    "tensorflow.image.random_flip_left_right": "img",
    "tensorflow.image.random_hue": "img, 0.2",
    "tensorflow.image.random_jpeg_quality": "img1, 50, 90",
    "tensorflow.image.random_saturation": "img, 0.5, 1.5",
    "tensorflow.image.resize": "img, [5, 5] | img, [5, 5], 'nearest' | img, [5, 5], 'bicubic' | img, [5, 5], 'lanczos3'",
    "tensorflow.image.resize_with_crop_or_pad": "img, 4, 10",
    "tensorflow.image.resize_with_pad": "img, 5, 7",
    "tensorflow.image.sample_distorted_bounding_box": "[8, 8, 3], [[[0.1, 0.1, 0.8, 0.9]]]",
    "tensorflow.image.ssim": "tf.image.resize(img, [16, 16]), tf.image.resize(tf.reverse(img, [1]), [16, 16]), 1.0",
    "tensorflow.image.ssim_multiscale": "big, big * 0.9 + 0.05, 1.0",
    "tensorflow.image.stateless_random_brightness": "img, 0.2, [1, 2]",
    "tensorflow.image.stateless_random_contrast": "img, 0.5, 1.5, [1, 2]",
    "tensorflow.image.stateless_random_crop": "img1, [4, 4, 3], [1, 2]",
    "tensorflow.image.stateless_random_hue": "img, 0.2, [1, 2]",
    "tensorflow.image.stateless_random_jpeg_quality": "img1, 50, 90, [1, 2]",
    "tensorflow.image.stateless_random_saturation": "img, 0.5, 1.5, [1, 2]",
    "tensorflow.image.stateless_sample_distorted_bounding_box": "[8, 8, 3], [[[0.1, 0.1, 0.8, 0.9]]], [1, 2]",
    "tensorflow.image.total_variation": "img",
    "tensorflow.image.grayscale_to_rgb": "img[..., :1]",
    "tensorflow.image.transpose": "img",
    "tensorflow.image.rot90": "img",
    # random
    "tensorflow.random.normal": "[2, 3], c, c2",
    "tensorflow.random.uniform": "[2, 3], c, c2",
    "tensorflow.random.truncated_normal": "[2, 3], c, c2",
    "tensorflow.random.gamma": "[2], p, p2",
    "tensorflow.random.poisson": "[2], p",
    "tensorflow.random.categorical": "m, 4",
    "tensorflow.random.shuffle": "m",
    "tensorflow.random.stateless_normal": "[2, 3], [1, 2], c, c2",
    "tensorflow.random.stateless_uniform": "[2, 3], [1, 2], c, c2",
    "tensorflow.random.stateless_truncated_normal": "[2, 3], [1, 2], c, c2",
    "tensorflow.random.stateless_gamma": "[2, 2, 3], [1, 2], p, p2",
    "tensorflow.random.stateless_poisson": "[2, 2, 3], [1, 2], p",
    "tensorflow.random.stateless_binomial": "[2, 3], [1, 2], 5.0, p, tf.float32 | [2, 3], [1, 2], 5.0, p",
    "tensorflow.random.stateless_categorical": "m, 4, [1, 2]",
    "tensorflow.random.stateless_parameterized_truncated_normal": "[2, 3], [1, 2], p, p2, -2.0 * p, 3.0 * p",
    "tensorflow.random.experimental.stateless_shuffle": "m, [1, 2]",
    "tensorflow.random.experimental.index_shuffle": "1, [1, 2], 4",
    "tensorflow.random.fixed_unigram_candidate_sampler": "tf.cast([[0], [1]], tf.int64), 1, 2, True, 5, unigrams=[0.1, 0.2, 0.3, 0.2, 0.2]",
    "tensorflow.random.learned_unigram_candidate_sampler": "tf.cast([[0], [1]], tf.int64), 1, 2, True, 5",
    "tensorflow.random.log_uniform_candidate_sampler": "tf.cast([[0], [1]], tf.int64), 1, 2, True, 5",
    "tensorflow.random.uniform_candidate_sampler": "tf.cast([[0], [1]], tf.int64), 1, 2, True, 5",
    "tensorflow.random.split": "[1, 2]",
    "tensorflow.random.fold_in": "[1, 2], 3",
    # sparse, ragged, sets, strings
    "tensorflow.sparse.add": "sp, sp | sp, m",
    "tensorflow.sparse.bincount": "iv | iv, weights=v",
    "tensorflow.sparse.concat": "0, [sp, sp]",
    "tensorflow.sparse.cross": "[sp]",
    "tensorflow.sparse.expand_dims": "sp, 0",
    "tensorflow.sparse.eye": "3",
    "tensorflow.sparse.fill_empty_rows": "sp, 0.0",
    "tensorflow.sparse.from_dense": "m",
    "tensorflow.sparse.mask": "tf.IndexedSlices(m, [0, 1]), [0]",
    "tensorflow.sparse.maximum": "sp, sp",
    "tensorflow.sparse.minimum": "sp, sp",
    "tensorflow.sparse.reset_shape": "sp",
    "tensorflow.sparse.reshape": "sp, [3, 2]",
    "tensorflow.sparse.retain": "sp, [True] * 2",
    "tensorflow.sparse.segment_mean": "m, [0, 1], [0, 0]",
    "tensorflow.sparse.segment_sum": "m, [0, 1], [0, 0]",
    "tensorflow.sparse.segment_sqrt_n": "m, [0, 1], [0, 0]",
    "tensorflow.sparse.slice": "sp, [0, 0], [2, 2]",
    "tensorflow.sparse.sparse_dense_matmul": "sp, s",
    "tensorflow.sparse.split": "sp, 2, 0",
    "tensorflow.sparse.map_values": "tf.exp, sp",
    "tensorflow.sparse.transpose": "sp",
    "tensorflow.sparse.to_dense": "sp",
    "tensorflow.ragged.boolean_mask": "m, b",
    "tensorflow.ragged.cross": "[tf.ragged.constant([[1], [2]])]",
    "tensorflow.ragged.map_flat_values": "tf.exp, rt",
    "tensorflow.ragged.range": "v",
    "tensorflow.ragged.row_splits_to_segment_ids": "tf.constant([0, 2], tf.int64)",
    "tensorflow.ragged.segment_ids_to_row_splits": "tf.constant([0, 0, 1])",
    "tensorflow.ragged.stack": "[m, m2]",
    "tensorflow.ragged.stack_dynamic_partitions": "v, [0, 1, 0, 1], 2",
    "tensorflow.ragged.constant": "[[1.0], [2.0, 3.0]]",
    "tensorflow.sets.difference": "i, i",
    "tensorflow.sets.intersection": "i, i",
    "tensorflow.sets.union": "i, i",
    "tensorflow.sets.size": "tf.sets.union(i, i)",
    "tensorflow.strings.as_string": "m",
    "tensorflow.as_string": "m",
    "tensorflow.strings.format": "'{}', m",
    "tensorflow.strings.join": "[st, st]",
    "tensorflow.strings.ngrams": "st, 1",
    "tensorflow.strings.regex_full_match": "st, 'a'",
    "tensorflow.strings.regex_replace": "st, 'a', 'b'",
    "tensorflow.strings.split": "st",
    "tensorflow.strings.substr": "st, 0, 1",
    "tensorflow.strings.to_hash_bucket": "st, 10",
    "tensorflow.strings.to_hash_bucket_fast": "st, 10",
    "tensorflow.strings.to_hash_bucket_strong": "st, 10, [1, 2]",
    "tensorflow.strings.to_number": "tf.constant(['1', '2'])",
    "tensorflow.strings.unicode_decode": "st, 'UTF-8'",
    "tensorflow.strings.unicode_decode_with_offsets": "st, 'UTF-8'",
    "tensorflow.strings.unicode_encode": "[72, 73], 'UTF-8'",
    "tensorflow.strings.unicode_split": "st, 'UTF-8'",
    "tensorflow.strings.unicode_split_with_offsets": "st, 'UTF-8'",
    "tensorflow.strings.unicode_transcode": "st, 'UTF-8', 'UTF-8'",
    "tensorflow.strings.reduce_join": "st",
    "tensorflow.io.decode_raw": "tf.constant(['abcd']), tf.float32",
    "tensorflow.io.serialize_tensor": "m",
    "tensorflow.io.parse_tensor": "tf.io.serialize_tensor(m), tf.float32",
    "tensorflow.io.encode_jpeg": "tf.cast(img1, tf.uint8)",
    "tensorflow.io.encode_png": "tf.cast(img1, tf.uint8)",
    "tensorflow.io.decode_jpeg": "tf.io.encode_jpeg(tf.cast(img1, tf.uint8))",
    "tensorflow.io.decode_png": "tf.io.encode_png(tf.cast(img1, tf.uint8))",
    "tensorflow.io.decode_image": "tf.io.encode_png(tf.cast(img1, tf.uint8))",
    "tensorflow.io.decode_base64": "tf.constant('YQ')",
    "tensorflow.io.encode_base64": "st",
    "tensorflow.io.matching_files": "'/'",
    "tensorflow.io.decode_csv": "tf.constant(['1,2']), [[0.0], [0.0]]",
    "tensorflow.io.read_file": "__file__",
    "tensorflow.audio.encode_wav": "wave[0][:, None], 8000",
    "tensorflow.audio.decode_wav": "tf.audio.encode_wav(wave[0][:, None], 8000)",
    # quantization
    "tensorflow.quantization.fake_quant_with_min_max_args": "m",
    "tensorflow.quantization.fake_quant_with_min_max_args_gradient": "m, m2",
    "tensorflow.quantization.fake_quant_with_min_max_vars": "m, -1.0 * p[0, 0], p2[0, 0]",
    "tensorflow.quantization.fake_quant_with_min_max_vars_gradient": "m, m2, -1.0 * p[0, 0], p2[0, 0]",
    "tensorflow.quantization.fake_quant_with_min_max_vars_per_channel": "m, -1.0 * p[0], p2[0]",
    "tensorflow.quantization.fake_quant_with_min_max_vars_per_channel_gradient": "m, m2, -1.0 * p[0], p2[0]",
    "tensorflow.quantization.quantize": "m, -1.0, 1.0, tf.qint8",
    "tensorflow.quantization.quantize_and_dequantize": "m, -1.0, 1.0",
    "tensorflow.quantization.quantize_and_dequantize_v2": "m, -1.0, 1.0",
    "tensorflow.quantization.dequantize": "tf.quantization.quantize(m, -1.0, 1.0, tf.qint8)[0], -1.0, 1.0",
    # debugging, printing: called for their effect
    "tensorflow.debugging.assert_shapes": "[(m, (2, 3))]",
    "tensorflow.debugging.assert_all_finite": "m, 'x'",
    "tensorflow.debugging.check_numerics": "m, 'x'",
    "tensorflow.debugging.assert_near": "1.0, 1.0",
    "tensorflow.debugging.assert_equal": "1.0, 1.0",
    "tensorflow.debugging.assert_greater": "2.0, 1.0",
    "tensorflow.debugging.assert_greater_equal": "2.0, 1.0",
    "tensorflow.debugging.assert_less": "1.0, 2.0",
    "tensorflow.debugging.assert_less_equal": "1.0, 2.0",
    "tensorflow.debugging.assert_none_equal": "1.0, 2.0",
    "tensorflow.debugging.assert_non_negative": "p",
    "tensorflow.debugging.assert_positive": "p",
    "tensorflow.debugging.assert_negative": "-1.0",
    "tensorflow.debugging.assert_non_positive": "-1.0",
    "tensorflow.debugging.assert_integer": "i",
    "tensorflow.debugging.assert_rank": "m, 2",
    "tensorflow.debugging.assert_rank_at_least": "m, 1",
    "tensorflow.debugging.assert_rank_in": "m, [1, 2]",
    "tensorflow.debugging.assert_same_float_dtype": "[m]",
    "tensorflow.debugging.assert_scalar": "c",
    "tensorflow.debugging.assert_type": "m, tf.float32",
    "tensorflow.debugging.assert_proper_iterable": "[m]",
    "tensorflow.debugging.Assert": "True, [m]",
    "tensorflow.print": "''",
    "tensorflow.is_tensor": "m",
    "tensorflow.get_static_value": "m",
    "tensorflow.make_tensor_proto": "m.numpy()",
    "tensorflow.is_symbolic_tensor": "m",
    "tensorflow.executing_eagerly": "",
    "tensorflow.inside_function": "",
    "tensorflow.rank": "m",
    "tensorflow.size": "m",
    "tensorflow.shape": "m",
    "tensorflow.broadcast_dynamic_shape": "[2, 1], [1, 3]",
    "tensorflow.broadcast_static_shape": "tf.TensorShape([2, 1]), tf.TensorShape([1, 3])",
    "tensorflow.as_dtype": "'float32'",
    "tensorflow.fingerprint": "st",
    "tensorflow.no_op": "",
    "tensorflow.group": "m",
    # keras
    "keras.utils.to_categorical": "v, 5 | iv, 5",
    "keras.utils.normalize": "m.numpy()",
    "keras.ops.add": "m, m2",
    "keras.ops.arange": "c, c2, c | 4 | c2, 4.0",
    "keras.ops.argpartition": "m, 1",
    "keras.ops.array": "m",
    "keras.ops.average": "m, 0, p[:, 0] | m, weights=p",
    "keras.ops.average_pool": "img, 2",
    "keras.ops.adaptive_average_pool": "img, 2",
    "keras.ops.adaptive_max_pool": "img, 2",
    "keras.ops.batch_normalization": "m, v[:3], p[0], -1, v2[:3], v[:3]",
    "keras.ops.binary_crossentropy": "p, p2",
    "keras.ops.bincount": "iv | iv, weights=v",
    "keras.ops.broadcast_to": "m, [4, 2, 3]",
    "keras.ops.bitwise_and": "i, i",
    "keras.ops.bitwise_or": "i, i",
    "keras.ops.bitwise_xor": "i, i",
    "keras.ops.bitwise_left_shift": "i, i",
    "keras.ops.bitwise_right_shift": "i, i",
    "keras.ops.left_shift": "i, i",
    "keras.ops.right_shift": "i, i",
    "keras.ops.cast": "m, 'float64' | m, 'float32'",
    "keras.ops.categorical_crossentropy": "p, p2",
    "keras.ops.cholesky_inverse": "tf.linalg.cholesky(s)",
    "keras.ops.clip": "m, -c, c",
    "keras.ops.concatenate": "[m, m2]",
    "keras.ops.conv": "img, tf.ones([3, 3, 3, 2]) * c",
    "keras.ops.conv_transpose": "img, tf.ones([3, 3, 2, 3]) * c, 1",
    "keras.ops.convert_to_numpy": "m",
    "keras.ops.convert_to_tensor": "m",
    "keras.ops.correlate": "v, v2",
    "keras.ops.ctc_decode": "t, [4, 4]",
    "keras.ops.ctc_loss": "[[1], [2]], t, [1, 1], [4, 4]",
    "keras.ops.deg2rad": "m",
    "keras.ops.depthwise_conv": "img, tf.ones([3, 3, 3, 2]) * c",
    "keras.ops.diagflat": "v",
    "keras.ops.digitize": "m, [0.0, 0.5]",
    "keras.ops.divide_no_nan": "m, m2",
    "keras.ops.dot_product_attention": "tf.ones([1, 4, 2, 3]) * c, tf.ones([1, 4, 2, 3]) * c2, img[:, :4, :2, :]",
    "keras.ops.einsum": "'ij,kj->ik', m, m2",
    "keras.ops.empty": "[2, 3]",
    "keras.ops.empty_like": "m",
    "keras.ops.extract_sequences": "wave, 4, 2",
    "keras.ops.eye": "3",
    "keras.ops.fft": "(wave, wave)",
    "keras.ops.fft2": "(m, m2)",
    "keras.ops.ifft2": "(m, m2)",
    "keras.ops.full": "[2, 2], c",
    "keras.ops.full_like": "m, c",
    "keras.ops.get_item": "m, 0",
    "keras.ops.histogram": "v, 3",
    "keras.ops.hstack": "[m, m2]",
    "keras.ops.vstack": "[m, m2]",
    "keras.ops.dstack": "[m, m2]",
    "keras.ops.in_top_k": "[0, 1], p, 2",
    "keras.ops.inner": "m, m2",
    "keras.ops.irfft": "(wave, wave)",
    "keras.ops.is_tensor": "m",
    "keras.ops.isclose": "m, m2",
    "keras.ops.istft": "(tf.math.real(tf.signal.stft(wave, 8, 4)), tf.math.imag(tf.signal.stft(wave, 8, 4))), 8, 4, 8",
    "keras.ops.kron": "m, m2",
    "keras.ops.layer_normalization": "m, v[:3], v2[:3]",
    "keras.ops.layer_norm": "m, v[:3], v2[:3]",
    "keras.ops.rms_normalization": "m, v[:3]",
    "keras.ops.linspace": "c, c2, 4",
    "keras.ops.logspace": "c, c2, 4",
    "keras.ops.geomspace": "c, c2, 4",
    "keras.ops.lstsq": "s, s",
    "keras.ops.lu_factor": "s",
    "keras.ops.matmul": "m, s",
    "keras.ops.max_pool": "img, 2",
    "keras.ops.meshgrid": "v, v2",
    "keras.ops.moments": "m, [0]",
    "keras.ops.moveaxis": "m, 0, 1",
    "keras.ops.multi_hot": "[[0, 1]], 3 | v, 5",
    "keras.ops.norm": "m",
    "keras.ops.nan_to_num": "m",
    "keras.ops.one_hot": "iv, 5 | v, 5",
    "keras.ops.ones": "[2, 3]",
    "keras.ops.outer": "v, v2",
    "keras.ops.pad": "m, [[1, 1], [0, 0]] | m, [[1, 1], [0, 0]], 'constant', c",
    "keras.ops.polar": "m, m2",
    "keras.ops.power": "p, p2",
    "keras.ops.psnr": "img, tf.reverse(img, [1]), 1.0",
    "keras.ops.ptp": "m",
    "keras.ops.quantile": "m, 0.4 | m, p[0, 0]",
    "keras.ops.percentile": "m, 40.0",
    "keras.ops.nanquantile": "m, 0.4",
    "keras.ops.nanpercentile": "m, 40.0",
    "keras.ops.ravel": "m",
    "keras.ops.rearrange": "m, 'a b -> b a'",
    "keras.ops.repeat": "m, 2, axis=0",
    "keras.ops.reshape": "m, [3, 2]",
    "keras.ops.roll": "m, 1, 0",
    "keras.ops.saturate_cast": "m, 'float64' | m, 'float32'",
    "keras.ops.scatter": "[[0], [2]], m, [4, 3]",
    "keras.ops.scatter_update": "m, [[0]], m2[:1]",
    "keras.ops.searchsorted": "tf.sort(v), v2",
    "keras.ops.segment_max": "m, tf.constant([0, 1])",
    "keras.ops.segment_sum": "m, tf.constant([0, 1])",
    "keras.ops.segment_min": "m, tf.constant([0, 1])",
    "keras.ops.select": "[b, b], [m, m2]",
    "keras.ops.separable_conv": "img, tf.ones([3, 3, 3, 1]) * c, tf.ones([1, 1, 3, 2]) * c2",
    "keras.ops.shape": "m",
    "keras.ops.slice": "m, [0, 0], [1, 2]",
    "keras.ops.slice_update": "m, [0, 0], m2[:1, :2]",
    "keras.ops.slogdet": "s",
    "keras.ops.solve": "s, s",
    "keras.ops.solve_triangular": "s, s",
    "keras.ops.sparse_categorical_crossentropy": "tf.constant([0, 1]), p",
    "keras.ops.split": "m, 3, 1",
    "keras.ops.array_split": "m, 3, 1",
    "keras.ops.stack": "[m, m2]",
    "keras.ops.stft": "wave, 8, 4, 8",
    "keras.ops.rfft": "wave",
    "keras.ops.take": "m, [0, 1], 0",
    "keras.ops.take_along_axis": "m, [[0, 1, 0]], 0",
    "keras.ops.tensordot": "m, m2, [[1], [1]]",
    "keras.ops.tile": "m, [2, 1]",
    "keras.ops.top_k": "m, 2",
    "keras.ops.tri": "3",
    "keras.ops.unfold": "tf.transpose(img, [0, 3, 1, 2]), 2",
    "keras.ops.unravel_index": "iv, [4, 4]",
    "keras.ops.unstack": "m",
    "keras.ops.vdot": "v, v2",
    "keras.ops.dot": "m, s",
    "keras.ops.where": "b, m, m2",
    "keras.ops.view_as_complex": "tf.stack([m, m2], -1)",
    "keras.ops.view_as_real": "z",
    "keras.ops.zeros": "[2, 3]",
    "keras.ops.hamming": "8",
    "keras.ops.hanning": "8",
    "keras.ops.bartlett": "8",
    "keras.ops.blackman": "8",
    "keras.ops.kaiser": "8, 0.5",
    "keras.ops.vander": "v",
    "keras.ops.ldexp": "m, [[1, 2, 3]]",
    "keras.ops.gcd": "i, i",
    "keras.ops.lcm": "i, i",
    "keras.ops.normalize": "m",
    "keras.ops.trace": "s",
    "keras.ops.isin": "m, m2",
    "keras.ops.ndim": "m",
    "keras.ops.size": "m",
    "keras.ops.image.affine_transform": "img, tf.constant([[1.0, 0.1, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]]) | img, p[:1, :1] * [[1.0, 0.1, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]]",
    "keras.ops.image.crop_images": "img, 1, 1, 4, 4",
    "keras.ops.image.pad_images": "img, 1, 1, target_height=10, target_width=10",
    "keras.ops.image.resize": "img, [5, 5]",
    "keras.ops.image.scale_and_translate": "img, [1, 5, 5, 3], [0.5, 0.5], [0.1, 0.1], [1, 2], 'linear'",
    "keras.ops.image.map_coordinates": "m, tf.stack([p, p2]), 1",
    "keras.ops.image.perspective_transform": "img, [[[0.0, 0.0], [0.0, 7.0], [7.0, 0.0], [7.0, 7.0]]], [[[0.0, 1.0], [0.0, 7.0], [7.0, 0.0], [7.0, 7.0]]]",
    "keras.ops.image.elastic_transform": "img",
    "keras.ops.image.gaussian_blur": "img",
    "keras.ops.image.extract_patches": "img, 2",
    "keras.ops.image.extract_patches_3d": "vol, 2",
    "keras.ops.image.hsv_to_rgb": "img",
    "keras.ops.image.rgb_to_hsv": "img",
    "keras.ops.image.rgb_to_grayscale": "img",
    "keras.losses.ctc": "tf.constant([[1], [2]]), t",
    "keras.losses.sparse_categorical_crossentropy": "tf.constant([0, 1]), p",
    "keras.losses.categorical_generalized_cross_entropy": "[0, 1], p, 0.5",
    "keras.losses.circle": "tf.constant([0, 1]), m",
    "keras.metrics.sparse_categorical_accuracy": "[0, 1], p",
    "keras.metrics.sparse_top_k_categorical_accuracy": "[0, 1], p",
    "keras.metrics.top_k_categorical_accuracy": "p, p2",
    "keras.random.normal": "[2, 3], c, c2",
    "keras.random.truncated_normal": "[2, 3], c, c2",
    "keras.random.uniform": "[2, 3], c, c2",
    "keras.random.beta": "[2, 3], c2, c2",
    "keras.random.binomial": "[2, 3], c2, 0.5 | [2, 3], 3.0, p",
    "keras.random.categorical": "m, 4",
    "keras.random.dropout": "m, 0.3",
    "keras.random.gamma": "[2, 3], c2",
    "keras.random.randint": "[2, 3], 0, 4",
    "keras.random.shuffle": "m",
    "keras.backend.dot": "m, s",
    "keras.backend.gather": "m, [0, 1]",
    "keras.backend.one_hot": "[0, 1], 3",
    "keras.backend.cast": "m, 'float64' | m, 'float32'",
    "keras.backend.cast_to_floatx": "m",
    "keras.backend.concatenate": "[m, m2]",
    "keras.backend.stack": "[m, m2]",
    "keras.backend.clip": "m, -0.1, 0.1",
    "keras.backend.constant": "1.0",
    "keras.backend.batch_dot": "t, t, [1, 1]",
    "keras.backend.bias_add": "m, v[:3]",
    "keras.backend.binary_crossentropy": "p, p2",
    "keras.backend.categorical_crossentropy": "p, p2",
    "keras.backend.sparse_categorical_crossentropy": "tf.constant([0, 1]), p",
    "keras.backend.conv1d": "seq, tf.ones([3, 3, 2]) * c",
    "keras.backend.conv2d": "img, tf.ones([3, 3, 3, 2]) * c",
    "keras.backend.conv3d": "vol, tf.ones([2, 2, 2, 2, 1]) * c",
    "keras.backend.pool2d": "img, (2, 2)",
    "keras.backend.dropout": "m, 0.3",
    "keras.backend.in_top_k": "p, [0, 1], 2",
    "keras.backend.permute_dimensions": "m, (1, 0)",
    "keras.backend.repeat": "m, 2",
    "keras.backend.repeat_elements": "m, 2, 0",
    "keras.backend.reshape": "m, (3, 2)",
    "keras.backend.resize_images": "img, 2, 2, 'channels_last'",
    "keras.backend.reverse": "m, 0",
    "keras.backend.switch": "b, m, m2",
    "keras.backend.tile": "m, [2, 1]",
    "keras.backend.temporal_padding": "seq",
    "keras.backend.spatial_2d_padding": "img",
    "keras.backend.eye": "3",
    "keras.backend.ones": "(2, 3)",
    "keras.backend.zeros": "(2, 3)",
    "keras.backend.pow": "m, 2",
    "keras.backend.arange": "4",
    "keras.backend.random_normal": "(2, 3)",
    "keras.backend.random_uniform": "(2, 3)",
    "keras.backend.random_bernoulli": "(2, 3)",
    "keras.backend.truncated_normal": "(2, 3)",
    "keras.backend.get_value": "m",
    "keras.backend.eval": "m",
    "keras.backend.int_shape": "m",
    "keras.backend.ndim": "m",
    "keras.backend.dtype": "m",
    "keras.backend.batch_flatten": "t",
    "keras.backend.squeeze": "m[:1], 0",
    "tensorflow.experimental.numpy.arange": "4",
    "tensorflow.experimental.numpy.array": "m",
    "tensorflow.experimental.numpy.asarray": "m",
    "tensorflow.experimental.numpy.compress": "[True, False], m, 0",
    "tensorflow.experimental.numpy.clip": "m, -c, c",
    "tensorflow.experimental.numpy.concatenate": "[m, m2]",
    "tensorflow.experimental.numpy.append": "m, m2",
    "tensorflow.experimental.numpy.array_split": "m, 3, 1",
    "tensorflow.experimental.numpy.split": "m, 3, 1",
    "tensorflow.experimental.numpy.hsplit": "m, 3",
    "tensorflow.experimental.numpy.vsplit": "m, 2",
    "tensorflow.experimental.numpy.dsplit": "t, 3",
    "tensorflow.experimental.numpy.full": "[2, 2], c",
    "tensorflow.experimental.numpy.full_like": "m, c",
    "tensorflow.experimental.numpy.matmul": "m, s",
    "tensorflow.experimental.numpy.dot": "m, s",
    "tensorflow.experimental.numpy.max": "m",
    "tensorflow.experimental.numpy.take": "m, [0, 1], 0",
    "tensorflow.experimental.numpy.take_along_axis": "m, [[0, 1, 0]], 0",
    "tensorflow.experimental.numpy.where": "b, m, m2",
    "tensorflow.experimental.numpy.select": "[b, b], [m, m2]",
    "tensorflow.experimental.numpy.stack": "[m, m2]",
    "tensorflow.experimental.numpy.hstack": "[m, m2]",
    "tensorflow.experimental.numpy.vstack": "[m, m2]",
    "tensorflow.experimental.numpy.dstack": "[m, m2]",
    "tensorflow.experimental.numpy.column_stack": "[m, m2]",
    "tensorflow.experimental.numpy.row_stack": "[m, m2]",
    "tensorflow.experimental.numpy.repeat": "m, 2, axis=0",
    "tensorflow.experimental.numpy.reshape": "m, [3, 2]",
    "tensorflow.experimental.numpy.pad": "m, [[1, 1], [0, 0]], 'constant'",
    "tensorflow.experimental.numpy.power": "p, p2",
    "tensorflow.experimental.numpy.linspace": "c, c2, 4",
    "tensorflow.experimental.numpy.einsum": "'ij,kj->ik', m, m2",
    "tensorflow.experimental.numpy.tensordot": "m, m2, [[1], [1]]",
    "tensorflow.experimental.numpy.trace": "s",
    "tensorflow.experimental.numpy.vander": "v",
    "tensorflow.experimental.numpy.polyval": "v, m",
    "tensorflow.experimental.numpy.moveaxis": "m, 0, 1",
    "tensorflow.experimental.numpy.meshgrid": "v, v2",
    "tensorflow.experimental.numpy.broadcast_to": "m, [4, 2, 3]",
    "tensorflow.experimental.numpy.broadcast_arrays": "m, m2",
    "tensorflow.experimental.numpy.ix_": "iv, iv",
    "tensorflow.experimental.numpy.tile": "m, [2, 1]",
    "tensorflow.experimental.numpy.roll": "m, 1, 0",
    "tensorflow.experimental.numpy.rot90": "m",
    "tensorflow.experimental.numpy.sum": "m",
    "tensorflow.experimental.numpy.squeeze": "m[:1]",
    "tensorflow.experimental.numpy.inner": "m, m2",
    "tensorflow.experimental.numpy.outer": "v, v2",
    "tensorflow.experimental.numpy.kron": "m, m2",
    "tensorflow.experimental.numpy.vdot": "v, v2",
    "tensorflow.experimental.numpy.zeros": "[2, 3]",
    "tensorflow.experimental.numpy.ones": "[2, 3]",
    "tensorflow.experimental.numpy.empty": "[2, 3]",
    "tensorflow.experimental.numpy.logspace": "c, c2, 4",
    "tensorflow.experimental.numpy.geomspace": "c, c2, 4",
    "tensorflow.experimental.numpy.identity": "3",
    "tensorflow.experimental.numpy.eye": "3",
    "tensorflow.experimental.numpy.tri": "3",
    "keras.ops.segment_prod": "m, tf.constant([0, 1])",
    "keras.backend.conv2d_transpose": "img, tf.ones([3, 3, 2, 3]) * c, (1, 8, 8, 2)",
    "keras.backend.ctc_batch_cost": "tf.constant([[1], [2]]), tf.nn.softmax(t), tf.constant([[4], [4]]), tf.constant([[1], [1]])",
    "keras.backend.depthwise_conv2d": "img, tf.ones([3, 3, 3, 2]) * c",
    "keras.backend.separable_conv2d": "img, tf.ones([3, 3, 3, 1]) * c, tf.ones([1, 1, 3, 2]) * c2",
    "keras.backend.pool3d": "vol, (2, 2, 2)",
    "keras.backend.resize_volumes": "vol, 2, 2, 2, 'channels_last'",
    "keras.backend.spatial_3d_padding": "vol",
    "keras.ops.dsplit": "t, 3",
    "keras.ops.hsplit": "m, 3",
    "keras.ops.vsplit": "m, 2",
    "keras.ops.depth_to_space": "tf.concat([img, img, img, img], -1), 2",
    "keras.ops.space_to_depth": "img, 2",
    "keras.ops.image.ssim": "img, tf.reverse(img, [1]), 1.0",
    "tensorflow.assert_greater": "2.0, 1.0",
    "tensorflow.assert_less": "1.0, 2.0",
    "tensorflow.assert_equal": "1.0, 1.0",
    "tensorflow.assert_rank": "m, 2",
    "tensorflow.experimental.numpy.around": "m",
    "tensorflow.image.decode_jpeg": "tf.io.encode_jpeg(tf.cast(img1 * 255.0, tf.uint8))",
    "tensorflow.image.decode_image": "tf.io.encode_jpeg(tf.cast(img1 * 255.0, tf.uint8))",
    "tensorflow.image.decode_png": "tf.io.encode_png(tf.cast(img1 * 255.0, tf.uint8))",
    "tensorflow.image.encode_jpeg": "tf.cast(img1 * 255.0, tf.uint8)",
    "tensorflow.image.encode_png": "tf.cast(img1 * 255.0, tf.uint8)",
    "tensorflow.image.decode_and_crop_jpeg": "tf.io.encode_jpeg(tf.cast(img1 * 255.0, tf.uint8)), [0, 0, 4, 4]",
    "tensorflow.image.extract_jpeg_shape": "tf.io.encode_jpeg(tf.cast(img1 * 255.0, tf.uint8))",
    "tensorflow.io.serialize_sparse": "sp",
    "tensorflow.linalg.diag": "v",
    "tensorflow.linalg.tensor_diag": "v",
    "tensorflow.math.cumulative_logsumexp": "m",
    "tensorflow.make_ndarray": "tf.make_tensor_proto([1.0])",
    "tensorflow.py_function": "lambda a: a * 2.0, [m], tf.float32",
    "tensorflow.math.sobol_sample": "2, 3",
    "tensorflow.sparse.reduce_max": "sp",
    "tensorflow.sparse.reduce_sum": "sp",
    "tensorflow.sparse.reorder": "sp",
    "tensorflow.sparse.softmax": "tf.sparse.from_dense(m)",
    "tensorflow.sparse.to_indicator": "tf.sparse.from_dense(i), 5",
    "tensorflow.math.imag": "z",
    "tensorflow.math.angle": "z",
    "keras.ops.imag": "z",
    "keras.ops.angle": "z",
    "tensorflow.experimental.numpy.imag": "z",
    "tensorflow.experimental.numpy.angle": "z",
    "keras.ops.real": "m | z",
    "tensorflow.math.real": "m | z",
    "tensorflow.experimental.numpy.real": "m | z",
    "tensorflow.experimental.numpy.atleast_1d": "m",
    "tensorflow.experimental.numpy.atleast_2d": "m",
    "tensorflow.experimental.numpy.atleast_3d": "m",
}

#: Never called: they change the state of the process, run a function that they are given, need a graph, a file or
#: another device, or stop the process when a guess does not fit.
NOT_CALLED = {
    "keras.backend.get_uid",
    "tensorflow.Assert",
    "tensorflow.conv",
    "tensorflow.conv2d_backprop_filter_v2",
    "tensorflow.conv2d_backprop_input_v2",
    "tensorflow.math.approx_min_k",
    "tensorflow.parallel_stack",
    "tensorflow.ragged_fill_empty_rows",
    "tensorflow.ragged_fill_empty_rows_grad",
    "tensorflow.while_loop",
}
CHANGES_STATE = (
    "clear_",
    "deserialize",
    "get_session",
    "import_",
    "load_",
    "manual_",
    "register_",
    "reset_uids",
    "serialize_keras",
    "set_",
    "unregister_",
    "write_",
    "update",
)


def is_called(symbol: str) -> bool:
    """Whether a function may be called to see what it does."""
    own = symbol.rpartition(".")[2]
    switches = "enable_" in own or "disable_" in own or own in ("get", "deserialize", "serialize")
    return symbol not in NOT_CALLED and not switches and (not own.startswith(CHANGES_STATE) or own == "set_diag")


#: Parameters whose gradient is zero whatever the values are. Other zeros may come from the values of a recipe: what
#: happens there is left open.
ZERO_EVERYWHERE = {
    ("keras.backend.sign", "x"),
    ("keras.ops.nextafter", "x2"),
    ("keras.ops.sign", "x"),
    ("tensorflow.experimental.numpy.nextafter", "x2"),
    ("tensorflow.experimental.numpy.sign", "x"),
    ("tensorflow.math.nextafter", "x2"),
    ("tensorflow.sign", "x"),
    ("keras.ops.slogdet", "x"),
    ("tensorflow.linalg.slogdet", "input"),
}


#: Functions whose result depends on an argument in a way that one row cannot say: symbol, condition, recipe.
CASES: tuple[tuple[str, str, str], ...] = (
    ("tensorflow.image.resize", "method=area", "img, [5, 5], 'area'"),
    ("tensorflow.image.resize", "method=nearest", "img, [5, 5], 'nearest'"),
    ("tensorflow.where", "-x", "b"),
    ("keras.ops.where", "-x1", "b"),
    ("tensorflow.cast", "dtype=int", "m, tf.int32"),
    ("tensorflow.cast", "dtype=bool", "m, tf.bool"),
    ("tensorflow.saturate_cast", "dtype=int", "m, tf.uint8"),
    ("keras.ops.cast", "dtype=int", "m, 'int32'"),
    ("keras.ops.cast", "dtype=bool", "m, 'bool'"),
    ("keras.ops.saturate_cast", "dtype=int", "m, 'uint8'"),
    ("keras.backend.cast", "dtype=int", "m, 'int32'"),
    ("keras.backend.cast", "dtype=bool", "m, 'bool'"),
    ("tensorflow.image.convert_image_dtype", "dtype=int", "img, tf.uint8"),
    ("tensorflow.math.bincount", "weights", "iv, weights=v"),
    ("keras.ops.bincount", "weights", "iv, weights=v"),
    ("tensorflow.norm", "ord=inf", "m, float('inf')"),
    ("tensorflow.linalg.svd", "compute_uv=False", "m, compute_uv=False"),
    ("keras.ops.svd", "compute_uv=False", "m, compute_uv=False"),
)


def fallback_recipes(required: list[str], variadic: bool) -> Iterator[str]:
    """Guess recipes for a function from the names of its required parameters."""
    for guess in GUESSES:
        second = {"m": "m2", "v": "v2", "c": "c2"}.get(guess, guess)
        used = 0
        parts = []
        for name in required:
            if name in BY_NAME:
                parts.append(BY_NAME[name])
            else:
                parts.append(guess if used == 0 else second)
                used += 1
        if variadic and not required:
            parts, used = [guess, second], 2
        yield ", ".join(parts)
        if used == 0:
            return


class Vocabulary(dict[str, Any]):
    """The names of a recipe. Every mention of a tensor makes a new one, so that each argument is watched by itself."""

    def __init__(self, tf: Any, seed: int, kind: str = "float") -> None:
        """`kind` turns the float tensors into `int` or `complex` ones, or only the first one into int (`mixed`)."""
        super().__init__()
        self.tf, self.kind, self.random = tf, kind, np.random.default_rng(seed)
        self.begun = False

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name == "tf" or hasattr(type(self), f"make_{name}"))

    def __missing__(self, name: str) -> Any:
        if name == "tf":
            return self.tf
        maker = getattr(self, f"make_{name}", None)
        if maker is None:
            raise KeyError(name)
        if self.kind != "mixed" or maker in (self.make_i, self.make_iv, self.make_b, self.make_bv, self.make_st):
            return maker()
        self.kind = "float" if self.begun else "int"
        self.begun, value = True, maker()
        self.kind = "mixed"
        return value

    def floats(self, low: float, high: float, *shape: int) -> Any:
        values = self.random.uniform(low, high, shape).astype("float32")
        if self.kind == "int":
            return self.tf.constant((np.abs(values) * 4 + 1).astype("int32"))
        if self.kind == "complex":
            return self.tf.constant(values.astype("complex64"))
        return self.tf.constant(values)

    def make_m(self) -> Any:
        return self.floats(-0.9, 0.9, 2, 3)

    make_m2 = make_m

    def make_v(self) -> Any:
        return self.floats(0.1, 0.9, 4)

    make_v2 = make_v

    def make_c(self) -> Any:
        return self.floats(0.2, 0.4)

    def make_c2(self) -> Any:
        return self.floats(1.2, 1.6)

    def make_t(self) -> Any:
        return self.floats(-0.9, 0.9, 2, 4, 3)

    def make_seq(self) -> Any:
        return self.floats(-0.9, 0.9, 1, 8, 3)

    def make_img(self) -> Any:
        return self.floats(0.1, 0.9, 1, 8, 8, 3)

    def make_img1(self) -> Any:
        return self.floats(0.1, 0.9, 8, 8, 3)

    def make_big(self) -> Any:
        return self.floats(0.1, 0.9, 1, 200, 200, 1)

    def make_vol(self) -> Any:
        return self.floats(0.1, 0.9, 1, 4, 4, 4, 2)

    def make_wave(self) -> Any:
        return self.floats(-0.9, 0.9, 2, 16)

    def make_s(self) -> Any:
        values = self.random.uniform(0.1, 0.5, (3, 3)).astype("float32")
        values = values + values.T + 3 * self.random.uniform(0.8, 1.2, (3,)) * [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        if self.kind != "float":
            return self.tf.constant((values * 3).astype("int32" if self.kind == "int" else "complex64"))
        return self.tf.constant(values.astype("float32"))

    def make_p(self) -> Any:
        values = self.random.uniform(0.2, 0.8, (2, 3))
        values = values / values.sum(axis=1, keepdims=True)
        if self.kind != "float":
            return self.tf.constant((values * 4 + 1).astype("int32" if self.kind == "int" else "complex64"))
        return self.tf.constant(values.astype("float32"))

    make_p2 = make_p

    def make_z(self) -> Any:
        values = self.random.uniform(-0.9, 0.9, (2, 3)) + 1j * self.random.uniform(-0.9, 0.9, (2, 3))
        return self.tf.constant(values.astype("complex64"))

    def make_zv(self) -> Any:
        values = self.random.uniform(-0.9, 0.9, 8) + 1j * self.random.uniform(-0.9, 0.9, 8)
        return self.tf.constant(values.astype("complex64"))

    def make_i(self) -> Any:
        return self.tf.constant([[0, 1, 2], [1, 2, 3]])

    def make_iv(self) -> Any:
        return self.tf.constant([0, 1, 2, 1])

    def make_b(self) -> Any:
        return self.tf.constant([[True, False, True], [False, True, False]])

    def make_bv(self) -> Any:
        return self.tf.constant([True, False, True, False])

    def make_st(self) -> Any:
        return self.tf.constant(["ab", "c"])

    def make_sp(self) -> Any:
        values = self.floats(0.1, 0.9, 2)
        return self.tf.sparse.SparseTensor([[0, 1], [1, 2]], values, [2, 3])

    def make_rt(self) -> Any:
        return self.tf.RaggedTensor.from_row_splits(self.floats(0.1, 0.9, 4), [0, 1, 4])
