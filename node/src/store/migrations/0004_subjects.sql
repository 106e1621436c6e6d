-- Keys of subjects, their consents, and what they register themselves.

-- What opens a binding's commitment on chain: the code and the salt. Whether it stands is derived from the chain.
CREATE TABLE subject_bindings (
  id              bigserial PRIMARY KEY,
  voucher         bigint NOT NULL,
  binding_commit  bytea NOT NULL,
  subject         text NOT NULL,                -- the subject's address, lower case
  uscc            text NOT NULL CHECK (length(uscc) = 18),
  salt            bytea NOT NULL,
  outbox_id       bigint REFERENCES outbox (id), -- set when this node vouched
  added_by        text NOT NULL,
  created_at      timestamptz NOT NULL,
  UNIQUE (voucher, binding_commit)
);
CREATE INDEX subject_bindings_uscc ON subject_bindings (uscc);

-- The consent that a question rests on, and the salt of the subject's binding that shows whose it is.
ALTER TABLE asked_questions ADD COLUMN consent_id bytea;
ALTER TABLE asked_questions ADD COLUMN binding_salt bytea;
ALTER TABLE asked_questions ADD COLUMN citation_outbox_id bigint REFERENCES outbox (id);
ALTER TABLE received_questions ADD COLUMN consent_id bytea;
ALTER TABLE received_questions ADD COLUMN binding_salt bytea;
CREATE INDEX asked_questions_subject ON asked_questions (uscc);
CREATE INDEX received_questions_subject ON received_questions (uscc);

-- Who says it: the agency, or the subject of itself (自愿注册).
ALTER TABLE records ADD COLUMN origin text NOT NULL DEFAULT 'agency'
  CHECK (origin IN ('agency', 'self-declared'));
