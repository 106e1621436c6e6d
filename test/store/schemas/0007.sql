-- What 0007_request_ids added.
UPDATE outbox SET request_id = 'a-request-id' WHERE id = 1;
