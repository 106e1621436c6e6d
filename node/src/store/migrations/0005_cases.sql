-- Disputes and repairs. What happened to a case is read from chain_events each time; here is what is private
-- to a node that takes part in it: as the member that filed it, as the source, or as the source's superior.
CREATE TABLE cases (
  id             bigserial PRIMARY KEY,
  filed_by       bigint NOT NULL,             -- with the hash, the name of a case here and on chain
  document_hash  bytea NOT NULL,
  case_type      text NOT NULL CHECK (case_type IN ('dispute', 'repair')),
  register_id    bigint NOT NULL,
  document       jsonb NOT NULL,              -- as it was hashed
  uscc           text NOT NULL,
  filing         jsonb,                       -- {bindingId, salt, signature}: by the subject's own key; null: the member's own
  record_id      bigint REFERENCES records (id), -- at the source: the record that is meant
  objection      text,                        -- at the source: the code with which it would have been turned away
  facts          jsonb,                       -- at the superior: what the source says of the record
  flag_entry     bigint REFERENCES entries (id), -- at the source: the DISPUTE entry
  flag_ended     boolean NOT NULL DEFAULT false,
  decision       jsonb,                       -- the salted document of the decision
  entry          jsonb,                       -- {salt, body}: opens the decision's commitment
  filed_outbox   bigint REFERENCES outbox (id),
  acknowledged_outbox bigint REFERENCES outbox (id),
  decided_outbox bigint REFERENCES outbox (id),
  carried_outbox bigint REFERENCES outbox (id),
  trouble        jsonb,                       -- why the node cannot go on by itself
  created_by     text NOT NULL,               -- name of the token, or of the member that delivered it
  created_at     timestamptz NOT NULL,
  UNIQUE (filed_by, document_hash)
);
CREATE INDEX cases_flagged ON cases (id) WHERE flag_entry IS NOT NULL AND NOT flag_ended;
CREATE INDEX cases_document ON cases (document_hash);
CREATE INDEX cases_record ON cases (record_id) WHERE record_id IS NOT NULL;

-- Documents on their way to other members.
CREATE TABLE case_deliveries (
  id          bigserial PRIMARY KEY,
  case_id     bigint NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  to_member   bigint NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('filing', 'decision')),
  accepted_at timestamptz,                    -- the other node said that it has it
  attempts    integer NOT NULL DEFAULT 0,
  next_at     timestamptz NOT NULL,
  ended       boolean NOT NULL DEFAULT false,
  error       jsonb,
  UNIQUE (case_id, to_member, kind)
);
CREATE INDEX case_deliveries_due ON case_deliveries (next_at) WHERE NOT ended;

-- Messages of a day: none counts twice, and who names entries that are not there is soon not answered any more.
CREATE TABLE case_messages (
  digest      bytea PRIMARY KEY,
  from_member bigint NOT NULL,
  received_at timestamptz NOT NULL,
  missed      boolean NOT NULL                -- it named no entry
);
CREATE INDEX case_messages_missed ON case_messages (from_member, received_at) WHERE missed;
