-- What 0003_letters added.
INSERT INTO letter_templates VALUES ('\x20', '\x21', '["a"]', '["b"]', '2026-02-01Z');
INSERT INTO letters VALUES (1, '\x21', 1, '\x20', '91110105MA00EXMP8L', '示例（虚构）', 'officer', '2026-02-01Z');
INSERT INTO letter_promises VALUES (1, 'sent', '{}', NULL, 'officer', '2026-02-01Z');
INSERT INTO filings VALUES (1, '91110105MA00EXMP8L', '示例（虚构）', '0x22', '{}', '\x23', NULL, 'officer', '2026-02-01Z');
INSERT INTO pledges VALUES (1, '91110105MA00EXMP8L', '示例（虚构）', '0x24', 1, '{}', '\x25', '[]', 21000, 'officer', '2026-02-01Z');
INSERT INTO letter_steps VALUES (1, 'letter', '1', 'offer', '{}', 1, 1, 'officer', '2026-02-01Z');
