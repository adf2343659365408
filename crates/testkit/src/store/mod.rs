//! The contracts of [`ports::Store`], [`ports::Tx`] and the repositories behind them.

pub mod access;
pub mod activity;
pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod bulk;
pub mod credentials;
pub mod devices;
pub mod expired_tokens;
pub mod fences;
pub mod idempotency;
pub mod identities;
pub mod isolation;
pub mod keys;
pub mod mail_tokens;
pub mod mailbox;
pub mod mfa;
pub mod oauth;
pub mod passkeys;
pub mod personal;
pub mod roles;
pub mod schedules;
pub mod sealed;
pub mod sessions;
pub mod tenancy;
pub mod tenant_content;
pub mod tokens;
pub mod unit_of_work;
pub mod user_ends;
pub mod user_lists;
pub mod users;

/// Runs the suite on the databases that the expression gives, a future of `Option<Bench>`; `None` skips, after
/// [`require_or_skip`](crate::services::require_or_skip) has said why: `testkit::store_suite!(bench());`
#[macro_export]
macro_rules! store_suite {
    ($bench:expr) => {
        mod store_suite {
            use super::*;

            $crate::bench_cases!($bench; [$crate::store];
                users {
                    reads_back_every_field,
                    misses_are_not_found,
                    a_live_address_is_unique,
                    deleted_users_are_gone_and_free_their_address,
                    an_update_raises_the_version,
                    an_update_of_an_old_version_changes_nothing,
                    of_two_updates_one_wins,
                    an_update_never_lowers_the_revision,
                    bumps_add_up,
                    empty_counts_deleted_users,
                    an_address_is_claimed_until_it_is_proven,
                    of_many_claims_one_is_first,
                }
                user_lists {
                    lists_in_every_order_by_page,
                    filters_and_searches,
                    are_found_by_their_number,
                }
                user_ends {
                    restores_what_was_deleted,
                    a_taken_address_is_not_restored,
                    purge_removes_the_long_deleted,
                    of_two_purges_one_hears_of_each,
                }
                credentials {
                    reads_back_every_field,
                    a_user_has_one,
                    a_hash_is_replaced,
                    is_proposed_until_the_address_is_proven,
                    is_removed_for_good,
                    former_hashes_are_kept_to_their_number,
                }
                sessions {
                    reads_back_every_field,
                    ended_ones_are_found,
                    a_new_proof_is_noted,
                    a_touch_is_noted,
                    speaks_for_another_tenant,
                    uses_are_noted_by_the_minute,
                    ends_once,
                    ends_all_of_a_user,
                    keeps_one_of_a_user,
                    lists_the_live_ones_of_a_user,
                    purge_removes_the_over_with_their_tokens,
                    purge_keeps_to_its_limit,
                }
                tokens {
                    reads_back_every_field,
                    a_hash_is_unique,
                    is_spent_once,
                    a_second_presentation_waits_for_the_first,
                    of_many_presentations_one_finds_it_unspent,
                }
                mail_tokens {
                    is_looked_at_without_being_taken,
                    is_taken_once,
                    of_many_takers_one_gets_it,
                    the_same_hash_again_changes_nothing,
                    a_rolled_back_take_leaves_it,
                    clear_removes_those_of_one_user,
                }
                mfa {
                    reads_back_every_field,
                    a_confirmed_app_is_not_replaced,
                    is_confirmed_once,
                    a_step_is_used_once,
                    recovery_codes_work_once,
                    is_removed_with_its_codes,
                    challenges_are_counted_and_closed,
                    purge_removes_expired_challenges,
                }
                identities {
                    reads_back_every_field_of_a_user,
                    is_linked_once,
                    compares_byte_by_byte,
                    a_use_is_noted,
                    of_two_that_remove_the_second_sees_the_first,
                    is_removed_alone_or_with_all_of_a_user,
                }
                oauth {
                    logins_read_back_every_field,
                    a_login_is_spent_once,
                    codes_read_back_every_field,
                    of_many_takers_one_gets_the_code,
                    a_login_ends_with_its_session,
                    purge_removes_what_has_expired,
                }
                passkeys {
                    reads_back_every_field,
                    lists_those_of_one_user,
                    a_credential_is_one_passkey,
                    a_use_is_noted,
                    is_removed,
                    a_challenge_is_taken_once,
                    of_many_takers_one_gets_the_challenge,
                    purge_removes_expired_challenges,
                }
                api_keys {
                    reads_back_every_field,
                    lists_those_of_one_user,
                    a_hash_is_unique,
                    a_use_is_noted_now_and_then,
                    is_removed_by_its_owner,
                    purge_removes_expired_ones,
                }
                schedules {
                    are_noted_once,
                    a_time_is_taken_once,
                    of_many_one_takes_it,
                    a_time_that_was_not_committed_is_free,
                    a_paused_one_rests,
                    a_run_by_hand_takes_no_time,
                    unknown_ones_are_not_found,
                }
                devices {
                    tells_what_is_new,
                    keeps_what_it_was_first,
                    many_at_once_are_one,
                    knows_networks,
                    purge_removes_the_forgotten,
                }
                expired_tokens {
                    each_kind_has_its_own_time,
                    keeps_to_its_limit,
                    a_rolled_back_purge_leaves_them,
                }
                activity {
                    a_new_user_has_not_been_there,
                    sessions_count_until_they_end,
                    the_deleted_and_the_unknown_are_not_found,
                }
                attempts {
                    counts_within_a_window,
                    begins_a_new_window_when_the_old_one_has_ended,
                    failures_at_the_same_time_all_count,
                    outlives_the_rollback_of_a_unit_of_work,
                    clears_one_identifier_and_network,
                    clears_with_the_unit_of_work,
                    purge_removes_ended_windows,
                }
                idempotency {
                    is_granted_once,
                    of_many_one_gets_it,
                    an_answer_is_kept,
                    keeps_the_largest_answer,
                    is_answered_once,
                    a_key_taken_over_refuses_its_former_holder,
                    tokens_only_grow,
                    a_released_key_is_free,
                    an_answer_goes_with_its_unit_of_work,
                    purge_removes_what_is_kept_no_longer,
                }
                fences {
                    smaller_tokens_are_refused,
                    a_rolled_back_one_has_not_passed,
                    the_next_lease_ends_the_former_ones,
                    leases_begin_above_what_has_passed,
                    units_of_work_do_not_overlap,
                }
                access {
                    a_membership_is_a_way_in,
                    revisions_are_those_of_user_platform_and_tenant,
                    raises_of_a_policy_add_up,
                    what_is_raised_or_gone_is_not_told_any_more,
                    what_is_rolled_back_tells_nothing,
                    a_policy_is_all_roles_of_a_scope,
                    a_role_name_is_unique_in_its_scope,
                    roles_are_those_of_the_scope,
                    a_gone_tenant_grants_nothing,
                    platform_roles_are_assigned_once,
                    platform_roles_are_exchanged,
                    holders_of_a_platform_role_are_live_and_active,
                    of_two_that_leave_the_second_sees_the_first,
                }
                roles {
                    reads_back_every_field,
                    a_live_name_is_unique_in_its_scope,
                    an_update_replaces_all,
                    what_is_not_there_is_not_updated,
                    nobody_has_a_deleted_role,
                    lists_those_of_the_scope,
                    are_found_by_their_ids,
                }
                tenancy {
                    tenants_are_found_by_slug_and_id,
                    a_live_slug_is_unique,
                    a_tenant_is_updated_at_its_version,
                    tenants_are_listed,
                    joining_needs_the_role,
                    joining_twice_changes_nothing,
                    members_read_back_in_their_tenant,
                    members_are_listed,
                    members_change_at_their_version,
                    owners_are_members_with_the_role,
                    an_invitation_is_taken_once,
                    the_newest_invitation_counts,
                    invitations_are_listed_and_withdrawn,
                }
                isolation {
                    nothing_of_another_tenant_is_read,
                    the_trail_of_another_tenant_is_not_read,
                    nothing_of_another_tenant_is_written,
                    roles_of_another_tenant_are_not_given,
                }
                keys {
                    reads_back_live_keys_oldest_first,
                    of_two_first_starts_one_writes_the_key,
                    a_retired_key_is_forgotten,
                    is_sealed_anew_once,
                }
                bulk {
                    rows_of_all_kinds_read_back,
                    thousands_go_in_at_once_and_are_found,
                    what_is_there_already_stops_all_of_it,
                }
                tenant_content {
                    roles_read_back_in_order,
                    roles_read_back_with_their_parents,
                    members_read_back_in_order,
                    invitations_read_back_in_order,
                    what_does_not_fit_is_a_conflict,
                    the_trail_is_looked_through_by_stretches,
                    users_are_found_by_address,
                    taken_ids_are_told,
                }
                sealed {
                    values_under_earlier_keys_are_stale,
                    renewed_values_mean_the_same,
                    a_value_written_meanwhile_is_left_alone,
                    is_found_under_both_keys,
                    a_moved_value_does_not_open,
                }
                audit {
                    reads_back_every_field,
                    lists_in_every_order_by_page,
                    filters_exactly,
                    what_it_says_of_a_person_goes_with_them,
                    an_anonymous_entry_belongs_to_whom_it_is_about,
                }
                personal {
                    every_part_reads_for_its_person_alone,
                    an_export_is_its_persons_and_gets_ready,
                    one_export_is_written_at_a_time,
                    expired_exports_are_found,
                }
                mailbox {
                    keeps_mails_newest_first,
                    the_same_mail_again_changes_nothing,
                }
                unit_of_work {
                    nothing_is_visible_before_the_commit,
                    dropped_means_rolled_back,
                    reads_its_own_writes,
                    reads_beside_it_do_not_wait,
                    after_a_failure_everything_is_refused,
                    many_at_once_all_commit,
                    begun_for_nobody_it_leaves_nothing_open,
                    relaxed_reads_see_it_without_a_copy,
                    answers_a_ping,
                    lacks_no_migration,
                }
            );
        }
    };
}
