-- Up Migration
-- An index that begins with the portal also answers the policy of row-level security, whose portal the planner does not know: it
-- took that for selective, and for each of a thousand look-ups read all events, or all pairs, of the portal beside. With what is
-- looked up first they are for those alone who ask for it.
create index activity_address on activity (email, portal_id);
drop index activity_email;
create index link_contact on link (hubspot_id, portal_id);
drop index link_portal_hubspot;

-- Down Migration
-- Migrations only go forward.
