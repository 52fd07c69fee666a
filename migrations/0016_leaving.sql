-- Up Migration
-- Deciding about an unsubscribing looks at all of a person's, whichever way they are known: few rows of many (E11).
create index activity_leaving_contact on activity (portal_id, contact_id) where kind in ('unsubscribed', 'preferences');
create index activity_leaving_profile on activity (klaviyo_account_id, profile_id) where kind in ('unsubscribed', 'preferences');
create index activity_leaving_email on activity (portal_id, email) where kind in ('unsubscribed', 'preferences');

-- Down Migration
-- Migrations only go forward.
