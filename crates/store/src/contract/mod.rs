//! What every backend must do: one suite, run against each.
//!
//! [`run`] calls all cases in turn. A backend's own tests rather name them one by one, so that a failure says which:
//!
//! ```text
//! macro_rules! cases {
//!     ($($module:ident::$case:ident,)*) => {$(
//!         #[tokio::test]
//!         async fn $case() {
//!             wxgate_store::contract::$module::$case(&*make().await).await;
//!         }
//!     )*};
//! }
//! wxgate_store::for_each_contract_case!(cases);
//! ```

#![expect(missing_docs, clippy::missing_panics_doc, reason = "a case is a sentence, and panics when it does not hold")]

pub mod avatars;
pub mod bulk;
pub mod erasure;
pub mod events;
pub mod history;
pub mod identity;
pub mod keys;
pub mod logins;
pub mod management;
pub mod members;
pub mod openings;
pub mod outbox;
pub mod phones;
pub mod plugin_entries;
pub mod purge;
pub mod sessions;
pub mod signing_keys;
pub mod statistics;
pub mod tokens;

mod sample;

use std::sync::Arc;

use crate::store::Store;

/// Calls the macro `$with` once, with every case of the suite as `module::case,`.
#[macro_export]
macro_rules! for_each_contract_case {
    ($with:ident) => {
        $with! {
            logins::a_first_login_makes_a_member,
            logins::a_known_member_keeps_their_id,
            logins::one_openid_in_two_programs_is_two_members,
            logins::a_unionid_is_taken_once_and_never_replaced,
            logins::another_unionid_is_said_in_the_audit_once_a_day,
            logins::a_login_replaces_the_given_profile_fields_only,
            logins::last_login_moves_once_a_day,
            logins::the_oldest_session_yields_above_the_cap,
            logins::expired_sessions_take_no_place_under_the_cap,
            logins::a_login_never_ends_its_own_session,
            logins::a_repeated_login_changes_nothing,
            logins::a_session_id_of_another_login_is_a_conflict,
            logins::logins_at_once_make_one_member,
            logins::logins_keep_their_order_where_their_task_is_to_give_way,
            sessions::a_session_comes_back_as_it_was_opened,
            sessions::an_expired_session_is_given_as_stored,
            sessions::a_use_moves_the_expiry,
            sessions::a_late_use_changes_nothing,
            sessions::a_use_revives_no_expired_session,
            sessions::a_refresh_replaces_the_hash_it_knows,
            sessions::a_refresh_revives_no_expired_session,
            sessions::a_session_ends_for_its_owner_only,
            sessions::ending_an_expired_session_ends_nothing,
            sessions::all_sessions_of_one_member_end,
            sessions::the_list_holds_live_sessions_newest_first,
            keys::at_most_three_keys_are_kept,
            keys::after_ten_minutes_only_the_newest_key_is_usable,
            keys::a_login_after_ten_minutes_leaves_one_key,
            keys::a_key_outlives_the_end_of_its_session,
            keys::the_newest_key_stays_while_another_session_lives,
            identity::what_is_identified_is_what_is_stored,
            identity::another_skey_or_a_session_past_its_end_identifies_nobody,
            identity::sessions_are_identified_whatever_the_order_of_their_ids,
            members::a_change_leaves_what_it_does_not_name,
            members::one_person_in_several_apps_is_linked_by_unionid_alone,
            members::an_unknown_member_is_absent_everywhere,
            avatars::a_picture_is_kept_in_place_of_the_one_before,
            avatars::a_picture_goes_when_the_profile_shows_another,
            avatars::a_picture_goes_with_its_member,
            avatars::a_picture_that_a_check_refuses_goes_and_no_other,
            openings::five_tries_spend_ten_minutes,
            openings::twenty_tries_spend_a_day,
            openings::a_released_try_does_not_count,
            openings::a_failed_try_cannot_be_released,
            openings::a_budget_is_of_one_subject,
            openings::tries_at_once_never_exceed_the_budget,
            phones::a_number_is_bound_with_its_proof,
            phones::a_proof_is_accepted_once,
            phones::trust_in_a_number_never_falls,
            phones::another_number_replaces_the_first_and_is_audited,
            phones::an_ended_session_binds_nothing,
            phones::one_number_may_be_of_two_members,
            phones::a_binding_releases_its_try,
            phones::nothing_is_bound_to_a_member_who_is_gone,
            erasure::nothing_of_an_erased_member_is_left,
            erasure::others_stay_when_one_is_erased,
            erasure::an_erased_person_may_come_back_as_another_member,
            erasure::an_export_holds_everything,
            events::an_event_is_kept_and_changes_nothing_by_itself,
            events::consent_that_is_withdrawn_takes_its_kind_alone,
            events::a_withdrawn_number_is_in_no_answer_and_its_proof_brings_it_not_back,
            events::a_cleared_profile_is_cleared_for_every_check,
            events::a_member_who_left_is_erased_with_their_events,
            events::somebody_who_left_without_being_a_member_is_forgotten_too,
            events::an_event_has_one_effect_however_often_it_comes,
            events::an_event_is_about_one_app_and_perhaps_nobody,
            events::old_events_and_pushes_go,
            management::members_are_listed_newest_first_and_page_by_page,
            management::members_are_found_by_all_that_is_asked_for,
            management::a_change_replaces_what_it_gives_and_is_audited,
            management::a_change_of_an_older_revision_is_left_alone,
            management::a_blocked_member_is_so_in_every_session_until_unblocked,
            management::revoked_sessions_are_audited_if_there_were_any,
            management::the_audit_is_listed_by_whom_by_what_and_page_by_page,
            management::what_stays_of_an_erased_member_says_nothing_of_them,
            management::the_audit_is_kept_for_180_days,
            tokens::the_last_access_token_is_kept,
            tokens::forced_tokens_are_counted_for_their_app_and_time,
            tokens::api_tokens_are_kept_until_revoked,
            tokens::an_api_token_may_be_created_twice_but_not_differently,
            signing_keys::signing_keys_stand_in_the_order_in_which_they_came,
            signing_keys::of_two_who_add_a_signing_key_at_once_one_does,
            signing_keys::signing_keys_go_from_the_oldest_on_and_no_number_comes_again,
            statistics::what_is_counted_again_is_added,
            statistics::failed_requests_are_found_by_what_they_are,
            statistics::failed_requests_go_with_their_member,
            statistics::the_oldest_failed_requests_yield,
            statistics::old_statistics_go,
            purge::expired_sessions_go,
            purge::a_live_session_between_expired_ones_stays,
            purge::old_failures_and_proofs_go,
            purge::a_slice_is_no_larger_than_asked,
            purge::a_store_is_ready,
        }
    };
}

/// Calls the macro `$with` once, with every case of the outbox as `module::case,`: for backends that have one.
#[macro_export]
macro_rules! for_each_outbox_case {
    ($with:ident) => {
        $with! {
            outbox::what_nobody_wants_is_not_written,
            outbox::each_kind_is_told_in_the_order_it_happened,
            outbox::what_operators_change_is_told,
            outbox::a_webhook_gets_the_kinds_it_wants,
            outbox::what_is_refused_or_repeated_is_not_told,
            outbox::what_wechat_says_is_told_without_its_content,
            outbox::a_field_that_changed_is_named,
            outbox::a_session_that_yields_or_expires_is_told_so,
            outbox::of_an_erased_member_only_the_end_is_told,
            outbox::events_of_one_member_have_their_turn_one_after_the_other,
            outbox::one_that_failed_keeps_its_place,
            outbox::one_that_was_given_up_disables_its_webhook_alone,
            outbox::what_waits_goes_on_when_its_webhook_is_enabled,
            outbox::a_delivery_is_sent_again_before_later_ones,
            outbox::deliveries_are_listed_newest_first,
            outbox::webhooks_are_kept_changed_and_deleted,
            outbox::a_secret_that_was_rotated_signs_for_a_while,
            outbox::there_are_only_so_many_webhooks,
            outbox::what_was_settled_goes_after_a_week,
            outbox::a_backlog_disables_its_webhook,
            outbox::a_listener_hears_what_was_committed,
        }
    };
}

/// Calls the macro `$with` once, with every case of what plugins keep as `module::case,`: for backends that keep it.
#[macro_export]
macro_rules! for_each_plugin_entry_case {
    ($with:ident) => {
        $with! {
            plugin_entries::an_entry_is_kept_in_place_of_the_one_before_and_apart_by_plugin,
            plugin_entries::an_entry_is_taken_once,
            plugin_entries::entries_are_listed_by_prefix_and_page,
            plugin_entries::an_expired_entry_is_not_there_and_purged,
            plugin_entries::what_is_about_a_member_is_exported_and_goes_with_them,
        }
    };
}

/// Calls the macro `$with` once, with every case of members by the thousand as `module::case,`: for backends that take them.
#[macro_export]
macro_rules! for_each_bulk_case {
    ($with:ident) => {
        $with! {
            bulk::members_are_exported_oldest_first_and_page_by_page,
            bulk::an_export_of_all_is_in_the_audit,
            bulk::an_import_adds_members_as_they_were_and_repeating_it_changes_nothing,
            bulk::what_is_not_said_of_a_new_member_is_as_at_a_first_login,
            bulk::an_import_fills_what_is_lacking_and_replaces_nothing,
            bulk::who_was_erased_stays_so_unless_what_comes_is_later,
            bulk::an_id_of_somebody_else_is_not_taken,
            bulk::others_are_told_of_an_import_only_if_it_says_so,
            bulk::a_try_says_what_would_become_of_each_and_writes_nothing,
            bulk::an_import_is_in_the_audit_once_an_hour,
        }
    };
}

/// Runs the whole suite, each case on a new, empty store; panics when one fails.
pub async fn run(make: impl AsyncFn() -> Arc<dyn Store>) {
    macro_rules! run_all {
        ($($module:ident::$case:ident,)*) => {$(
            $module::$case(&*make().await).await;
        )*};
    }
    crate::for_each_contract_case!(run_all);
}
