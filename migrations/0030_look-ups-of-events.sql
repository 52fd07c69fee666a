-- Up Migration
-- An index that begins with the portal answers the policy of row-level security, whose portal the planner does not know: it took
-- it for selective, and read all events of the portal for each email that it looked up by its key. With the address first it is
-- for those alone who ask by address.
create index activity_address on activity (email, portal_id);
drop index activity_email;

-- Down Migration
-- Migrations only go forward.
