-- One id from a request to its transaction: of the API call, here or at another member's node, for the sake of which
-- it was made. Null for what the node does of itself.
ALTER TABLE outbox ADD COLUMN request_id text;
