-- Whose nonce an attempt took, now that a role's key may change. Null before: made with the only key there was.
ALTER TABLE outbox_attempts ADD COLUMN sender text;

-- What a requester had signed a question with before it changed its key: its log entry may stand under either.
ALTER TABLE received_questions ADD COLUMN former_signatures jsonb NOT NULL DEFAULT '[]';
