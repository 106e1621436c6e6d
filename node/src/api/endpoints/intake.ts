import { parseUscc } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { ALL_ROLES, endpoint, type Endpoint } from '../endpoint.ts';
import { notFound } from '../problem.ts';
import { ClassQuery, Id, Page, ProfileName } from '../schemas/common.ts';
import { said } from '../schemas/said.ts';
import * as Intake from '../schemas/intake.ts';
import { Receipt } from '../schemas/ledger.ts';

const ById = z.object({ id: Id });
const FileQuery = z.object({
  fileName: z.string().min(1).max(255).meta({ description: 'Name of the file; only to be shown again.' }),
  profile: ProfileName.optional(),
});
const FILE_TYPES = [
  'application/octet-stream',
  'text/csv',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
];
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

export const intakeEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'startImport',
    method: 'post',
    path: '/v1/imports',
    tag: 'Intake',
    summary: 'Import a file (CSV or XLSX, sent as the raw body)',
    access: ['officer'],
    query: FileQuery,
    raw: FILE_TYPES,
    replies: {
      202: {
        description: 'Taken in; being worked through. Ask for it until `state` is not `running`.',
        schema: Intake.Import,
      },
    },
    problems: ['BODY_TOO_LARGE', 'MEDIA_TYPE_UNSUPPORTED'],
    async handle({ query, stream, principal, services }) {
      const started = await services.imports.start({
        stream,
        fileName: query.fileName,
        profile: query.profile,
        by: principal.name,
      });
      return { status: 202, json: started, headers: { location: `/v1/imports/${started.id}` } };
    },
  }),
  endpoint({
    id: 'listImports',
    method: 'get',
    path: '/v1/imports',
    tag: 'Intake',
    summary: 'Imports, newest first',
    access: ALL_ROLES,
    query: Page,
    replies: { 200: { description: 'A page of imports.', schema: Intake.Imports } },
    handle: async ({ query, services }) => ({ status: 200, json: await services.imports.list(query) }),
  }),
  endpoint({
    id: 'getImport',
    method: 'get',
    path: '/v1/imports/{id}',
    tag: 'Intake',
    summary: 'What became of an import',
    access: ALL_ROLES,
    params: ById,
    replies: { 200: { description: 'The import.', schema: Intake.Import } },
    async handle({ params, services }) {
      const found = await services.imports.get(BigInt(params.id));
      if (found === undefined) throw notFound('import', params.id);
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'listIssues',
    method: 'get',
    path: '/v1/imports/{id}/issues',
    tag: 'Intake',
    summary: 'Why rows did not become records, in the order of the file',
    access: ['officer', 'auditor'],
    params: ById,
    query: Page.extend({
      warnings: z.enum(['true', 'false']).default('false').meta({
        description: 'What to look at in rows that did become records, in place of the issues.',
      }),
    }),
    replies: { 200: { description: 'A page of issues.', schema: Intake.Issues } },
    async handle({ params, query, services, noteAccess }) {
      const found = await services.imports.issues(BigInt(params.id), query, query.warnings === 'true');
      if (found === undefined) throw notFound('import', params.id);
      await noteAccess('issues.list', { importId: params.id });
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'listImportRecords',
    method: 'get',
    path: '/v1/imports/{id}/records',
    tag: 'Intake',
    summary: 'The records that an import made',
    access: ['officer', 'auditor'],
    params: ById,
    query: Page,
    replies: { 200: { description: 'A page of records.', schema: Intake.CreditRecords } },
    async handle({ params, query, services, noteAccess }) {
      const found = await services.imports.records(BigInt(params.id), query);
      if (found === undefined) throw notFound('import', params.id);
      await noteAccess('records.of-import', {
        importId: params.id,
        recordIds: found.items.map(({ id }) => id),
      });
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'getImportReport',
    method: 'get',
    path: '/v1/imports/{id}/report.xlsx',
    tag: 'Intake',
    summary: 'The rows with issues as a spreadsheet, to be mended and imported again',
    access: ['officer', 'auditor'],
    params: ById,
    replies: { 200: { description: 'A spreadsheet.', mediaType: SPREADSHEET } },
    async handle({ params, services, noteAccess }) {
      const found = await services.imports.report(BigInt(params.id));
      if (found === undefined) throw notFound('import', params.id);
      await noteAccess('import.report', { importId: params.id });
      return { status: 200, file: found };
    },
  }),
  endpoint({
    id: 'addRecords',
    method: 'post',
    path: '/v1/records',
    tag: 'Records',
    summary: 'Add records as JSON rows, through the very intake of files',
    access: ['officer'],
    body: Intake.AddRecords,
    replies: { 200: { description: 'What became of the rows.', schema: Intake.AddRecordsResult } },
    async handle({ body, principal, services }) {
      return { status: 200, json: await services.imports.addRows(body.rows, body.profile, principal.name) };
    },
  }),
  endpoint({
    id: 'findRecords',
    method: 'get',
    path: '/v1/records',
    tag: 'Records',
    summary: 'Records of a subject or with a document number',
    access: ['officer', 'auditor'],
    query: Page.extend({ ...Intake.RecordQuery, class: ClassQuery }).refine(
      (query) => query.subject !== undefined || query.documentNumber !== undefined,
      said({ en: 'give subject or documentNumber', zh: '请提供 subject 或 documentNumber' }),
    ),
    replies: { 200: { description: 'A page of records.', schema: Intake.CreditRecords } },
    problems: ['USCC_CHECK'],
    async handle({ query, services, noteAccess }) {
      const uscc = query.subject === undefined ? undefined : parseUscc(query.subject);
      const found = await services.records.find(
        {
          ...(uscc === undefined ? {} : { uscc }),
          ...(query.documentNumber === undefined ? {} : { documentNumber: query.documentNumber }),
          ...(query.class === undefined ? {} : { class: query.class }),
        },
        query,
      );
      await noteAccess('records.find', {
        ...(uscc === undefined ? {} : { subject: await services.tokens.subjectMark(uscc) }),
        recordIds: found.items.map(({ id }) => id),
      });
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'getRecord',
    method: 'get',
    path: '/v1/records/{id}',
    tag: 'Records',
    summary: 'A record',
    access: ['officer', 'auditor'],
    params: ById,
    replies: { 200: { description: 'The record.', schema: Intake.CreditRecord } },
    async handle({ params, services, noteAccess }) {
      const found = await services.records.get(BigInt(params.id));
      if (found === undefined) throw notFound('record', params.id);
      await noteAccess('record.read', {
        subject: await services.tokens.subjectMark(found.subject.uscc),
        recordIds: [params.id],
      });
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'operate',
    method: 'post',
    path: '/v1/records/{id}/operations',
    tag: 'Records',
    summary: 'Revoke, repair, correct, dispute or settle',
    access: ['officer'],
    params: ById,
    body: Intake.Operation,
    replies: {
      200: { description: 'Stored; anchored with the next batch.', schema: Intake.OperationResult },
    },
    async handle({ params, body, principal, services, noteAccess }) {
      const done = await services.records.operate(BigInt(params.id), body, principal.name);
      if (done === undefined) throw notFound('record', params.id);
      await noteAccess(`record.${body.op}`, { recordIds: [params.id], entryIds: done.entryIds });
      return { status: 200, json: done };
    },
  }),
  endpoint({
    id: 'operateFile',
    method: 'post',
    path: '/v1/operations',
    tag: 'Records',
    summary: 'Operations from a file (CSV or XLSX, sent as the raw body)',
    access: ['officer'],
    query: FileQuery.omit({ profile: true }),
    raw: FILE_TYPES,
    replies: { 200: { description: 'What became of the rows.', schema: Intake.OperationsResult } },
    async handle({ query, stream, principal, services, noteAccess }) {
      const done = await services.records.operateFile({
        stream,
        fileName: query.fileName,
        profile: undefined,
        by: principal.name,
      });
      await noteAccess('records.operate-file', { rows: done.rows, done: done.done });
      return { status: 200, json: done };
    },
  }),
  endpoint({
    id: 'getReceipt',
    method: 'get',
    path: '/v1/receipts/{recordId}',
    tag: 'Records',
    summary: 'Where the entries of a record stand on the chain',
    access: ['officer', 'auditor'],
    params: z.object({ recordId: Id }),
    replies: { 200: { description: 'The receipt.', schema: Receipt } },
    async handle({ params, services, noteAccess }) {
      const found = await services.records.receipt(BigInt(params.recordId));
      if (found === undefined) throw notFound('record', params.recordId);
      await noteAccess('receipt.read', { recordIds: [params.recordId] });
      return { status: 200, json: found };
    },
  }),
];
