-- What 0008_key_changes added.
UPDATE outbox_attempts SET sender = '0x00000000000000000000000000000000000000aa' WHERE outbox_id = 1;
UPDATE received_questions SET former_signatures = '["0x01"]';
