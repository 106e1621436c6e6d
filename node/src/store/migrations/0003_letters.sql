-- Commitment letters, incomplete filings, pledges: what of them stays in the node. Where they stand is
-- never kept here: it is read from chain_events, through the transaction of a step.

-- The texts of templates; their hashes are on chain.
CREATE TABLE letter_templates (
  template_id   bytea PRIMARY KEY,
  item_id       bytea NOT NULL,
  told          jsonb NOT NULL,               -- the seven texts to tell, in the protocol's order
  confirmed     jsonb NOT NULL,               -- the four to confirm
  created_at    timestamptz NOT NULL
);

CREATE TABLE letters (
  id            bigserial PRIMARY KEY,
  item_id       bytea NOT NULL,
  item_version  integer NOT NULL,
  template_id   bytea NOT NULL REFERENCES letter_templates (template_id),
  uscc          text NOT NULL CHECK (length(uscc) = 18),
  subject_name  text NOT NULL,
  offered_by    text NOT NULL,
  created_at    timestamptz NOT NULL
);
CREATE INDEX letters_subject ON letters (uscc, id);

-- A promise that waits for the proofs of eligibility: one a letter. Its questions are found by the
-- letter's request id.
CREATE TABLE letter_promises (
  letter_id     bigint PRIMARY KEY REFERENCES letters (id),
  state         text NOT NULL CHECK (state IN ('asking', 'not-eligible', 'failed', 'sent')),
  signatures    jsonb NOT NULL,               -- the applicant's, and the bound key's if it co-signed
  error         jsonb,                        -- what ended it, or what keeps it from going on
  promised_by   text NOT NULL,
  updated_at    timestamptz NOT NULL
);
CREATE INDEX letter_promises_open ON letter_promises (letter_id) WHERE state = 'asking';

CREATE TABLE filings (
  id            bigserial PRIMARY KEY,
  uscc          text NOT NULL CHECK (length(uscc) = 18),
  subject_name  text NOT NULL,
  applicant     text NOT NULL UNIQUE,         -- a key made for this filing alone
  document      jsonb NOT NULL,               -- the promise and the list of what is missing, salted
  document_hash bytea NOT NULL,
  signature     text,                         -- the applicant's, once it was accepted
  made_by       text NOT NULL,
  created_at    timestamptz NOT NULL
);

CREATE TABLE pledges (
  id            bigserial PRIMARY KEY,
  uscc          text NOT NULL CHECK (length(uscc) = 18),
  subject_name  text NOT NULL,
  pledger       text NOT NULL,
  kind          smallint NOT NULL,
  document      jsonb NOT NULL,
  document_hash bytea NOT NULL,
  scope         jsonb NOT NULL,
  public_until  integer NOT NULL,
  made_by       text NOT NULL,
  created_at    timestamptz NOT NULL
);

-- Every step that the node took, with the salted documents behind its hashes. Written in the transaction
-- in which its own is queued: neither is there without the other.
CREATE TABLE letter_steps (
  id            bigserial PRIMARY KEY,
  about         text NOT NULL,                -- item, template, letter, draw, filing, pledge
  about_key     text NOT NULL,                -- the row's id here, or the id on chain where there is no row
  action        text NOT NULL,
  detail        jsonb NOT NULL,
  outbox_id     bigint NOT NULL UNIQUE REFERENCES outbox (id),
  record_id     bigint REFERENCES records (id),  -- the adverse record that was made in the same transaction
  taken_by      text NOT NULL,
  taken_at      timestamptz NOT NULL
);
CREATE INDEX letter_steps_about ON letter_steps (about, about_key, id);

-- Events are looked up by what they are about.
CREATE INDEX chain_events_letter ON chain_events ((args->>'letterId')) WHERE args->>'letterId' IS NOT NULL;
CREATE INDEX chain_events_filing ON chain_events ((args->>'filingId')) WHERE args->>'filingId' IS NOT NULL;
CREATE INDEX chain_events_pledge ON chain_events ((args->>'pledgeId')) WHERE args->>'pledgeId' IS NOT NULL;
CREATE INDEX chain_events_item ON chain_events ((args->>'itemId')) WHERE args->>'itemId' IS NOT NULL;
CREATE INDEX chain_events_tx ON chain_events (tx_hash);
