-- A letter has one request id and one subject tag for its questions to several registers, and its id can be
-- foreseen. So a request id belongs to whoever asks: another member that uses it is in nobody's way.

ALTER TABLE asked_questions DROP CONSTRAINT asked_questions_request_id_key;
ALTER TABLE asked_questions ADD CONSTRAINT asked_questions_request UNIQUE (request_id, register_id);

-- The one request that a requester's tag belongs to: in a second one it would show that both are about one subject.
CREATE TABLE received_tags (
  requester    bigint NOT NULL,
  subject_tag  bytea NOT NULL,
  request_id   bytea NOT NULL,
  PRIMARY KEY (requester, subject_tag),
  UNIQUE (requester, subject_tag, request_id)
);
INSERT INTO received_tags (requester, subject_tag, request_id)
  SELECT requester, subject_tag, request_id FROM received_questions;

ALTER TABLE received_questions DROP CONSTRAINT received_questions_pkey;
ALTER TABLE received_questions DROP CONSTRAINT received_questions_requester_subject_tag_key;
ALTER TABLE received_questions ADD COLUMN id bigserial PRIMARY KEY;
ALTER TABLE received_questions ADD CONSTRAINT received_questions_request
  UNIQUE (requester, request_id, register_id);
ALTER TABLE received_questions ADD CONSTRAINT received_questions_tag
  UNIQUE (requester, subject_tag, register_id);
ALTER TABLE received_questions ADD CONSTRAINT received_questions_tag_of_request
  FOREIGN KEY (requester, subject_tag, request_id) REFERENCES received_tags (requester, subject_tag, request_id);
CREATE INDEX received_questions_fetch ON received_questions (request_id, register_id);
