import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { ENDPOINTS } from '../../node/src/api/endpoints/index.ts';
import { openApiDocument } from '../../node/src/api/openapi.ts';
import { startApi } from './support/api.ts';

interface Document {
  openapi: string;
  paths: Record<
    string,
    Record<
      string,
      { operationId: string; 'x-roles': unknown; security?: unknown[]; responses: Record<string, unknown> }
    >
  >;
}

describe('the OpenAPI description', () => {
  const document = openApiDocument() as unknown as Document;

  it('equals the committed node/openapi.json (scripts/make-openapi.ts writes it)', () => {
    const committed: unknown = JSON.parse(
      readFileSync(new URL('../../node/openapi.json', import.meta.url), 'utf8'),
    );
    expect(document).to.deep.equal(committed);
  });

  it('is OpenAPI 3.1 that a client can be made from', async () => {
    expect(document.openapi).to.equal('3.1.0');
    // Refuses a document that breaks the specification or has a reference into nothing.
    const types = astToString(await openapiTS(JSON.stringify(document)));
    for (const { id } of ENDPOINTS) expect(types).to.include(`operations["${id}"]`);
  });

  it('names the roles of every endpoint and the problem that it may answer with', () => {
    for (const spec of ENDPOINTS) {
      const operation = document.paths[spec.path]?.[spec.method];
      expect(operation?.['x-roles'], spec.id).to.deep.equal(spec.access);
      expect(operation?.responses, spec.id).to.have.property('default');
      if (typeof spec.access === 'string') expect(operation?.security, spec.id).to.deep.equal([]);
    }
  });

  it('is served to everybody', async () => {
    const api = await startApi();
    try {
      const response = await fetch(`${api.url}/v1/openapi.json`);
      expect(response.status).to.equal(200);
      expect(await response.json()).to.deep.equal(JSON.parse(JSON.stringify(document)));
    } finally {
      await api.close();
    }
  });
});
