-- What 0005_cases added.
INSERT INTO cases (id, filed_by, document_hash, case_type, register_id, document, uscc, record_id, flag_entry, created_by, created_at)
  VALUES (1, 2, '\x2b', 'dispute', 1, '{}', '91110105MA00EXMP8L', 1, 2, 'officer', '2026-04-01Z');
INSERT INTO case_deliveries VALUES (1, 1, 2, 'filing', NULL, 3, '2026-04-01Z', false, NULL);
INSERT INTO case_messages VALUES ('\x2c', 2, '2026-04-01Z', true);
