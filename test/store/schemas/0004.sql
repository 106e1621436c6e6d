-- What 0004_subjects added.
INSERT INTO subject_bindings VALUES (1, 2, '\x26', '0x27', '91110105MA00EXMP8L', '\x28', 1, 'officer', '2026-03-01Z');
UPDATE asked_questions SET consent_id = '\x29', binding_salt = '\x2a', citation_outbox_id = 1 WHERE id = 1;
UPDATE records SET origin = 'self-declared' WHERE id = 1;
