"""What a recording must hold for a rule to find anything in it: other rules are not even imported.

`missing` is a gradient that is missing for certain, or a term of a target that gives none, a word in capitals an event
of that kind, any other word a list of the recording. `tests/meta/test_modules.py` reads from each rule what it goes
through.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.play.recording import Recording

NEEDED = {
    "missing": (
        "all_paths_stopped", "computed_outside_tape", "constant_target", "first_gradient_outside_outer_tape",
        "forward_outside_tape", "gradient_per_output", "integer_on_path", "integer_source", "loss_scaled_outside_tape",
        "metric_as_loss", "nested_watch_missing", "nondifferentiable_op", "nontrainable_source", "nothing_watched",
        "python_function_on_path", "second_order_on_one_tape", "source_not_used", "source_recreated",
        "tape_in_other_thread", "target_outside_tape", "through_data_pipeline", "unbuilt_call_traced",
        "unwatched_source", "variable_from_tensor", "watched_copy", "watched_too_late", "wrong_tape",
    ),
    "accumulators": ("forward_accumulator_keras_variable",),
    "applies": (
        "clip_per_replica", "gradients_concatenated", "gradients_variables_mismatch", "loss_not_scaled",
        "minimize_precomputed", "optimizer_shared", "pairs_not_zipped", "pairs_swapped", "replica_mean_loss",
    ),
    "asks": (
        "arguments_swapped", "batch_jacobian_mixes_batch", "frozen_sources", "gradient_inside_persistent_tape",
        "gradient_unused", "hessian_by_gradient", "invalid_target", "invalid_unconnected_gradients",
        "jacobian_arguments", "jacobian_needs_persistent", "labels_broadcast", "source_rebound",
        "tape_in_cross_replica", "tape_spans_training_loop", "target_of_earlier_tape",
        "unconnected_zero_keras_variable", "unreduced_loss",
    ),
    "classes_entered": ("tape_not_called",),
    "clips": ("clip_discarded",),
    "creations": ("removed_optimizer", "variable_created_in_function", "variable_created_in_tape"),
    "customs": (
        "custom_gradient_arity", "custom_gradient_ignores_upstream", "custom_gradient_no_function",
        "custom_gradient_variables",
    ),
    "disconnected": ("output_not_connected",),
    "fits": ("train_step_without_logs",),
    "forks": ("gradient_in_both_branches",),
    "jvps": ("jvp_outside_accumulator",),
    "lacking": ("missing_keras_name",),
    "makings": ("function_shared",),
    "tapes": (
        "persistent_not_needed", "persistent_tape_kept", "persistent_tape_not_deleted", "tape_argument", "tape_unused",
    ),
    "undefined": ("tape_undefined",),
    "unnamed": ("tape_unbound",),
    "uncalled": ("optimizer_method_never_called",),
    "uses": (
        "compiled_loss", "missing_method", "removed_loss_scale_api", "removed_reset_states", "tf_gradients_in_eager",
    ),
    "works": (
        "eager_only_in_function", "gradient_list_as_tensor", "side_effect_in_function", "sparse_gradient_arithmetic",
        "summed_targets_unpacked", "tape_leaves_function",
    ),
    "wrappings": ("function_recreated",),
    "zips": ("clip_result_not_unpacked", "mapping_sources_zipped"),
    "ASK": ("tape_consumed",),
    "BARE_PAUSE": ("pause_not_entered",),
    "ENTER": ("tape_reentered_while_recording",),
    "REBIND": ("tape_shadowed",),
    "UNKNOWN_METHOD": ("unknown_tape_method",),
    "WATCH": ("watch_invalid_object", "watch_keras_variable", "watch_redundant"),
}  # fmt: skip
"""Modules of rules by what they need. A rule that needs one thing or another is not among them."""


def idle(recording: Recording) -> set[str]:
    """The modules of the rules that have nothing to find in a recording."""
    kinds = {event.what.name for event in recording.events}
    return {name for what, names in NEEDED.items() if not _holds(recording, kinds, what) for name in names}


def _holds(recording: Recording, kinds: set[str], what: str) -> bool:
    if what == "missing":
        asks = recording.asks
        return any(ask.terms or any(verdict.standing.value == "cut" for verdict in ask.verdicts) for ask in asks)
    return what in kinds if what.isupper() else bool(getattr(recording, what))
