-- A database as the first released schema (0001_ledger) left it: one row, and more where it matters, in every table.
INSERT INTO imports (id, file_name, file_sha256, profile, columns, state, rows_read, records, started_by, started_at, ended_at)
  VALUES (1, 'penalties.csv', '\x01', 'penalty@1', '["a"]', 'done', 2, 1, 'officer', '2026-01-01Z', '2026-01-01Z');
INSERT INTO records (id, class, uscc, subject_name, document_number, kind, domain, severity, severity_basis, day, until,
    amount_fen, fields, source_profile, source_agency, content_hash, import_id, import_row, created_at)
  VALUES (1, 1, '91110105MA00EXMP8L', '示例（虚构）', '示罚〔2026〕1号', 1, 1, 2, 'basis', 20000, 21000,
    18446744073709551615, '[{"name":"a","value":"b"}]', 'penalty@1', '{"name":"x","uscc":"y"}', '\x02', 1, 2, '2026-01-01Z');
INSERT INTO import_issues (import_id, row, code, message, is_warning) VALUES (1, 3, 'X', '{"en":"x","zh":"y"}', false);
INSERT INTO import_failed_rows VALUES (1, 3, '["x"]');
INSERT INTO own_registers VALUES ('register-a', 1, 5, '\x03', 86400, '2026-01-01Z');
INSERT INTO entries (id, key_id, record_id, op, class, uscc, subject_key, chain_index, packed, content, body, salts,
    batch_id, batch_position, created_at)
  VALUES (1, 'register-a', 1, 0, 1, '91110105MA00EXMP8L', '\x04', 0, '\x05', '\x06', '\x07', '[]', 1, 0, '2026-01-01Z'),
         (2, 'register-a', 1, 3, 1, '91110105MA00EXMP8L', '\x04', 1, '\x05', '\x06', '\x08', '[]', NULL, NULL, '2026-01-01Z');
INSERT INTO own_batches VALUES (1, 'register-a', 1, '\x09', 1, '2026-01-01Z', '2026-01-01Z');
INSERT INTO outbox (id, role, kind, dedupe_key, to_address, data, state, nonce, tx_hash, attempts, block_number, block_hash,
    created_at, updated_at)
  VALUES (1, 'operator', 'append', 'a', '0x01', '\x0a', 'mined', 7, '\x0b', 1, 9, '\x0c', '2026-01-01Z', '2026-01-01Z'),
         (2, 'witness', 'attest', 'b', '0x01', '\x0a', 'queued', NULL, NULL, 0, NULL, NULL, '2026-01-01Z', '2026-01-01Z');
INSERT INTO outbox_attempts VALUES (1, 1, '\x0b', 7, '\x0d', 21000, 340282366920938463463374607431768211455, 1, '2026-01-01Z', NULL);
INSERT INTO outbox_subjects VALUES ('batch:1', 1);
INSERT INTO chain_blocks VALUES (0, '\x0e', '\x0f', 1), (9, '\x10', '\x0e', 2);
INSERT INTO chain_events VALUES (9, 0, '\x0b', 2, 'CreditRegisters', 'BatchAppended', 1, 1, NULL, '{"registerId":"1"}');
INSERT INTO register_trees VALUES (1, 1, 9, 2, '\x0b', '\x11', '\x09', 1, '\x12', '\x12', '\x13', NULL);
INSERT INTO received_questions (request_id, request_digest, requester, register_id, subject_tag, request, uscc, nonce, state,
    received_at, updated_at)
  VALUES ('\x14', '\x15', 3, 1, '\x16', '{}', '91110105MA00EXMP8L', '\x17', 'answered', '2026-01-01Z', '2026-01-01Z');
INSERT INTO asked_questions (id, client_key, request_id, request_digest, responder, register_id, application, predicate,
    request, uscc, nonce, state, asked_by, asked_at, updated_at)
  VALUES (1, 'k', '\x18', '\x19', 2, 2, 'a', 'p', '{}', '91110105MA00EXMP8L', '\x1a', 'answered', 'officer', '2026-01-01Z', '2026-01-01Z');
INSERT INTO api_tokens VALUES (1, 'local', 'operator', '\x1b', '2026-01-01Z', NULL, NULL),
                              (2, 'gone', 'officer', '\x1c', '2026-01-01Z', '2026-01-02Z', NULL);
INSERT INTO access_log VALUES (1, '2026-01-01Z', 'local', 'record.read', '{"reason":"x"}');
