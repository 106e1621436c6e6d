-- The schema of a node's own database. One dialect for embedded and server PostgreSQL.
-- Rows derived from the chain carry block_number and can be undone to any block;
-- what the agency itself acknowledged (records, entries, imports) is never deleted.

-- ── intake ────────────────────────────────────────────────────────────────────
CREATE TABLE imports (
  id            bigserial PRIMARY KEY,
  file_name     text NOT NULL,
  file_sha256   bytea NOT NULL,
  profile       text NOT NULL,
  columns       jsonb NOT NULL,               -- names of the columns whose cells failed rows keep
  state         text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  rows_read     bigint NOT NULL DEFAULT 0,
  records       bigint NOT NULL DEFAULT 0,
  duplicates    bigint NOT NULL DEFAULT 0,
  rows_with_issues bigint NOT NULL DEFAULT 0,
  error         jsonb,
  started_by    text NOT NULL,
  started_at    timestamptz NOT NULL,
  ended_at      timestamptz
);

CREATE TABLE records (
  id              bigserial PRIMARY KEY,
  class           smallint NOT NULL CHECK (class IN (1, 2, 3)),
  uscc            text NOT NULL CHECK (length(uscc) = 18),
  subject_name    text NOT NULL,
  document_number text NOT NULL,
  kind            smallint NOT NULL CHECK (kind BETWEEN 0 AND 63),
  domain          smallint NOT NULL CHECK (domain BETWEEN 0 AND 15),
  severity        smallint NOT NULL CHECK (severity BETWEEN 0 AND 3),
  severity_basis  text NOT NULL,
  day             integer NOT NULL,
  until           integer NOT NULL,
  amount_fen      numeric(20, 0) NOT NULL,
  fields          jsonb NOT NULL,            -- [{name, value}], in the order of the source
  source_profile  text NOT NULL,
  source_agency   jsonb NOT NULL,            -- {name, uscc}
  content_hash    bytea NOT NULL,            -- of the canonical record: recognises exact duplicates
  import_id       bigint REFERENCES imports (id),
  import_row      bigint,
  created_at      timestamptz NOT NULL
);
-- One document is one record: the same number about the same subject in the same class.
CREATE UNIQUE INDEX records_document ON records (class, uscc, document_number, content_hash);
CREATE INDEX records_lookup ON records (class, document_number);
CREATE INDEX records_subject ON records (uscc, class, id);

CREATE TABLE import_issues (
  id          bigserial PRIMARY KEY,
  import_id   bigint NOT NULL REFERENCES imports (id),
  row         bigint NOT NULL,
  col         text,
  code        text NOT NULL,
  read        text,
  message     jsonb NOT NULL,                -- {en, zh}
  suggestion  jsonb,                         -- {en, zh}
  is_warning  boolean NOT NULL               -- a row with nothing but warnings is a record
);
CREATE INDEX import_issues_import ON import_issues (import_id, row);

-- The cells of rows that failed, so that the officer can mend them and import them again.
-- Never a personal column; nothing at all of a row about a natural person.
CREATE TABLE import_failed_rows (
  import_id   bigint NOT NULL REFERENCES imports (id),
  row         bigint NOT NULL,
  cells       jsonb,
  PRIMARY KEY (import_id, row)
);

-- ── the agency's own register ─────────────────────────────────────────────────
CREATE TABLE own_registers (
  key_id         text PRIMARY KEY,           -- names the secret in the keyring; no secret here
  register_id    bigint UNIQUE,              -- known once the chain has opened it
  opened_block   bigint,                     -- undone when the chain rolls back past it
  secret_commit  bytea NOT NULL UNIQUE,
  promise_seconds integer NOT NULL,
  created_at     timestamptz NOT NULL
);

-- Every entry the agency will ever append, in order. Its opening is here and in the journal.
CREATE TABLE entries (
  id            bigserial PRIMARY KEY,
  key_id        text NOT NULL REFERENCES own_registers (key_id),
  record_id     bigint REFERENCES records (id),  -- the record that it is about; null for cover entries
  op            smallint NOT NULL CHECK (op BETWEEN 0 AND 4),
  class         smallint NOT NULL,
  uscc          text,                         -- null for cover entries
  subject_key   bytea NOT NULL,
  chain_index   integer NOT NULL,             -- position in the subject's chain, from 0
  packed        bytea NOT NULL,
  content       bytea NOT NULL,
  body          bytea NOT NULL,
  salts         jsonb NOT NULL,               -- [{name, value, salt}] exactly as digested
  bundle        bigint,                       -- entries that must be in one batch (a correction) share it
  operation_hash bytea,                       -- recognises an operation that was imported before
  batch_id      bigint,                       -- set when it is put in a batch
  batch_position integer,
  created_at    timestamptz NOT NULL,
  UNIQUE (key_id, subject_key, chain_index)
);
CREATE INDEX entries_unbatched ON entries (key_id, id) WHERE batch_id IS NULL;
CREATE INDEX entries_record ON entries (record_id);
CREATE UNIQUE INDEX entries_one_record ON entries (key_id, record_id) WHERE op = 0;
CREATE UNIQUE INDEX entries_operation ON entries (key_id, operation_hash) WHERE operation_hash IS NOT NULL;
CREATE INDEX entries_batch ON entries (batch_id, batch_position);

-- A batch is decided once (its entries and their order); where it stands on the chain is derived.
CREATE TABLE own_batches (
  id            bigserial PRIMARY KEY,
  key_id        text NOT NULL REFERENCES own_registers (key_id),
  ordinal       integer NOT NULL,             -- 1, 2, …: the order in which batches must be anchored
  entries_hash  bytea NOT NULL,
  size          integer NOT NULL,
  journalled_at timestamptz,                  -- openings are durable in the second place
  created_at    timestamptz NOT NULL,
  UNIQUE (key_id, ordinal)
);

-- ── sending ───────────────────────────────────────────────────────────────────
CREATE TABLE outbox (
  id            bigserial PRIMARY KEY,
  role          text NOT NULL CHECK (role IN ('operator', 'witness')),
  kind          text NOT NULL,
  dedupe_key    text NOT NULL UNIQUE,
  to_address    text NOT NULL,
  data          bytea NOT NULL,
  state         text NOT NULL CHECK (state IN ('queued', 'sent', 'mined', 'failed')),
  nonce         bigint,
  tx_hash       bytea,
  attempts      integer NOT NULL DEFAULT 0,
  block_number  bigint,                       -- undone when the chain rolls back past it
  block_hash    bytea,
  error         jsonb,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);
CREATE INDEX outbox_open ON outbox (role, id) WHERE state IN ('queued', 'sent');
CREATE INDEX outbox_settled ON outbox (block_number) WHERE block_number IS NOT NULL;

-- Every transaction ever signed for a row: kept before it is sent, and looked up before another is signed.
CREATE TABLE outbox_attempts (
  ordinal       bigserial PRIMARY KEY,
  outbox_id     bigint NOT NULL REFERENCES outbox (id),
  tx_hash       bytea NOT NULL,
  nonce         bigint NOT NULL,
  raw_tx        bytea NOT NULL,
  gas           numeric(20, 0) NOT NULL,
  max_fee_per_gas          numeric(78, 0) NOT NULL,
  max_priority_fee_per_gas numeric(78, 0) NOT NULL,
  signed_at     timestamptz NOT NULL,
  abandoned_at  timestamptz,                  -- it was mined and reverted, and the row is tried anew
  UNIQUE (outbox_id, tx_hash)
);

-- What a transaction was sent for (a batch to append, a batch to attest), so that
-- nothing is sent twice and what failed is tried again. One attestation covers many.
CREATE TABLE outbox_subjects (
  subject    text NOT NULL,
  outbox_id  bigint NOT NULL REFERENCES outbox (id),
  PRIMARY KEY (subject, outbox_id)
);

-- ── what was read from the chain (all undoable by block_number) ───────────────
CREATE TABLE chain_blocks (
  number       bigint PRIMARY KEY,
  hash         bytea NOT NULL,
  parent_hash  bytea NOT NULL,
  time         bigint NOT NULL
);

CREATE TABLE chain_events (
  block_number bigint NOT NULL,
  log_index    integer NOT NULL,
  tx_hash      bytea NOT NULL,
  block_time   bigint NOT NULL,
  contract     text NOT NULL,                 -- Consortium, CreditRegisters, …
  name         text NOT NULL,
  register_id  bigint,
  seq          bigint,
  member_id    bigint,
  args         jsonb NOT NULL,                -- integers as decimal strings, bytes as hexadecimal
  PRIMARY KEY (block_number, log_index)
);
CREATE INDEX chain_events_name ON chain_events (name, block_number);
CREATE INDEX chain_events_register ON chain_events (register_id, seq, name);

-- Replayed trees of every register, own and foreign: one delta a batch.
CREATE TABLE register_trees (
  register_id  bigint NOT NULL,
  seq          bigint NOT NULL,
  block_number bigint NOT NULL,
  block_time   bigint NOT NULL,
  tx_hash      bytea NOT NULL,
  batch_hash   bytea NOT NULL,
  entries_hash bytea NOT NULL,
  size         integer NOT NULL,
  root         bytea NOT NULL,                -- computed here, not believed
  claimed_root bytea NOT NULL,                -- what the owner anchored
  delta        bytea NOT NULL,
  annulled_at_block bigint,                   -- set when the council annulled it
  PRIMARY KEY (register_id, seq)
);

-- ── questions and answers ─────────────────────────────────────────────────────
-- As responder. The subject and what was proved are private: no query of the API reads them.
CREATE TABLE received_questions (
  request_id     bytea PRIMARY KEY,
  request_digest bytea NOT NULL,              -- EIP-712 digest: how the chain names a lodged question
  requester      bigint NOT NULL,
  register_id    bigint NOT NULL,
  subject_tag    bytea NOT NULL,
  request        jsonb NOT NULL,              -- with its signature
  uscc           text NOT NULL,
  nonce          bytea NOT NULL,
  state          text NOT NULL CHECK (state IN ('received', 'proving', 'logging', 'answered', 'refused', 'failed')),
  prepared       jsonb NOT NULL DEFAULT '[]', -- every answer that was ever sent to the log, oldest first
  refusal_code   integer,                     -- set: a refusal is sent to the log, or was
  attempt        integer NOT NULL DEFAULT 0,  -- how many transactions were made for it
  outbox_id      bigint REFERENCES outbox (id),
  log            jsonb,                       -- where it stands in the log: {logId, transactionHash, blockNumber, time}
  log_block      bigint,                      -- undone when the chain rolls back past it
  answer         jsonb,                       -- the CreditAnswer, or the signed refusal, once logged
  error          jsonb,
  received_at    timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  UNIQUE (requester, subject_tag)
);
CREATE INDEX received_questions_open ON received_questions (received_at) WHERE state IN ('received', 'proving', 'logging');
CREATE INDEX received_questions_digest ON received_questions (request_digest);
CREATE INDEX received_questions_log_block ON received_questions (log_block) WHERE log_block IS NOT NULL;

-- As requester.
CREATE TABLE asked_questions (
  id             bigserial PRIMARY KEY,
  client_key     text UNIQUE,                 -- the caller's own name for the question: asked twice, it is one
  request_id     bytea NOT NULL UNIQUE,
  request_digest bytea NOT NULL,
  responder      bigint NOT NULL,
  register_id    bigint NOT NULL,
  application    text NOT NULL,
  predicate      text NOT NULL,
  request        jsonb NOT NULL,              -- with its signature
  uscc           text NOT NULL,
  nonce          bytea NOT NULL,
  state          text NOT NULL CHECK (state IN ('created', 'sent', 'answered', 'refused', 'failed')),
  answer         jsonb,                       -- kept as evidence even when it was not believed
  verdicts       jsonb,
  refusal_code   integer,
  error          jsonb,                       -- what ended it, or what keeps it from going on
  asked_by       text NOT NULL,
  asked_at       timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL
);
CREATE INDEX asked_questions_open ON asked_questions (id) WHERE state IN ('created', 'sent');

-- ── people ────────────────────────────────────────────────────────────────────
CREATE TABLE api_tokens (
  id          bigserial PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  role        text NOT NULL CHECK (role IN ('officer', 'auditor', 'operator')),
  token_hash  bytea NOT NULL UNIQUE,
  created_at  timestamptz NOT NULL,
  revoked_at  timestamptz,
  last_used_at timestamptz
);

CREATE TABLE access_log (
  id         bigserial PRIMARY KEY,
  at         timestamptz NOT NULL,
  token_name text NOT NULL,
  action     text NOT NULL,
  detail     jsonb NOT NULL
);
