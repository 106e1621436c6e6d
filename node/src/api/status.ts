/**
 * The HTTP status of every code that can reach a caller. Stable: programs read
 * the code, proxies the status. A code that is missing here is a fault of the
 * program and becomes 500; a test compares the table with the codes in the source.
 */
const BY_STATUS: Readonly<Record<number, readonly string[]>> = {
  400: [
    'BODY_INCOMPLETE',
    'BODY_MALFORMED',
    'REQUEST_INVALID',
    'URL_MALFORMED',
    'USCC_LENGTH',
    'USCC_CHARACTER',
    'USCC_PREFIX',
    'USCC_ORGANISATION_CHECK',
    'USCC_CHECK',
    'DATE_INVALID',
    'FIELD_OUT_OF_RANGE',
    'WORD_OUT_OF_RANGE',
    'BYTES32_MALFORMED',
    'APPLICATION_UNKNOWN',
    'PREDICATE_UNKNOWN',
    'CLAUSE_OUT_OF_RANGE',
    'CLAUSE_MALFORMED',
    'ENTRY_FIELD_OUT_OF_RANGE',
    'JSON_NOT_CANONICAL',
  ],
  401: ['TOKEN_MISSING', 'TOKEN_INVALID'],
  403: ['ROLE_NOT_ALLOWED'],
  404: ['NOT_FOUND', 'ROUTE_UNKNOWN'],
  405: ['METHOD_NOT_ALLOWED'],
  409: ['TOKEN_NAME_TAKEN', 'STORE_IN_USE'],
  413: ['BODY_TOO_LARGE'],
  415: ['MEDIA_TYPE_UNSUPPORTED'],
  422: [],
  429: ['TOO_MANY_REQUESTS'],
  500: ['INTERNAL', 'STORE_STATEMENT_REFUSED', 'STORE_WRONG_HANDLE'],
  502: [],
  503: ['STORE_UNAVAILABLE', 'STORE_CLOSED', 'NOT_READY'],
};

const STATUS = new Map(
  Object.entries(BY_STATUS).flatMap(([status, codes]) =>
    codes.map((code) => [code, Number(status)] as const),
  ),
);

/** The HTTP status of an error code; 500 for one that the table does not have. */
export function statusOfCode(code: string): number {
  return STATUS.get(code) ?? 500;
}

/** Every code with a status, for the documentation and its test. */
export function codesWithStatus(): ReadonlyMap<string, number> {
  return STATUS;
}
