//! The one suite that every backend passes. A test is an async function over a [`Bench`]; the
//! macro at the end runs each on each backend.

mod answers;
mod archive;
mod bench;
mod books;
mod catalogue;
mod deliveries;
mod doubt;
mod dump;
mod erasure;
mod expiry;
mod files;
mod histories;
mod holds;
mod identity;
mod losses;
mod model;
mod names;
mod pages;
mod pausing;
mod people;
mod planning;
mod publications;
mod queries;
mod read_files;
mod renamed;
mod reopening;
mod retention;
mod sources;
mod sweeping;
mod switching;
mod tags;
mod ties;
mod translations;
mod trust;
mod upstreams;
mod websub;

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::{Applied, Open, Store, StoreError};
use crate::domain::delivery::{InDoubt, RetryPolicy};
use crate::domain::publication::{Batch, Found, Pass};
use crate::domain::{
    Address, Basis, Cadence, Change, ChangeKind, Claim, Decision, DeliveryKey, Filter, Guards,
    HoldKey, Language, NewSubscription, Outcome, PublicationId, PublicationState, Run, Subscriber,
    TagDefinition, TagId, TagMention,
};

use bench::*;
use files::{FoundExt, file, id_of};

pub(super) use bench::{Bench, Test};

macro_rules! contract {
    ($($module:ident: $($test:ident),+ $(,)?;)+) => {
        mod memory {
            $($(#[tokio::test]
            async fn $test() -> super::Test {
                super::$module::$test(super::Bench::memory()?).await
            })+)+
        }
        mod sled {
            $($(#[tokio::test]
            async fn $test() -> super::Test {
                super::$module::$test(super::Bench::sled()?).await
            })+)+
        }
    };
}

contract! {
    publications:
        what_the_first_scan_finds_is_not_news,
        a_file_that_reads_the_same_is_no_change,
        what_is_found_long_after_its_date_is_not_news,
        a_minor_edit_is_not_news_and_a_major_one_is,
        a_moved_file_keeps_its_id,
        of_two_that_may_have_moved_nothing_is_guessed,
        a_body_that_many_share_tells_nothing_of_a_move,
        a_file_that_claims_anothers_id_is_refused,
        a_new_file_at_a_path_that_was_left_gets_an_id_of_its_own,
        a_future_date_is_waited_for,
        what_falls_due_at_once_takes_effect_in_pieces,
        what_comes_back_is_restored,
        a_feed_holds_the_newest_first_and_its_date_never_goes_back,
        retagging_touches_the_feeds_left_and_entered,
        what_is_put_off_is_withdrawn_until_then,
        what_comes_back_corrected_is_news;
    archive:
        a_page_keeps_its_publications_whatever_becomes_of_them,
        what_a_first_scan_finds_is_numbered_from_the_oldest,
        a_feed_of_a_few_is_told_whole_before_it_is_numbered,
        what_left_a_feed_is_told_until_it_is_back,
        that_more_left_than_is_remembered_is_said,
        a_page_is_touched_by_what_its_entries_show_of_translations;
    queries:
        what_passes_is_found_newest_first_whatever_happened_before,
        no_more_is_looked_at_than_allowed;
    identity:
        a_new_text_at_a_path_that_was_vacated_in_one_look_is_new,
        a_copy_leaves_the_original_what_it_is,
        a_file_renamed_onto_another_takes_its_place,
        files_that_swap_names_keep_the_ids_of_their_paths,
        files_may_swap_the_ids_they_claim,
        a_claimed_id_moves_on_while_another_file_takes_the_path,
        an_id_added_to_a_file_is_a_further_name_of_it,
        an_id_changed_together_with_the_text_is_another_publication,
        a_place_left_long_ago_is_not_taken_from_who_is_there_now,
        a_file_that_says_too_much_is_refused_and_the_rest_is_taken;
    expiry:
        what_expires_leaves_the_feeds,
        what_expired_before_its_mail_is_dropped_from_it,
        what_is_found_expired_is_known_and_never_released,
        what_is_of_use_longer_is_restored,
        what_expires_before_its_date_is_never_released,
        what_is_gone_waits_for_nothing,
        each_source_has_a_baseline_of_its_own;
    catalogue:
        publications_are_listed_newest_first_in_pages,
        a_publication_is_found_by_any_part_of_its_names,
        what_became_of_a_publication_and_who_got_it_can_be_told;
    pages:
        a_feed_is_listed_page_by_page_whatever_happens_meanwhile,
        a_place_is_read_back_as_it_is_printed,
        what_can_be_read_is_listed_by_number,
        a_feed_that_was_left_is_empty_and_not_unknown;
    tags:
        labels_that_share_a_slug_are_told_apart,
        the_number_of_a_label_is_nobody_elses,
        a_tag_of_the_configuration_has_its_id,
        a_numbered_id_is_no_longer_than_another,
        a_feed_and_a_filter_go_by_the_ledger,
        a_label_that_gets_a_tag_of_its_own_takes_its_subscribers_along;
    ties:
        who_is_tied_to_whom_depends_on_what_is_there_alone,
        what_is_tied_later_is_no_change_of_substance,
        what_was_mailed_apart_is_not_mailed_again_together,
        a_name_that_was_not_known_yet_ties_once_it_is,
        what_would_tie_too_many_ties_none,
        only_what_is_surely_wrong_is_told;
    translations:
        translations_show_each_other_as_they_stand,
        what_a_translation_shows_is_all_that_its_others_are_told_of,
        of_two_translations_in_one_language_the_latest_is_shown,
        who_translates_something_else_now_is_shown_there;
    names:
        a_name_that_somebody_goes_by_cannot_disappear,
        a_schedule_that_nobody_goes_by_may_go_and_come_back,
        subscriptions_follow_a_schedule_that_is_called_otherwise,
        schedules_that_become_one_repeat_and_miss_nothing,
        a_run_that_is_half_planned_is_planned_before_its_schedule_is_renamed,
        subscriptions_follow_a_schedule_into_zones_and_back,
        subscriptions_follow_a_tag_that_is_called_otherwise,
        what_was_news_under_a_former_tag_is_mailed_before_its_file_is_read_again;
    renamed:
        publications_take_the_present_names_of_their_tags,
        the_feed_of_a_former_name_is_no_more_until_the_name_is_its_own_again;
    planning:
        only_what_passes_the_filter_is_mailed,
        what_is_older_than_the_subscription_is_not_news,
        a_window_takes_up_where_the_last_one_ended,
        two_schedules_do_not_both_take_an_item,
        one_message_whatever_number_of_subscriptions,
        a_correction_is_marked_for_who_had_the_first,
        of_translations_each_gets_the_one_in_their_language,
        what_joins_a_group_brings_along_who_had_it,
        who_subscribed_before_the_schedule_was_seen_misses_nothing,
        a_window_of_immediate_is_known_by_its_number,
        a_window_is_opened_once,
        nothing_to_say_opens_and_closes_at_once,
        many_subscribers_are_planned_in_pages,
        a_new_line_owes_nothing_old,
        what_is_ripe_was_applied_long_enough_ago;
    pausing:
        a_pause_repeats_and_loses_nothing,
        the_suppression_list_ends_no_pause_and_a_pause_gets_nobody_past_it,
        what_was_planned_and_not_sent_before_a_pause_is_told_after_it,
        what_was_on_the_wire_at_a_pause_is_told_once,
        an_unconfirmed_address_gets_nothing_and_begins_once_it_is_confirmed,
        who_knows_an_address_changes_nothing_for_its_owner;
    switching:
        who_comes_behind_a_mark_gets_once_what_came_since_their_own,
        who_switches_ahead_of_a_mark_is_not_mailed_again,
        who_switches_while_a_run_is_half_planned_misses_nothing,
        what_did_not_pass_before_a_filter_changed_is_no_news_after,
        a_filter_that_was_changed_and_changed_back_kept_out_what_came_meanwhile,
        an_exception_opens_a_window_of_immediate,
        a_move_to_another_zone_repeats_and_loses_nothing,
        a_zone_owes_nothing_from_before_somebody_lived_in_it,
        another_language_is_honoured_from_then_on,
        subscriptions_can_be_given_up_one_by_one,
        subscriptions_that_become_equal_are_one_once_their_pasts_are;
    holds:
        what_expires_while_it_waits_is_mailed_only_once_it_is_there_again,
        more_news_than_the_limit_within_ten_minutes_waits,
        as_much_as_the_limit_is_mailed,
        the_ten_minutes_slide,
        a_hold_is_joined_until_ten_minutes_are_quiet,
        whoever_had_some_of_it_is_not_mailed_it_again,
        approved_news_has_new_numbers_in_the_former_order_and_a_new_date,
        approved_news_is_not_counted_again,
        what_was_withdrawn_meanwhile_is_dropped,
        what_is_skipped_stays_in_the_feeds_and_is_news_only_once_corrected,
        what_waits_goes_out_as_it_stands,
        with_a_limit_of_nothing_everything_waits,
        what_waited_for_its_date_counts,
        corrections_count,
        a_first_scan_makes_no_hold,
        many_publications_are_let_out_piece_by_piece,
        what_was_said_first_stands,
        news_of_what_is_being_decided_is_its_own;
    losses:
        a_source_that_lost_over_half_withdraws_nothing,
        up_to_ten_and_up_to_half_may_go,
        many_small_losses_add_up,
        what_came_back_is_not_counted_as_lost,
        a_hold_dissolves_when_everything_is_there_again,
        a_hold_dissolves_when_a_scan_finds_little_missing,
        renaming_everything_is_no_loss,
        what_was_missed_first_and_found_elsewhere_later_keeps_its_id,
        approved_losses_are_withdrawn_and_no_sign_of_worse,
        skipped_losses_stay_published_and_are_known_when_they_return,
        what_comes_back_while_it_is_decided_stays,
        a_source_that_cannot_be_seen_loses_nothing;
    read_files:
        a_file_is_known_as_long_as_its_publication_is_there;
    sources:
        what_a_source_published_follows_it_to_its_new_name,
        what_is_left_of_a_source_that_is_gone_waits_for_a_person,
        a_source_that_is_there_again_ends_its_hold,
        files_found_under_another_name_are_what_the_gone_source_left,
        what_the_new_name_has_at_the_same_place_stays_and_the_rest_waits,
        an_id_moves_on_to_another_source_once_its_file_is_gone,
        what_another_source_misses_is_taken_by_its_id_alone;
    trust:
        a_witness_knows_more_than_a_copy_from_before_a_claim,
        while_a_store_is_held_nothing_is_claimed,
        an_approved_copy_goes_on_under_numbers_nobody_had,
        a_skipped_copy_drops_what_waits_and_mails_what_comes,
        what_is_skipped_is_not_told_after_a_pause_either,
        what_is_owed_and_skipped_does_not_come_with_a_change,
        what_waits_is_dropped_piece_by_piece,
        a_run_that_is_begun_is_planned_before_it_is_skipped,
        a_clock_that_is_right_again_is_no_reason_to_hold,
        an_approved_clock_takes_back_what_the_wrong_one_noted;
    dump:
        a_dump_restored_is_the_same_store,
        a_dump_shows_the_instant_at_which_it_began,
        a_dump_is_a_copy_that_its_witness_knows;
    deliveries:
        a_claim_is_not_handed_out_twice,
        an_expired_lease_frees_the_claim,
        a_run_closes_when_everyone_is_settled,
        a_deferred_delivery_comes_back_when_due,
        nothing_goes_to_who_unsubscribed,
        what_was_withdrawn_is_dropped_from_the_mail,
        a_settled_delivery_stays_settled,
        an_unsubscribed_address_begins_anew,
        what_was_planned_for_who_left_is_not_sent_once_they_return,
        more_subscriptions_than_a_row_holds_are_refused,
        long_replies_are_cut,
        an_equal_subscription_is_not_made_twice,
        what_one_had_can_be_told;
    answers:
        how_many_would_get_what_is_still_to_go_out,
        who_had_it_or_a_translation_is_not_counted,
        each_part_of_a_filter_is_honoured,
        what_one_was_mailed_and_why_can_be_told,
        what_one_was_not_mailed_and_why_can_be_told;
    doubt:
        whose_text_was_begun_and_never_settled_is_in_doubt,
        a_mark_goes_with_its_settlement,
        what_a_former_loop_had_claimed_is_free,
        as_much_as_there_is_comes_to_be_in_doubt;
    books:
        what_became_of_everyone_is_in_the_books,
        who_unsubscribed_or_went_is_in_neither_count,
        a_page_of_planning_has_the_news_of_its_own_moment,
        what_was_taken_back_after_it_was_mailed_is_in_the_books,
        a_delivery_that_is_lost_is_seen,
        a_delivery_that_nobody_asked_for_is_seen,
        a_subscriber_whom_the_index_hides_is_seen,
        counters_that_are_not_the_rows_are_seen;
    retention:
        what_became_of_a_mail_is_told_as_long_as_it_is_kept,
        who_had_what_is_known_while_any_schedule_may_mail_it,
        what_is_forgotten_is_news_again_only_once_corrected,
        what_waits_in_a_hold_is_remembered,
        runs_after_numbers_that_were_passed_over_are_let_go_of,
        who_had_what_is_known_while_it_is_owed,
        old_revisions_go_and_those_that_deliveries_have_stay,
        a_delivery_costs_little_and_less_later;
    people:
        many_are_enrolled_and_again_changes_nothing,
        who_is_enrolled_gets_what_comes_from_then_on,
        nobody_who_left_is_brought_back_by_a_list,
        a_list_vouches_for_who_never_confirmed_and_wakes_nobody,
        more_than_a_row_holds_is_left_and_the_rest_enrolled,
        nothing_goes_to_who_is_suppressed,
        who_is_suppressed_no_longer_gets_what_comes_from_then_on,
        who_left_is_not_brought_back_by_the_suppression_list,
        the_suppression_list_is_told_in_pages_the_latest_first;
    erasure:
        of_an_erased_address_no_row_holds_anything,
        nothing_goes_to_who_was_erased,
        what_a_server_said_before_a_pause_goes_with_who_is_erased,
        who_asked_not_to_be_written_to_is_known_again_after_erasure,
        what_many_runs_mailed_is_erased_piece_by_piece;
    upstreams:
        a_later_baseline_is_not_news_and_withdraws_nothing,
        what_is_known_of_an_upstream_is_kept_by_its_source;
    websub:
        who_subscribes_again_has_one_subscription_with_the_new_lease,
        subscriptions_are_bounded_in_all_and_by_host,
        a_change_in_the_midst_of_another_goes_on_from_there,
        a_push_that_failed_is_due_again_and_is_the_newest,
        a_lease_that_ended_ends_its_subscription,
        who_is_pushed_a_feed_is_pushed_what_took_its_place,
        what_was_told_to_another_hub_is_remembered;
}
